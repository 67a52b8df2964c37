-- The active rooms closest to every user, greatest weight first, ties by id.
-- Grain: one row per (user_id, rank), rank from 1 to $closest.
SELECT user_id, room_id, least(weight, 2147483647) AS weight, rank
FROM (
    SELECT e.user_id, e.room_id, e.weight,
        row_number() OVER (PARTITION BY e.user_id ORDER BY e.weight DESC, e.room_id) AS rank
    FROM room_engagement AS e
    JOIN rooms AS r ON r.id = e.room_id AND r.active
) AS ranked
WHERE rank <= $closest
