-- What happened after an acceptance and around it: start, leaving, reviews, onboarding, surveys, background checks.
CREATE TEMP TABLE t_after AS
SELECT a.application_id, a.candidate_id, a.requisition_id, a.recruiter_id, a.source_id, a.channel, a.is_internal, a.is_rehire,
       a.accepted_at, a.undone_at, a.ended_at, a.outcome, a.extended_at, a.started_on,
       r.department_id, r.job_family_id, r.job_level_id, r.office_id, r.hiring_manager_id, r.country, r.region,
       r.timezone, r.shifts, local_on(a.accepted_at, r.timezone, r.shifts) AS accepted_on
FROM t_application a
JOIN t_requisition r USING (requisition_id)
WHERE a.accepted_at IS NOT NULL
   OR a.application_id IN (SELECT application_id FROM s_hire)
   OR a.application_id IN (SELECT application_id FROM s_background_check)
   OR a.application_id IN (SELECT application_id FROM s_survey_answer);

CREATE TEMP TABLE t_hired AS
WITH offered AS (
  SELECT application_id, arg_max(start_on, position) AS start_on FROM t_offer WHERE start_on IS NOT NULL GROUP BY application_id
)
SELECT a.* EXCLUDE (started_on, ended_at, outcome, extended_at, timezone, shifts), h.id AS hire_id, h.person_id,
       lower(trim(h.employment)) AS employment, h.planned_start_on, h.started_on, h.left_on, h.leave_cause,
       h.productive_on, h.target_days,
       coalesce(h.started_on, h.planned_start_on, o.start_on, a.accepted_on) AS expected_on
FROM t_after a
LEFT JOIN s_hire h USING (application_id)
LEFT JOIN offered o USING (application_id)
WHERE h.id IS NOT NULL OR a.accepted_at IS NOT NULL;

INSERT INTO fact_hire BY NAME FROM t_hired ORDER BY expected_on, application_id, hire_id;

-- Six decimals: what a source writes, and the same number from every store.
CREATE TEMP TABLE t_review AS
SELECT v.id AS review_id, v.hire_id, v.rater_id, v.cycle, v.reviewed_on, v.rating IS NOT NULL AS is_rated,
       CASE WHEN round(v.scale_max, 6) > round(v.scale_min, 6) AND v.rating BETWEEN v.scale_min AND v.scale_max
            THEN (round(v.rating, 6) - round(v.scale_min, 6)) / (round(v.scale_max, 6) - round(v.scale_min, 6)) END AS rating
FROM s_performance_review v;

INSERT INTO fact_review BY NAME
SELECT v.review_id, v.hire_id, v.rater_id, v.cycle, v.reviewed_on, v.rating, h.started_on, h.application_id, h.requisition_id,
       h.department_id, h.job_family_id, h.job_level_id, h.office_id, h.hiring_manager_id, h.recruiter_id, h.country,
       h.region, h.source_id, h.channel
FROM t_review v JOIN t_hired h USING (hire_id)
ORDER BY reviewed_on, review_id;

INSERT INTO fact_onboarding_task BY NAME
SELECT o.id AS task_id, o.hire_id, o.due_on, o.done_on, h.expected_on, h.started_on, h.undone_at, h.application_id,
       h.requisition_id, h.department_id, h.job_family_id, h.job_level_id, h.office_id, h.hiring_manager_id,
       h.recruiter_id, h.country, h.region, h.source_id, h.channel
FROM s_onboarding_task o JOIN t_hired h USING (hire_id)
ORDER BY due_on, task_id;

-- A survey about an application that does not count is out; one about no application has only its requisition.
CREATE TEMP TABLE t_survey AS
SELECT s.id AS answer_id, s.kind, s.delivered_at, s.answered_at, round(s.score, 6) AS score, s.respondent,
       a.* EXCLUDE (application_id, requisition_id, timezone, shifts, hiring_manager_id, department_id, job_family_id,
                    job_level_id, office_id, recruiter_id, country, region),
       s.application_id, r.requisition_id, r.department_id, r.job_family_id, r.job_level_id, r.office_id,
       r.hiring_manager_id, coalesce(a.recruiter_id, r.recruiter_id) AS recruiter_id, r.country, r.region,
       r.timezone, r.shifts
FROM s_survey_answer s
LEFT JOIN t_after a USING (application_id)
JOIN t_requisition r ON r.requisition_id = CASE WHEN s.application_id IS NULL THEN s.requisition_id ELSE a.requisition_id END;

INSERT INTO fact_survey_answer BY NAME
SELECT answer_id, kind, application_id, requisition_id, department_id, job_family_id, job_level_id, office_id,
       hiring_manager_id, recruiter_id, country, region, source_id, channel, outcome,
       -- a number that stands for the source's key: nobody's address can be read from it
       CAST(concat('0x', left(md5(coalesce(respondent, concat(kind, ' ', coalesce(
         CASE WHEN kind = 'hiring_manager_satisfaction' THEN hiring_manager_id END, candidate_id, -answer_id)))), 15)) AS BIGINT)
         AS respondent,
       delivered_at, answered_at, ended_at AS decided_at, undone_at, score,
       local_on(delivered_at, timezone, shifts) AS delivered_on, local_on(ended_at, timezone, shifts) AS decided_on,
       accepted_on AS hired_on
FROM t_survey
ORDER BY delivered_at, answer_id;

INSERT INTO fact_check BY NAME
SELECT c.id AS check_id, c.vendor, lower(trim(c.kind)) AS kind, c.ordered_at, c.completed_at,
       local_on(c.ordered_at, a.timezone, a.shifts) AS ordered_on, local_on(c.completed_at, a.timezone, a.shifts) AS completed_on,
       CASE WHEN c.completed_at IS NOT NULL THEN coalesce(lower(trim(c.outcome)) IN ('clear', 'cleared', 'pass', 'passed'), false) END
         AS is_clear,
       a.extended_at, a.undone_at, a.started_on, a.application_id, a.requisition_id, a.department_id, a.job_family_id,
       a.job_level_id, a.office_id, a.hiring_manager_id, a.recruiter_id, a.country, a.region, a.source_id, a.channel
FROM s_background_check c JOIN t_after a USING (application_id)
ORDER BY ordered_at, check_id;

INSERT INTO left_out BY NAME
SELECT 'application' AS kind, application_id AS entity_id, name, count(*) AS value FROM (
  SELECT application_id, 'negative_tenure' AS name FROM t_hired WHERE left_on < started_on OR productive_on < started_on
  UNION ALL
  SELECT application_id, 'invalid_rating' FROM t_review JOIN t_hired USING (hire_id) WHERE is_rated AND rating IS NULL
  UNION ALL
  SELECT application_id, 'negative_check' FROM t_after JOIN s_background_check c USING (application_id)
  WHERE c.completed_at < c.ordered_at
) GROUP BY ALL;
