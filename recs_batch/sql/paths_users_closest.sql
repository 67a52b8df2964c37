-- Ways from a user over a close connection to whoever is closest to that one; each counts W(connection, item).
-- Grain: one row per (user_id, via_id, item_id).
SELECT a.user_id, 0 AS via_is_room, a.other_id AS via_id, b.other_id AS item_id, b.weight
FROM closest_users AS a
JOIN closest_users AS b ON b.user_id = a.other_id
