-- Where a requisition's clocks stand still: on hold, or frozen by a scope, or between cancellation and re-opening. The
-- union of all three, as disjoint intervals.
CREATE TEMP TABLE t_department_tree AS
WITH RECURSIVE tree AS (
  SELECT id AS root_id, id FROM s_department
  UNION
  SELECT tree.root_id, d.id FROM tree JOIN s_department d ON d.parent_id = tree.id
)
FROM tree;

CREATE TEMP TABLE t_freeze AS
WITH hit AS (
  SELECT f.id, r.requisition_id, f.scope, f.scope_value, f.from_at, f.to_at FROM s_freeze f, t_requisition r WHERE f.scope = 'company'
  UNION ALL
  SELECT f.id, r.requisition_id, f.scope, f.scope_value, f.from_at, f.to_at FROM s_freeze f
  JOIN t_department_tree d ON d.root_id = try_cast(f.scope_value AS BIGINT)
  JOIN t_requisition r ON r.department_id = d.id WHERE f.scope = 'department'
  UNION ALL
  SELECT f.id, r.requisition_id, f.scope, f.scope_value, f.from_at, f.to_at FROM s_freeze f
  JOIN t_requisition r ON r.country = f.scope_value WHERE f.scope = 'country'
  UNION ALL
  SELECT f.id, r.requisition_id, f.scope, f.scope_value, f.from_at, f.to_at FROM s_freeze f
  JOIN t_requisition r ON r.job_family_id = try_cast(f.scope_value AS BIGINT) WHERE f.scope = 'job_family'
  UNION ALL
  SELECT f.id, r.requisition_id, f.scope, f.scope_value, f.from_at, f.to_at FROM s_freeze f
  JOIN t_requisition r ON r.requisition_id = try_cast(f.scope_value AS BIGINT) WHERE f.scope = 'requisition'
)
SELECT requisition_id, scope, scope_value, from_at, to_at FROM hit
ANTI JOIN s_freeze_exemption e ON e.freeze_id = hit.id AND e.requisition_id = hit.requisition_id;

-- Each by itself and by what rule: a trace names them.
CREATE TEMP TABLE t_one_stop AS
WITH last_open AS (
  SELECT requisition_id, max(from_at) AS last_at FROM t_status WHERE status IN ('open', 'on_hold') GROUP BY requisition_id
), stop AS (
  SELECT requisition_id, 'hold' AS kind, NULL AS scope, NULL AS scope_value, from_at, to_at FROM t_status
  WHERE status = 'on_hold'
  UNION ALL
  SELECT s.requisition_id, 'gap', NULL, NULL, s.from_at, s.to_at FROM t_status s JOIN last_open USING (requisition_id)
  WHERE s.status IN ('cancelled', 'closed') AND s.from_at < last_open.last_at
  UNION ALL
  SELECT requisition_id, 'freeze', scope, scope_value, from_at, to_at FROM t_freeze
  UNION ALL
  SELECT requisition_id, 'freeze', 'requisition', CAST(requisition_id AS VARCHAR), from_at, to_at
  FROM s_requisition_pause SEMI JOIN t_requisition USING (requisition_id) WHERE kind = 'freeze'
)
FROM stop WHERE to_at IS NULL OR to_at > from_at;

CREATE TEMP TABLE t_stop AS
WITH closed AS (
  SELECT requisition_id, from_at, coalesce(to_at, TIMESTAMP '9999-12-31 23:59:59') AS to_at FROM t_one_stop
), marked AS (
  SELECT *, coalesce(from_at > max(to_at) OVER (
    PARTITION BY requisition_id ORDER BY from_at, to_at ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING), true) AS begins
  FROM closed
), island AS (
  SELECT *, count_if(begins) OVER (PARTITION BY requisition_id ORDER BY from_at, to_at ROWS UNBOUNDED PRECEDING) AS nr
  FROM marked
)
SELECT requisition_id, min(from_at) AS from_at, max(to_at) AS to_at FROM island GROUP BY requisition_id, nr;

-- The stops of a requisition as one list, to be joined by hash: stopped seconds before an instant are a sum over it.
CREATE TEMP TABLE t_stops AS
SELECT requisition_id,
       list(struct_pack(f := epoch_us(from_at) // 1000000, t := epoch_us(to_at) // 1000000) ORDER BY from_at) AS stops
FROM t_stop GROUP BY requisition_id;

CREATE TEMP MACRO seconds_at(instant) AS epoch_us(instant) // 1000000;
CREATE TEMP MACRO net_at(instant, stops) AS CASE
  WHEN stops IS NULL THEN seconds_at(instant)
  ELSE seconds_at(instant) - CAST(list_sum(
    list_transform(stops, lambda s: greatest(0, least(s.t, seconds_at(instant)) - s.f))) AS BIGINT)
END;
CREATE TEMP MACRO local_on(instant, zone, shifts) AS CASE
  WHEN shifts IS NULL THEN CAST(timezone(zone, timezone('UTC', instant)) AS DATE)
  ELSE CAST(instant + to_seconds(list_last(list_filter(shifts, lambda s: s.f <= seconds_at(instant))).o) AS DATE)
END;
