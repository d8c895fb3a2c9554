-- Feedback owed: held interviews with an end, no shadows. Positions are on the business axis of the interviewer's office.
CREATE TEMP TABLE t_feedback AS
SELECT f.id AS feedback_id, f.interview_id, i.application_id, f.interviewer_id, i.ends_at AS due_from_at, f.submitted_at,
       coalesce(p.office_id, r.office_id, 0) AS calendar_id,
       r.timezone AS requisition_zone, r.shifts AS requisition_shifts, a.recruiter_id AS application_recruiter_id, r.*
         EXCLUDE (recruiter_id, calendar_id, timezone, shifts)
FROM s_feedback f
JOIN s_interview i ON i.id = f.interview_id
JOIN t_application a ON a.application_id = i.application_id
JOIN t_requisition r ON r.requisition_id = a.requisition_id
LEFT JOIN s_person p ON p.id = f.interviewer_id
WHERE i.status = 'held' AND i.ends_at IS NOT NULL AND NOT f.is_shadow;

-- Working seconds since the day's opening.
CREATE TEMP MACRO worked(instant, opens, closes) AS seconds_at(least(instant, closes)) - seconds_at(opens);
-- Six decimals: positions are near 20,000 days, and differences of them must hit "exactly two days".
CREATE TEMP MACRO worked_days(instant, opens, closes) AS worked(instant, opens, closes) / (seconds_at(closes) - seconds_at(opens));

CREATE TEMP TABLE t_feedback_position AS
SELECT f.*,
       d.business_seconds + worked(f.due_from_at, d.opens_at, d.closes_at) AS due_from_business_seconds,
       round(d.business_days + worked_days(f.due_from_at, d.opens_at, d.closes_at), 6) AS due_from_business_days,
       s.business_seconds + worked(f.submitted_at, s.opens_at, s.closes_at) AS submitted_business_seconds,
       round(s.business_days + worked_days(f.submitted_at, s.opens_at, s.closes_at), 6) AS submitted_business_days
FROM t_feedback f
ASOF LEFT JOIN dim_calendar d ON d.calendar_id = f.calendar_id AND f.due_from_at >= d.opens_at
ASOF LEFT JOIN dim_calendar s ON s.calendar_id = f.calendar_id
  AND coalesce(f.submitted_at, TIMESTAMP '1900-01-01') >= s.opens_at;

-- A person's leave as disjoint runs of local days; touching ones are one.
CREATE TEMP TABLE t_leave AS
WITH marked AS (
  SELECT person_id, start_on, end_on, coalesce(start_on > max(end_on) OVER (
    PARTITION BY person_id ORDER BY start_on, end_on ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) + 1, true) AS begins
  FROM s_person_leave WHERE end_on >= start_on
), island AS (
  SELECT *, count_if(begins) OVER (PARTITION BY person_id ORDER BY start_on, end_on ROWS UNBOUNDED PRECEDING) AS nr FROM marked
)
SELECT person_id, min(start_on) AS start_on, max(end_on) AS end_on FROM island GROUP BY person_id, nr;

INSERT INTO person_leave BY NAME FROM t_leave ORDER BY person_id, start_on;

-- Leave begins where the next working day would, and ends where the first working day after it begins.
INSERT INTO feedback_leave BY NAME
WITH away AS (
  SELECT f.feedback_id, f.calendar_id, l.start_on, l.end_on, f.due_from_business_seconds, f.due_from_business_days,
         f.submitted_business_seconds, f.submitted_business_days
  FROM t_feedback_position f JOIN t_leave l ON l.person_id = f.interviewer_id
  WHERE l.end_on >= CAST(f.due_from_at AS DATE) - 1
    AND (f.submitted_at IS NULL OR l.start_on <= CAST(f.submitted_at AS DATE) + 1)
), placed AS (
  SELECT w.feedback_id,
         greatest(b.business_seconds, w.due_from_business_seconds) AS from_business_seconds,
         coalesce(least(e.business_seconds, w.submitted_business_seconds), e.business_seconds) AS to_business_seconds,
         greatest(b.business_days, w.due_from_business_days) AS from_business_days,
         coalesce(least(e.business_days, w.submitted_business_days), e.business_days) AS to_business_days
  FROM away w
  ASOF JOIN dim_calendar b ON b.calendar_id = w.calendar_id AND w.start_on <= b.local_on
  ASOF JOIN dim_calendar e ON e.calendar_id = w.calendar_id AND w.end_on < e.local_on
)
FROM placed WHERE to_business_seconds > from_business_seconds
ORDER BY feedback_id, from_business_seconds;

-- Submitted feedback carries its finished clock: working time less leave, in minutes and in 1/10,000 business days.
INSERT INTO fact_feedback BY NAME
WITH away AS (
  SELECT feedback_id, sum(to_business_seconds - from_business_seconds) AS seconds, sum(to_business_days - from_business_days) AS days
  FROM feedback_leave SEMI JOIN t_feedback_position USING (feedback_id) GROUP BY feedback_id
)
SELECT f.feedback_id, interview_id, application_id, requisition_id, department_id, job_family_id, job_level_id, office_id,
       hiring_manager_id, application_recruiter_id AS recruiter_id, country, region, interviewer_id, calendar_id,
       due_from_at, submitted_at, local_on(due_from_at, requisition_zone, requisition_shifts) AS due_from_on,
       due_from_business_seconds, submitted_business_seconds, due_from_business_days, submitted_business_days,
       greatest(0, floor((submitted_business_seconds - due_from_business_seconds - coalesce(away.seconds, 0) + 30) / 60.0))
         AS worked_minutes,
       greatest(0, floor((submitted_business_days - due_from_business_days - coalesce(away.days, 0.0)) * 10000 + 0.5))
         AS worked_day_points
FROM t_feedback_position f LEFT JOIN away USING (feedback_id)
ORDER BY due_from_at, f.feedback_id;
