-- What counts for the popularity of users: being followed. Grain: one row per (user_id, item_id).
SELECT user_id, other_id AS item_id FROM user_pairs WHERE linked = 1
