-- Self-identification and pay, in facts of their own: what everybody's figures are made from holds neither.
CREATE TEMP MACRO answer_key(answer) AS nullif(trim(regexp_replace(lower(answer), '[^\p{L}\p{N}]+', '_', 'g'), '_'), '');
CREATE TEMP MACRO is_declined(answer) AS coalesce(
  answer IN ('declined', 'decline', 'prefer_not_to_say', 'prefer_not_to_answer', 'decline_to_self_identify',
             'i_do_not_wish_to_answer', 'i_don_t_wish_to_answer', 'i_do_not_want_to_answer', 'i_don_t_want_to_answer'), false);

-- The last answer to each question; hispanic and race are two questions about one thing.
CREATE TEMP TABLE t_answer AS
SELECT application_id, question, answer FROM (
  SELECT application_id, answer_key(question) AS question, answer_key(answer) AS answer,
         row_number() OVER (PARTITION BY application_id, answer_key(question)
           ORDER BY asked_at DESC NULLS LAST, id DESC) = 1 AS is_last
  FROM s_demographic
) WHERE is_last AND question IS NOT NULL;

CREATE TEMP TABLE t_several AS
SELECT application_id, len(list_distinct(answers)) AS count, list_has_any(answers, ['hispanic', 'latino', 'hispanic_or_latino']) AS is_hispanic FROM (
  SELECT application_id, list_transform(regexp_split_to_array(answer, '[;|,/+]'), lambda part: answer_key(part)) AS answers
  FROM s_demographic
  WHERE answer_key(question) IN ('race', 'ethnicity') AND regexp_matches(answer, '[;|,+]')
);

CREATE TEMP TABLE t_ethnicity AS
WITH two AS (
  SELECT application_id,
         max(CASE WHEN question IN ('hispanic', 'hispanic_or_latino') THEN coalesce(answer, 'no_answer') END) AS hispanic,
         max(CASE WHEN question IN ('race', 'ethnicity') THEN coalesce(answer, 'no_answer') END) AS race
  FROM t_answer WHERE question IN ('hispanic', 'hispanic_or_latino', 'race', 'ethnicity') GROUP BY application_id
)
SELECT two.application_id,
       CASE WHEN hispanic IN ('yes', 'y', 'true', '1', 'hispanic', 'latino', 'hispanic_or_latino') THEN 'hispanic'
            -- whoever keeps ethnicity to themselves is not disclosed, whatever the race
            WHEN is_declined(hispanic) THEN 'declined'
            WHEN hispanic = 'no_answer' THEN 'no_answer'
            WHEN race IS NULL THEN 'no_answer'
            WHEN is_declined(race) THEN 'declined'
            WHEN s.is_hispanic OR race IN ('latino', 'hispanic_or_latino') THEN 'hispanic'
            WHEN s.count > 1 THEN 'two_or_more'
            ELSE race END AS answer,
       CASE WHEN hispanic IS NULL THEN 'ethnicity, one question, version 1'
            ELSE 'ethnicity, two questions, version 1' END AS category_set
FROM two LEFT JOIN (SELECT application_id, max(count) AS count, bool_or(is_hispanic) AS is_hispanic
                    FROM t_several GROUP BY application_id) s USING (application_id);

CREATE TEMP TABLE t_demographic AS
SELECT application_id, 'ethnicity' AS question, answer, category_set FROM t_ethnicity
UNION ALL
SELECT application_id, question, coalesce(answer, 'no_answer'), concat(question, ', as answered, version 1')
FROM t_answer WHERE question NOT IN ('hispanic', 'hispanic_or_latino', 'race', 'ethnicity');

INSERT INTO fact_demographic BY NAME
SELECT d.application_id, d.question,
       CASE WHEN d.answer = 'no_answer' THEN 'no_answer' WHEN is_declined(d.answer) THEN 'declined' ELSE 'disclosed' END AS state,
       CASE WHEN d.answer <> 'no_answer' AND NOT is_declined(d.answer) THEN d.answer END AS category,
       d.category_set, a.requisition_id, a.department_id, a.job_family_id, a.job_level_id, a.office_id,
       a.hiring_manager_id, a.recruiter_id, a.country, a.region,
       a.applied_on, a.screen_on, a.assessment_on, a.interview_on, a.offer_on,
       CASE WHEN a.undone_at IS NULL THEN a.accepted_on END AS hired_on
FROM t_demographic d JOIN fact_application a USING (application_id)
SEMI JOIN t_application t USING (application_id)
ORDER BY a.applied_on, d.application_id, d.question;

INSERT INTO fact_offer_pay BY NAME
SELECT o.id AS offer_version_id, o.application_id, o.extended_at, local_on(o.extended_at, r.timezone, r.shifts) AS extended_on,
       o.salary_minor, o.band_min_minor, o.band_max_minor, upper(o.currency) AS currency,
       a.requisition_id, a.recruiter_id, r.department_id, r.job_family_id, r.job_level_id, r.office_id,
       r.hiring_manager_id, r.country, r.region
FROM t_offer o JOIN t_application a USING (application_id) JOIN t_requisition r USING (requisition_id)
WHERE o.answer = 'accepted' AND o.salary_minor IS NOT NULL AND o.undone_at IS NULL
ORDER BY o.extended_at, o.id;
