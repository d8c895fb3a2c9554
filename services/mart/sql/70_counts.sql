-- What was left out and why, by application and seat, so that an increment can replace exactly its part.
INSERT INTO left_out BY NAME
SELECT 'application' AS kind, application_id AS entity_id, name, count(*) AS value FROM (
  SELECT application_id, name FROM t_left_out
  UNION ALL
  SELECT application_id, 'reverted_visit' FROM t_reverted SEMI JOIN t_application USING (application_id)
  UNION ALL
  SELECT application_id, 'negative_visit' FROM t_visit WHERE exited_at < entered_at
  UNION ALL
  SELECT application_id, 'negative_time_to_hire' FROM t_application WHERE accepted_at < applied_at
  UNION ALL
  SELECT application_id, 'feedback_before_end' FROM t_feedback WHERE submitted_at < due_from_at
) GROUP BY ALL
UNION ALL
SELECT 'seat', seat_id, name, count(*) FROM (
  SELECT o.id AS seat_id, 'undone_fill' AS name FROM t_opening o
  JOIN t_application a ON a.application_id = o.application_id WHERE o.filled_at IS NOT NULL AND a.undone_at IS NOT NULL
  UNION ALL
  SELECT id, 'negative_seat' FROM t_opening WHERE filled_at < opened_at OR cancelled_at < opened_at
) GROUP BY ALL;
