-- What the scorer count starts from: the close connections of a user, each with W(user, connection).
-- Grain: one row per (user_id, target_id).
SELECT user_id, 0 AS is_room, other_id AS target_id, weight FROM closest_users
