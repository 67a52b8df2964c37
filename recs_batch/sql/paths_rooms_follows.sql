-- Ways from a user over a close connection to the rooms that one has joined; each counts W(user, connection).
-- Grain: one row per (user_id, via_id, item_id).
SELECT a.user_id, 0 AS via_is_room, a.other_id AS via_id, s.room_id AS item_id, a.weight
FROM closest_users AS a
JOIN subscriptions AS s ON s.user_id = a.other_id
