-- Requisitions with their dimensions; an unknown zone is read as UTC, a requisition without office has calendar 0.
CREATE TEMP TABLE t_status AS
SELECT requisition_id, status, from_at, to_at, id FROM s_requisition_status
UNION ALL
-- a source without status history: open from its opening on
SELECT id, 'open', opened_at, NULL, 0 FROM s_requisition r
WHERE opened_at IS NOT NULL AND NOT EXISTS (FROM s_requisition_status s WHERE s.requisition_id = r.id);

CREATE TEMP TABLE t_requisition AS
WITH latest AS (
  SELECT requisition_id, arg_max(status, (from_at, id)) AS status,
         min(from_at) FILTER (status = 'open') AS first_open_at
  FROM t_status GROUP BY requisition_id
)
SELECT r.id AS requisition_id, r.department_id, r.job_family_id, r.job_level_id, r.office_id, r.hiring_manager_id,
       r.recruiter_id, o.country, o.region, r.external_id, r.requisition_code AS code, r.title,
       coalesce(z.name, 'UTC') AS timezone, z.shifts, coalesce(r.office_id, 0) AS calendar_id,
       coalesce(r.opened_at, latest.first_open_at) AS opened_at, r.target_on, r.urgency, r.is_evergreen,
       coalesce(latest.status, 'draft') AS status
FROM s_requisition r
LEFT JOIN s_office o ON o.id = r.office_id
LEFT JOIN t_zone z ON z.name = o.timezone
LEFT JOIN latest ON latest.requisition_id = r.id;

-- When the requisition ended for good: its last status, if that is an end.
CREATE TEMP TABLE t_requisition_end AS
SELECT requisition_id, from_at AS ended_at
FROM (SELECT *, row_number() OVER (PARTITION BY requisition_id ORDER BY from_at DESC, id DESC) AS back FROM t_status)
WHERE back = 1 AND status IN ('cancelled', 'closed', 'filled');
