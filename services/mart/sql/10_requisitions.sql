-- Requisitions with their dimensions; an unknown zone is read as UTC, a requisition without office has calendar 0.
CREATE TEMP TABLE t_source_status AS
SELECT requisition_id, status, from_at, to_at, id FROM s_requisition_status
UNION ALL
-- a source without status history: open from its opening on
SELECT id, 'open', opened_at, NULL, 0 FROM s_requisition r
WHERE opened_at IS NOT NULL AND NOT EXISTS (FROM s_requisition_status s WHERE s.requisition_id = r.id);

-- Holds begun or ended here, laid over the source's; whatever the source ends stays ended.
CREATE TEMP TABLE t_status AS
WITH pause AS (
  FROM s_requisition_pause WHERE kind IN ('hold', 'release')
), edited AS (
  SELECT DISTINCT requisition_id FROM pause
), point AS (
  SELECT requisition_id, from_at AS cut_at FROM t_source_status SEMI JOIN edited USING (requisition_id)
  UNION SELECT requisition_id, to_at FROM t_source_status SEMI JOIN edited USING (requisition_id) WHERE to_at IS NOT NULL
  UNION SELECT requisition_id, from_at FROM pause
  UNION SELECT requisition_id, to_at FROM pause WHERE to_at IS NOT NULL
), piece AS (
  SELECT requisition_id, cut_at AS from_at, lead(cut_at) OVER (PARTITION BY requisition_id ORDER BY cut_at) AS to_at FROM point
), laid AS (
  SELECT s.requisition_id, s.status, p.from_at, p.to_at, s.id,
         bool_or(h.kind = 'hold') AS is_held, bool_or(h.kind = 'release' AND h.from_at >= s.from_at) AS is_released
  FROM piece p
  JOIN t_source_status s ON s.requisition_id = p.requisition_id AND s.from_at <= p.from_at
    AND coalesce(s.to_at > p.from_at, true)
  LEFT JOIN pause h ON h.requisition_id = p.requisition_id AND h.from_at <= p.from_at
    AND coalesce(h.to_at > p.from_at, true)
  GROUP BY ALL
)
SELECT requisition_id, status, from_at, to_at, id FROM t_source_status ANTI JOIN edited USING (requisition_id)
UNION ALL
SELECT requisition_id,
       CASE WHEN status = 'open' AND is_held THEN 'on_hold' WHEN status = 'on_hold' AND is_released THEN 'open'
            ELSE status END AS status,
       from_at, to_at, id
FROM laid;

CREATE TEMP TABLE t_requisition AS
WITH latest AS (
  SELECT requisition_id, arg_max(status, (from_at, id)) AS status,
         min(from_at) FILTER (status = 'open') AS first_open_at
  FROM t_status GROUP BY requisition_id
)
SELECT r.id AS requisition_id, coalesce(e.department_id, r.department_id) AS department_id,
       coalesce(e.job_family_id, r.job_family_id) AS job_family_id,
       coalesce(e.job_level_id, r.job_level_id) AS job_level_id, r.office_id,
       coalesce(e.hiring_manager_id, r.hiring_manager_id) AS hiring_manager_id,
       coalesce(e.recruiter_id, r.recruiter_id) AS recruiter_id, o.country, o.region, r.external_id, r.requisition_code AS code, r.title,
       coalesce(z.name, 'UTC') AS timezone, z.shifts, coalesce(r.office_id, 0) AS calendar_id,
       coalesce(r.opened_at, latest.first_open_at) AS opened_at,
       coalesce(e.target_on, r.target_on) AS target_on, coalesce(e.urgency, r.urgency) AS urgency, r.is_evergreen,
       coalesce(latest.status, 'draft') AS status
FROM s_requisition r
LEFT JOIN t_overlay e ON e.requisition_id = r.id
LEFT JOIN s_office o ON o.id = r.office_id
LEFT JOIN t_zone z ON z.name = o.timezone
LEFT JOIN latest ON latest.requisition_id = r.id;

-- When the requisition ended for good: its last status, if that is an end.
CREATE TEMP TABLE t_requisition_end AS
SELECT requisition_id, from_at AS ended_at
FROM (SELECT *, row_number() OVER (PARTITION BY requisition_id ORDER BY from_at DESC, id DESC) AS back FROM t_status)
WHERE back = 1 AND status IN ('cancelled', 'closed', 'filled');
