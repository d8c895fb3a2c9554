INSERT INTO dim_requisition BY NAME
SELECT * EXCLUDE (shifts) FROM t_requisition ORDER BY requisition_id;

INSERT INTO requisition_status BY NAME
SELECT requisition_id, status, from_at, to_at FROM t_status ORDER BY requisition_id, from_at;

INSERT INTO requisition_hold BY NAME
SELECT requisition_id, from_at, nullif(to_at, TIMESTAMP '9999-12-31 23:59:59') AS to_at,
       coalesce(sum(seconds_at(to_at) - seconds_at(from_at)) OVER (
         PARTITION BY requisition_id ORDER BY from_at ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING), 0) AS stopped_before
FROM t_stop ORDER BY requisition_id, from_at;

INSERT INTO requisition_owner BY NAME
SELECT requisition_id, person_id, part, from_at, to_at FROM t_requisition_owner ORDER BY requisition_id, from_at;

-- The grid of every estimate: tenths of a day, half up, in integers.
CREATE TEMP MACRO tenths_between(start, stop) AS (date_diff('second', start, stop) + 4320) // 8640;

INSERT INTO fact_application BY NAME
WITH reached AS (
  SELECT a.*, coalesce(v.screen_at, a.extended_at, a.accepted_at) AS screen_at,
         coalesce(v.assessment_at, a.extended_at, a.accepted_at) AS assessment_at,
         coalesce(v.interview_at, a.extended_at, a.accepted_at) AS interview_at,
         coalesce(v.offer_at, a.extended_at, a.accepted_at) AS offer_at
  FROM t_application a LEFT JOIN t_reached v USING (application_id)
), left_ AS (
  -- how it ended other than by a hire that stands: causes as in services/metrics/pass_through.py
  SELECT *, coalesce(undone_at, ended_at) AS exit_at,
         CASE WHEN undone_at IS NOT NULL THEN CASE undone_by WHEN 'company' THEN 1 ELSE 2 END
              WHEN ended_at IS NOT NULL THEN
                CASE outcome WHEN 'rejected' THEN 1 WHEN 'withdrawn' THEN 2 WHEN 'position_filled' THEN 3
                             WHEN 'transferred' THEN 4 ELSE 5 END
         END AS exit_cause
  FROM reached
)
SELECT a.* EXCLUDE (exit_at),
       tenths_between(applied_at, screen_at) AS applied_to_screen,
       tenths_between(applied_at, assessment_at) AS applied_to_assessment,
       tenths_between(applied_at, interview_at) AS applied_to_interview,
       tenths_between(applied_at, offer_at) AS applied_to_offer,
       tenths_between(applied_at, CASE WHEN undone_at IS NULL THEN accepted_at END) AS applied_to_hired,
       tenths_between(applied_at, exit_at) AS applied_to_exit,
       r.department_id, r.job_family_id, r.job_level_id, r.office_id, r.hiring_manager_id, r.country, r.region,
       local_on(applied_at, r.timezone, r.shifts) AS applied_on, local_on(screen_at, r.timezone, r.shifts) AS screen_on,
       local_on(assessment_at, r.timezone, r.shifts) AS assessment_on, local_on(interview_at, r.timezone, r.shifts) AS interview_on,
       local_on(offer_at, r.timezone, r.shifts) AS offer_on, local_on(extended_at, r.timezone, r.shifts) AS extended_on,
       local_on(accepted_at, r.timezone, r.shifts) AS accepted_on, local_on(ended_at, r.timezone, r.shifts) AS ended_on
FROM left_ a JOIN t_requisition r USING (requisition_id)
ORDER BY applied_at, application_id;

INSERT INTO fact_stage_visit BY NAME
SELECT v.visit_id, v.application_id, v.stage_id, v.stage_order, v.stage, v.entered_at, v.exited_at, v.is_last_of_stage,
       v.exit_kind, CASE WHEN v.is_last AND v.exited_at IS NOT NULL THEN v.reason_kind END AS reason_kind,
       a.requisition_id, a.recruiter_id, a.source_id, a.channel,
       r.department_id, r.job_family_id, r.job_level_id, r.office_id, r.hiring_manager_id, r.country, r.region,
       local_on(v.entered_at, r.timezone, r.shifts) AS entered_on, local_on(v.exited_at, r.timezone, r.shifts) AS exited_on,
       net_at(v.entered_at, s.stops) AS entered_net, net_at(v.exited_at, s.stops) AS exited_net
