-- What the scorer count starts from: the close connections of a user, all alike. Grain: one row per (user_id, target_id).
SELECT user_id, 0 AS is_room, other_id AS target_id, CAST(1 AS BIGINT) AS weight FROM closest_users
