-- The ten questions of a dashboard as a fixed yardstick for speed, hand-written for DuckDB on the facts of a snapshot.
-- They measure speed; the governed definitions (docs/metrics.md) differ on purpose.

-- q1
select count(*), count(screen_at), count(assessment_at), count(interview_at), count(offer_at), count(extended_at),
       count(accepted_at), count(started_on)
from fact_application join dim_requisition using (requisition_id)
where fact_application.job_family_id in (3, 7, 11) and fact_application.job_level_id between 2 and 4
  and fact_application.country in ('DE', 'GB', 'FR', 'US', 'CA')
  and applied_at >= $now - interval 24 month and applied_at < $now - interval 12 month
  and status not in ('cancelled', 'on_hold');

-- q2
with r as (
  select department_id, cast(date_trunc('quarter', filled_at) as date) q, (filled_net - opened_net) / 86400.0 ttf
  from fact_seat where filled_at is not null)
select department_id, q, quantile_cont(ttf, 0.5), quantile_cont(ttf, 0.9), count(*) from r group by department_id, q;

-- q3
select source_id, count(*), count(accepted_at), count(accepted_at) * 1.0 / count(*)
from fact_application where applied_at >= $now - interval 12 month group by source_id;

-- q4
select recruiter_id, count(*), count(screen_at), count(interview_at), count(extended_at), count(accepted_at),
       avg(extract(epoch from screen_at - applied_at)) / 3600.0,
       quantile_cont(extract(epoch from accepted_at - applied_at) / 86400.0, 0.5)
from fact_application where applied_at >= $now - interval 6 month group by recruiter_id;

-- q5
select case when age < 30 then '0-29' when age < 60 then '30-59' when age < 90 then '60-89' else '90+' end b,
       count(*), avg(age)
from (select date_diff('day', opened_at, $now) age from dim_requisition where status = 'open') x group by 1;

-- q6
with f as (
  select department_id, requisition_id,
         case when coalesce(submitted_business_days, due_from_business_days + 3) - due_from_business_days > 2
              then 1 else 0 end late
  from fact_feedback where due_from_at >= $now - interval 12 month),
r as (select department_id, requisition_id, count(*) n, sum(late) l from f group by department_id, requisition_id)
select department_id, sum(n), sum(l) * 1.0 / sum(n), sum(case when l * 1.0 / n > 0.3 then 1 else 0 end) * 1.0 / count(*)
from r group by department_id;

-- q7
with g as (
  select channel, count(*) n0, count(screen_at) n1, count(assessment_at) n2, count(interview_at) n3, count(offer_at) n4,
         count(accepted_at) n5
  from fact_application where applied_at >= $now - interval 12 month group by channel),
s as (
  select channel, 1 st, n0 d, n1 k from g union all select channel, 2, n1, n2 from g
  union all select channel, 3, n2, n3 from g union all select channel, 4, n3, n4 from g
  union all select channel, 5, n4, n5 from g),
z as (select channel, st, d, k, k * 1.0 / d rate, max(k * 1.0 / d) over (partition by st) mx from s where d >= 5)
select st, channel, d, case when k >= 5 then k end, case when k >= 5 then rate / mx end from z;

-- q8
with a as (
  select cast(date_trunc('week', applied_at) as date) w, count(*) n from fact_application
  where department_id in (7, 8, 9, 10, 11) and applied_at >= $now - interval 24 month group by 1),
h as (
  select cast(date_trunc('week', accepted_at) as date) w, count(*) n from fact_application
  where department_id in (7, 8, 9, 10, 11) and accepted_at >= $now - interval 24 month group by 1)
select coalesce(a.w, h.w), coalesce(a.n, 0), coalesce(h.n, 0) from a full join h on a.w = h.w;

-- q9
with g as (
  select job_family_id, count(*) n0, count(screen_at) n1, count(assessment_at) n2, count(interview_at) n3,
         count(offer_at) n4
  from fact_application where applied_at >= $now - interval 12 month group by job_family_id),
s as (
  select job_family_id, 0 st, n0 d, n1 k from g union all select job_family_id, 1, n1, n2 from g
  union all select job_family_id, 2, n2, n3 from g union all select job_family_id, 3, n3, n4 from g)
select job_family_id, st, 1 - k * 1.0 / d from s where d > 0 and 1 - k * 1.0 / d > 0.3;

-- q10
select application_id, applied_at, outcome from fact_application where requisition_id = 12345
order by applied_at desc, application_id limit 50;
