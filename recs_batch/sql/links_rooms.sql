-- What counts for the popularity of rooms: being joined. Grain: one row per (user_id, item_id).
SELECT user_id, room_id AS item_id FROM room_pairs WHERE linked = 1
