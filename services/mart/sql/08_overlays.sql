-- What people changed of a requisition here: its value holds over the source's.
CREATE TEMP TABLE t_overlay AS
SELECT requisition_id,
       max(try_cast(value AS BIGINT)) FILTER (field = 'department_id') AS department_id,
       max(try_cast(value AS BIGINT)) FILTER (field = 'job_family_id') AS job_family_id,
       max(try_cast(value AS BIGINT)) FILTER (field = 'job_level_id') AS job_level_id,
       max(try_cast(value AS BIGINT)) FILTER (field = 'hiring_manager_id') AS hiring_manager_id,
       max(try_cast(value AS BIGINT)) FILTER (field = 'recruiter_id') AS recruiter_id,
       max(try_cast(value AS DATE)) FILTER (field = 'target_on') AS target_on,
       max(value) FILTER (field = 'urgency') AS urgency,
       max(try_cast(value AS BIGINT)) FILTER (field = 'openings') AS openings,
       max(edited_at) FILTER (field = 'openings') AS openings_at
FROM s_requisition_overlay GROUP BY requisition_id;

-- Owners: the source's, but for the spans in which somebody was named here.
CREATE TEMP TABLE t_owner_edit AS
SELECT id, requisition_id, part, person_id, from_at,
       lead(from_at) OVER (PARTITION BY requisition_id, part ORDER BY from_at, id) AS to_at
FROM s_requisition_owner_edit;

CREATE TEMP TABLE t_requisition_owner AS
WITH first_edit AS (
  SELECT requisition_id, part, min(from_at) AS first_at FROM t_owner_edit GROUP BY requisition_id, part
)
SELECT id, requisition_id, person_id, part, from_at, to_at
FROM s_requisition_owner ANTI JOIN first_edit USING (requisition_id, part)
UNION ALL
SELECT o.id, o.requisition_id, o.person_id, o.part, o.from_at, least(o.to_at, f.first_at)
FROM s_requisition_owner o JOIN first_edit f USING (requisition_id, part) WHERE o.from_at < f.first_at
UNION ALL
SELECT -id, requisition_id, person_id, part, from_at, to_at FROM t_owner_edit
WHERE person_id IS NOT NULL AND coalesce(to_at > from_at, true)
UNION ALL
SELECT o.id, o.requisition_id, o.person_id, o.part, greatest(o.from_at, e.from_at), least(o.to_at, e.to_at)
FROM s_requisition_owner o JOIN t_owner_edit e USING (requisition_id, part)
WHERE e.person_id IS NULL AND coalesce(o.to_at > e.from_at, true) AND coalesce(o.from_at < e.to_at, true);

-- Seats: as many as were wanted here. Those added here fill up what the source lacks; of too many the youngest open ones
-- are cancelled. All seats of such a requisition are staged together.
CREATE TEMP TABLE t_opening AS
WITH listed AS (
  SELECT requisition_id, count_if(cancelled_at IS NULL) AS seats FROM s_opening GROUP BY requisition_id
), wanted AS (
  SELECT e.requisition_id, e.openings, e.openings_at, e.openings - coalesce(l.seats, 0) AS missing
  FROM t_overlay e LEFT JOIN listed l USING (requisition_id) WHERE e.openings IS NOT NULL
), ranked AS (
  SELECT o.*, w.missing, w.openings_at,
         CASE WHEN o.filled_at IS NULL AND o.cancelled_at IS NULL THEN row_number() OVER (
           PARTITION BY o.requisition_id, o.filled_at IS NULL AND o.cancelled_at IS NULL
           ORDER BY o.opened_at DESC, o.id DESC) END AS back
  FROM s_opening o LEFT JOIN wanted w USING (requisition_id)
), added AS (
  SELECT s.id, s.requisition_id, s.opened_at, w.missing,
         row_number() OVER (PARTITION BY s.requisition_id ORDER BY s.opened_at, s.id) AS place
  FROM s_requisition_seat_edit s JOIN wanted w USING (requisition_id)
)
SELECT id, requisition_id, opened_at, filled_at, application_id,
       CASE WHEN back <= -missing THEN greatest(openings_at, opened_at) ELSE cancelled_at END AS cancelled_at
FROM ranked
UNION ALL
SELECT -id, requisition_id, opened_at, NULL, NULL, NULL FROM added WHERE place <= missing;
