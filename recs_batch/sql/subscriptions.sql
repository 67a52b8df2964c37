-- Which rooms every user has joined, on the run's date. Grain: one row per (user_id, room_id).
SELECT s.user_id, s.room_id, max($subscription) AS weight
FROM raw_subscriptions AS s
JOIN users AS u ON u.id = s.user_id
JOIN rooms AS r ON r.id = s.room_id
WHERE s.created_at < $end
GROUP BY s.user_id, s.room_id
