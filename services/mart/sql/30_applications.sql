-- Who counts. Prospects, tests and merged duplicates are out and counted.
CREATE TEMP TABLE t_left_out AS
SELECT id AS application_id,
       CASE WHEN is_test THEN 'test' WHEN merged_into_id IS NOT NULL THEN 'merged' ELSE 'prospect' END AS name
FROM s_application WHERE is_test OR merged_into_id IS NOT NULL OR is_prospect OR requisition_id IS NULL;

CREATE TEMP TABLE t_candidate AS
WITH RECURSIVE chain AS (
  SELECT id, merged_into_id AS survivor_id FROM s_candidate
  UNION
  SELECT chain.id, c.merged_into_id FROM chain JOIN s_candidate c ON c.id = chain.survivor_id
)
SELECT id, survivor_id FROM chain WHERE survivor_id NOT IN (SELECT id FROM s_candidate);

CREATE TEMP TABLE t_owner AS
SELECT requisition_id, from_at, arg_min(person_id, id) AS person_id, arg_min(coalesce(to_at, TIMESTAMP '9999-12-31'), id) AS to_at
FROM t_requisition_owner WHERE part = 'recruiter' GROUP BY requisition_id, from_at;

-- Offers of an application are one chain, in the order they were extended.
CREATE TEMP TABLE t_offer AS
SELECT o.*,
       row_number() OVER chain AS position,
       row_number() OVER (PARTITION BY application_id ORDER BY extended_at DESC, offer_key DESC, version DESC, id DESC) = 1
         AS is_last,
       min(extended_at) OVER (PARTITION BY application_id) AS first_extended_at
FROM s_offer_version o
WINDOW chain AS (PARTITION BY application_id ORDER BY extended_at, offer_key, version, id);

CREATE TEMP TABLE t_hire AS
SELECT application_id, arg_max(started_on, id) AS started_on FROM s_hire WHERE started_on IS NOT NULL
GROUP BY application_id;

CREATE TEMP TABLE t_application AS
SELECT a.id AS application_id, coalesce(c.survivor_id, a.candidate_id) AS candidate_id, a.requisition_id,
       coalesce(a.recruiter_id, CASE WHEN a.applied_at < w.to_at THEN w.person_id END, r.recruiter_id) AS recruiter_id,
       a.source_id, s.channel, a.is_internal, a.is_rehire, a.applied_at, a.ended_at, a.outcome, x.kind AS reason_kind,
       o.first_extended_at AS extended_at,
       -- a source without offers, or one that never marked the last answer, still says who was hired
       CASE WHEN o.answer = 'accepted' THEN coalesce(o.answered_at, a.ended_at, o.extended_at)
            WHEN a.outcome = 'hired' AND o.undone_at IS NULL THEN a.ended_at END AS accepted_at,
       o.undone_at, o.undone_by, h.started_on
FROM s_application a
JOIN t_requisition r ON r.requisition_id = a.requisition_id
LEFT JOIN t_candidate c ON c.id = a.candidate_id
LEFT JOIN s_source s ON s.id = a.source_id
LEFT JOIN s_exit_reason x ON x.id = a.exit_reason_id
LEFT JOIN t_offer o ON o.application_id = a.id AND o.is_last
LEFT JOIN t_hire h ON h.application_id = a.id
ASOF LEFT JOIN t_owner w ON w.requisition_id = a.requisition_id AND a.applied_at >= w.from_at
WHERE a.requisition_id IS NOT NULL AND NOT a.is_prospect AND NOT a.is_test AND a.merged_into_id IS NULL;
