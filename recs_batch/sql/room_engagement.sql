-- W(u, r) = subscriptions + messages posted there + likes of messages there.
-- Grain: one row per (user_id, room_id) with a weight above 0.
SELECT user_id, room_id, CAST(sum(weight) AS BIGINT) AS weight
FROM (
    SELECT user_id, room_id, weight FROM subscriptions
    UNION ALL
    SELECT user_id, room_id, weight FROM posts
    UNION ALL
    SELECT user_id, room_id, weight FROM likes
) AS engagement
WHERE room_id IS NOT NULL
GROUP BY user_id, room_id
HAVING sum(weight) > 0
