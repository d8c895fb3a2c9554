-- Stage visits as intervals: mis-clicks removed, closed by the application's end, each with how it ended.
CREATE TEMP TABLE t_stage AS
SELECT id AS stage_id, canonical AS stage, sort_order,
       CASE canonical WHEN 'applied' THEN 0 WHEN 'screen' THEN 1 WHEN 'assessment' THEN 2 WHEN 'interview' THEN 3
                      WHEN 'offer' THEN 4 WHEN 'hired' THEN 5 END AS stage_order
FROM s_pipeline_stage;

-- A move that was taken back within 60 s never happened. Only applications with so short a visit can have one.
CREATE TEMP TABLE t_neighbours AS
SELECT v.*,
       lag(stage_id) OVER visits AS before_id,
       lead(stage_id) OVER visits AS after_id
FROM s_stage_visit v
SEMI JOIN (SELECT DISTINCT application_id FROM s_stage_visit
           WHERE exited_at <= entered_at + INTERVAL 60 SECOND AND exited_at >= entered_at) q USING (application_id)
WINDOW visits AS (PARTITION BY application_id ORDER BY entered_at, exited_at NULLS LAST, id);

CREATE TEMP TABLE t_reverted AS
SELECT id, application_id FROM t_neighbours
WHERE exited_at <= entered_at + INTERVAL 60 SECOND AND exited_at >= entered_at
  AND before_id = after_id AND before_id <> stage_id;

-- What lay around a mis-click is one visit again.
CREATE TEMP TABLE t_mended AS
WITH kept AS (
  SELECT *, lag(stage_id) OVER visits AS previous_id, lag(after_id) OVER visits AS previous_went_to
  FROM t_neighbours ANTI JOIN t_reverted USING (id)
  SEMI JOIN (SELECT DISTINCT application_id FROM t_reverted) q USING (application_id)
  WINDOW visits AS (PARTITION BY application_id ORDER BY entered_at, exited_at NULLS LAST, id)
), island AS (
  -- the same stage again although the visit before had gone elsewhere: only a mis-click lies between
  SELECT *, count_if(coalesce(previous_id <> stage_id OR previous_went_to = stage_id, true)) OVER (
    PARTITION BY application_id ORDER BY entered_at, exited_at NULLS LAST, id ROWS UNBOUNDED PRECEDING) AS nr
  FROM kept
)
SELECT arg_min(id, (entered_at, id)) AS id, application_id, any_value(stage_id) AS stage_id, min(entered_at) AS entered_at,
       CASE WHEN count(exited_at) = count(*) THEN max(exited_at) END AS exited_at
FROM island GROUP BY application_id, nr;

CREATE TEMP TABLE t_visit AS
WITH clean AS (
  FROM t_mended
  UNION ALL
  SELECT id, application_id, stage_id, entered_at, exited_at FROM s_stage_visit
  ANTI JOIN (SELECT DISTINCT application_id FROM t_reverted) q USING (application_id)
), closed AS (
  SELECT v.id AS visit_id, v.application_id, v.stage_id, v.entered_at,
         least(v.exited_at, a.ended_at) AS exited_at, a.outcome, a.reason_kind
  FROM clean v JOIN t_application a USING (application_id)
)
SELECT visit_id, application_id, stage_id, t.stage_order, t.sort_order, t.stage, entered_at, exited_at, outcome, reason_kind
FROM closed JOIN t_stage t USING (stage_id);

CREATE TEMP TABLE t_visit_end AS
SELECT visit_id, application_id, stage_id, stage_order, stage, entered_at,
       coalesce(exited_at, next_entered_at) AS exited_at, reason_kind,
       row_number() OVER (PARTITION BY application_id, stage_order ORDER BY entered_at DESC, exited_at DESC NULLS FIRST, visit_id DESC) = 1
         AS is_last_of_stage,
       next_id IS NULL AS is_last,
       CASE WHEN next_id IS NULL THEN CASE WHEN exited_at IS NOT NULL THEN outcome END
            WHEN next_id = stage_id OR (next_order, next_sort) < (stage_order, sort_order) THEN 'returned'
            ELSE 'advanced' END AS exit_kind
FROM (
  SELECT *, lead(stage_id) OVER visits AS next_id, lead(stage_order) OVER visits AS next_order,
         lead(sort_order) OVER visits AS next_sort, lead(entered_at) OVER visits AS next_entered_at
  FROM t_visit WHERE exited_at IS NULL OR exited_at >= entered_at
  WINDOW visits AS (PARTITION BY application_id ORDER BY entered_at, exited_at NULLS LAST, visit_id)
);

-- Reached = entered it or a later one. An offer on record proves the offer stage, if no visit does.
CREATE TEMP TABLE t_reached AS
SELECT application_id,
       min(entered_at) FILTER (stage_order >= 1) AS screen_at,
       min(entered_at) FILTER (stage_order >= 2) AS assessment_at,
       min(entered_at) FILTER (stage_order >= 3) AS interview_at,
       min(entered_at) FILTER (stage_order >= 4) AS offer_at
FROM t_visit GROUP BY application_id;
