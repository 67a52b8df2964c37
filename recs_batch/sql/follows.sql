-- Whom every user follows, on the run's date. Grain: one row per (user_id, other_id).
SELECT f.user_id, f.following_user_id AS other_id, max($follow) AS weight
FROM raw_follows AS f
JOIN users AS u ON u.id = f.user_id
JOIN users AS o ON o.id = f.following_user_id
WHERE f.created_at < $end AND f.user_id <> f.following_user_id
GROUP BY f.user_id, f.following_user_id
