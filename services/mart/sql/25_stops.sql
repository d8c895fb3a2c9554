-- Why a requisition's clocks stood still, stop by stop.
INSERT INTO requisition_stop BY NAME
SELECT requisition_id, kind, scope, scope_value, from_at, to_at FROM t_one_stop
ORDER BY requisition_id, from_at, kind, scope, scope_value, to_at;
