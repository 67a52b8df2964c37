-- Whom not to recommend to a user: already followed, blocked or blocking, dismissed. Grain: one row per (user_id, item_id).
SELECT user_id, other_id AS item_id FROM follows
UNION
SELECT user_id, other_id AS item_id FROM blocked
UNION
SELECT id AS user_id, id AS item_id FROM users
UNION
SELECT user_id, item_id FROM feedback WHERE dismissed = 1
