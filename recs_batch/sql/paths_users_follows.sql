-- Ways from a user over a close connection to whomever that one follows; each counts W(user, connection).
-- Grain: one row per (user_id, via_id, item_id).
SELECT a.user_id, 0 AS via_is_room, a.other_id AS via_id, f.other_id AS item_id, a.weight
FROM closest_users AS a
JOIN follows AS f ON f.user_id = a.other_id
