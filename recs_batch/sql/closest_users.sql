-- The users closest to every user: active, not blocked, greatest weight first, ties by id.
-- Grain: one row per (user_id, rank), rank from 1 to $closest.
SELECT user_id, other_id, least(weight, 2147483647) AS weight, rank
FROM (
    SELECT e.user_id, e.other_id, e.weight,
        row_number() OVER (PARTITION BY e.user_id ORDER BY e.weight DESC, e.other_id) AS rank
    FROM user_engagement AS e
    JOIN users AS o ON o.id = e.other_id AND o.active
    ANTI JOIN blocked AS b ON b.user_id = e.user_id AND b.other_id = e.other_id
) AS ranked
WHERE rank <= $closest
