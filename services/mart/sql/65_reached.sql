-- One row an application and stage it reached, in the order in which they were reached: who moved on from a stage in a
-- period lies together, which in fact_application is true of the application's own date alone.
INSERT INTO fact_stage_reached BY NAME
WITH reached AS (
  SELECT *, 1 AS stage_order, 'screen' AS stage, screen_at AS reached_at, screen_on AS reached_on
  FROM fact_application SEMI JOIN t_application USING (application_id) WHERE screen_at IS NOT NULL
  UNION ALL
  SELECT *, 2, 'assessment', assessment_at, assessment_on
  FROM fact_application SEMI JOIN t_application USING (application_id) WHERE assessment_at IS NOT NULL
  UNION ALL
  SELECT *, 3, 'interview', interview_at, interview_on
  FROM fact_application SEMI JOIN t_application USING (application_id) WHERE interview_at IS NOT NULL
  UNION ALL
  SELECT *, 4, 'offer', offer_at, offer_on
  FROM fact_application SEMI JOIN t_application USING (application_id) WHERE offer_at IS NOT NULL
)
SELECT application_id, candidate_id, requisition_id, department_id, job_family_id, job_level_id, office_id,
       hiring_manager_id, recruiter_id, country, region, source_id, channel, stage_order, stage, reached_at, reached_on,
       CASE WHEN stage_order < 2 THEN tenths_between(reached_at, assessment_at) END AS to_assessment,
       CASE WHEN stage_order < 3 THEN tenths_between(reached_at, interview_at) END AS to_interview,
       CASE WHEN stage_order < 4 THEN tenths_between(reached_at, offer_at) END AS to_offer,
       tenths_between(reached_at, CASE WHEN undone_at IS NULL THEN accepted_at END) AS to_hired,
       tenths_between(reached_at, coalesce(undone_at, ended_at)) AS to_exit, exit_cause
FROM reached ORDER BY stage_order, reached_at, application_id;
