-- Rooms not to recommend to a user: those already joined, and dismissed. Grain: one row per (user_id, item_id).
SELECT user_id, room_id AS item_id FROM subscriptions
UNION
SELECT user_id, item_id FROM feedback WHERE dismissed = 1
