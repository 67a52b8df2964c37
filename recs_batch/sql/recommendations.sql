-- Recommendations with their reasons, in the order of publication, weights in units of 1/$unit.
-- Grain: one row per (user_id, rank, reason).
SELECT c.user_id, c.rank, c.item_id, c.score, 'connection' AS reason, p.via_id AS reason_id, p.weight AS reason_weight
FROM connected AS c
JOIN paths AS p ON p.user_id = c.user_id AND p.item_id = c.item_id
UNION ALL
SELECT user_id, rank, item_id, score * $unit,
    CASE WHEN room_id IS NULL THEN 'overall' ELSE 'community' END, room_id, score * $unit
FROM popular
ORDER BY user_id, rank, reason_weight DESC, reason_id
