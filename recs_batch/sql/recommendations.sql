-- Recommendations with their reasons, the heaviest $most_reasons of each, with their places; weights in units of 1/$unit.
-- Grain: one row per (user_id, rank, place).
SELECT user_id, rank, item_id, score, reason, reason_id, reason_weight, place
FROM (
    SELECT c.user_id, c.rank, c.item_id, c.score,
        CASE WHEN p.via_is_room = 1 THEN 'room' WHEN p.via_id = c.user_id THEN 'followers' ELSE 'connection' END AS reason,
        p.via_id AS reason_id, p.weight AS reason_weight,
        row_number() OVER (
            PARTITION BY c.user_id, c.rank ORDER BY p.weight DESC, p.via_is_room, p.via_id
        ) AS place
    FROM connected AS c
    JOIN paths AS p ON p.user_id = c.user_id AND p.item_id = c.item_id
    UNION ALL
    SELECT user_id, rank, item_id, 0 AS score, 'overall' AS reason, NULL AS reason_id, links * $unit AS reason_weight, 1 AS place
    FROM popular
) AS told
WHERE place <= $most_reasons