FROM t_visit_end v
JOIN t_application a USING (application_id)
JOIN t_requisition r USING (requisition_id)
LEFT JOIN t_stops s USING (requisition_id)
ORDER BY v.entered_at, v.visit_id;

INSERT INTO fact_seat BY NAME
WITH seat AS (
  SELECT o.id AS seat_id, o.requisition_id, o.opened_at,
         -- an acceptance undone before the start never filled the seat
         CASE WHEN a.undone_at IS NULL THEN o.filled_at END AS filled_at,
         CASE WHEN a.undone_at IS NULL AND o.filled_at IS NOT NULL THEN o.application_id END AS application_id,
         o.cancelled_at, a.source_id, a.started_on,
         -- made for an offer: it says how fast the offer was, not how fast a seat is filled
         CASE WHEN a.undone_at IS NULL AND o.filled_at IS NOT NULL AND a.extended_at < o.opened_at + INTERVAL 3 DAY
              THEN greatest(a.extended_at, o.opened_at) END AS evergreen_at
  FROM t_opening o LEFT JOIN t_application a ON a.application_id = o.application_id
), ended AS (
  -- closed without a fill = cancelled
  SELECT seat.* REPLACE (
    CASE WHEN filled_at IS NULL THEN coalesce(cancelled_at, CASE WHEN e.ended_at >= opened_at THEN e.ended_at END) END
      AS cancelled_at)
  FROM seat LEFT JOIN t_requisition_end e USING (requisition_id)
)
SELECT e.seat_id, e.requisition_id, e.opened_at, e.filled_at, e.cancelled_at, e.application_id,
       CASE WHEN e.application_id IS NOT NULL THEN e.source_id END AS source_id,
       CASE WHEN e.application_id IS NOT NULL THEN e.started_on END AS started_on,
       r.department_id, r.job_family_id, r.job_level_id, r.office_id, r.hiring_manager_id, r.recruiter_id,
       r.country, r.region, e.evergreen_at,
       local_on(e.opened_at, r.timezone, r.shifts) AS opened_on, local_on(e.filled_at, r.timezone, r.shifts) AS filled_on,
       local_on(e.cancelled_at, r.timezone, r.shifts) AS cancelled_on,
       net_at(e.opened_at, s.stops) AS opened_net, net_at(e.filled_at, s.stops) AS filled_net,
       net_at(e.cancelled_at, s.stops) AS cancelled_net
FROM ended e
JOIN t_requisition r USING (requisition_id)
LEFT JOIN t_stops s USING (requisition_id)
ORDER BY e.opened_at, e.seat_id;

INSERT INTO fact_offer_version BY NAME
SELECT o.id AS offer_version_id, o.application_id, o.position, o.first_extended_at, o.extended_at, o.answered_at,
       o.undone_at, o.answer, o.undone_by, a.requisition_id, a.recruiter_id, a.source_id, a.channel,
       r.department_id, r.job_family_id, r.job_level_id, r.office_id, r.hiring_manager_id, r.country, r.region,
       local_on(o.first_extended_at, r.timezone, r.shifts) AS first_extended_on
FROM t_offer o JOIN t_application a USING (application_id) JOIN t_requisition r USING (requisition_id)
ORDER BY o.first_extended_at, o.application_id, o.position;

INSERT INTO fact_interview BY NAME
SELECT i.id AS interview_id, i.application_id, i.status, i.scheduled_at, i.starts_at, i.ends_at,
       a.requisition_id, a.recruiter_id, a.source_id, a.channel,
       r.department_id, r.job_family_id, r.job_level_id, r.office_id, r.hiring_manager_id, r.country, r.region,
       local_on(i.ends_at, r.timezone, r.shifts) AS ends_on
FROM s_interview i JOIN t_application a USING (application_id) JOIN t_requisition r USING (requisition_id)
ORDER BY i.ends_at, i.id;
