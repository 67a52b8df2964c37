-- How many rows of each table are left out, in whole or in part, and why: each for one reason, the first that applies;
-- beside these, messages that mention somebody unknown. Grain: one row per (name, reason).
WITH judged AS (
    SELECT 'users' AS name,
        CASE WHEN id IS NULL OR active IS NULL THEN 'nulls' WHEN created_at >= $end THEN 'late' END AS reason
    FROM raw_users
    UNION ALL
    SELECT 'rooms' AS name,
        CASE WHEN id IS NULL OR active IS NULL THEN 'nulls' WHEN created_at >= $end THEN 'late' END AS reason
    FROM raw_rooms
    UNION ALL
    SELECT 'messages' AS name,
        CASE
            WHEN m.id IS NULL OR m.user_id IS NULL OR m.created_at IS NULL THEN 'nulls'
            WHEN m.created_at >= $end THEN 'late'
            WHEN u.id IS NULL THEN 'without_user'
            WHEN m.room_id IS NOT NULL AND r.id IS NULL THEN 'without_room'
        END AS reason
    FROM raw_messages AS m
    LEFT JOIN users AS u ON u.id = m.user_id
    LEFT JOIN rooms AS r ON r.id = m.room_id
    UNION ALL
    SELECT 'likes' AS name,
        CASE
            WHEN l.user_id IS NULL OR l.message_id IS NULL OR l.created_at IS NULL THEN 'nulls'
            WHEN l.created_at >= $end THEN 'late'
            WHEN u.id IS NULL THEN 'without_user'
            WHEN p.message_id IS NULL THEN 'without_target'
        END AS reason
    FROM raw_likes AS l
    LEFT JOIN users AS u ON u.id = l.user_id
    LEFT JOIN posts AS p ON p.message_id = l.message_id
    UNION ALL
    SELECT 'follows' AS name,
        CASE
            WHEN f.user_id IS NULL OR f.following_user_id IS NULL OR f.created_at IS NULL THEN 'nulls'
            WHEN f.created_at >= $end THEN 'late'
            WHEN u.id IS NULL THEN 'without_user'
            WHEN o.id IS NULL THEN 'without_target'
            WHEN f.user_id = f.following_user_id THEN 'to_oneself'
        END AS reason
    FROM raw_follows AS f
    LEFT JOIN users AS u ON u.id = f.user_id
    LEFT JOIN users AS o ON o.id = f.following_user_id
    UNION ALL
    SELECT 'subscriptions' AS name,
        CASE
            WHEN s.user_id IS NULL OR s.room_id IS NULL OR s.created_at IS NULL THEN 'nulls'
            WHEN s.created_at >= $end THEN 'late'
            WHEN u.id IS NULL THEN 'without_user'
            WHEN r.id IS NULL THEN 'without_target'
        END AS reason
    FROM raw_subscriptions AS s
    LEFT JOIN users AS u ON u.id = s.user_id
    LEFT JOIN rooms AS r ON r.id = s.room_id
    UNION ALL
    SELECT 'blocks' AS name, CASE WHEN user_id IS NULL OR blocked_user_id IS NULL THEN 'nulls' END AS reason
    FROM raw_blocks
    UNION ALL
    SELECT 'impressions' AS name,
        CASE
            WHEN i.user_id IS NULL OR i.kind IS NULL OR i.item_id IS NULL OR i.shown_at IS NULL THEN 'nulls'
            WHEN i.shown_at >= $end THEN 'late'
            WHEN u.id IS NULL OR coalesce(o.id, r.id) IS NULL THEN 'unknown'
        END AS reason
    FROM raw_impressions AS i
    LEFT JOIN users AS u ON u.id = i.user_id
    LEFT JOIN users AS o ON o.id = i.item_id AND i.kind = 'users'
    LEFT JOIN rooms AS r ON r.id = i.item_id AND i.kind = 'rooms'
    UNION ALL
    SELECT 'dismissals' AS name,
        CASE
            WHEN d.user_id IS NULL OR d.kind IS NULL OR d.item_id IS NULL THEN 'nulls'
            WHEN u.id IS NULL OR coalesce(o.id, r.id) IS NULL THEN 'unknown'
        END AS reason
    FROM raw_dismissals AS d
    LEFT JOIN users AS u ON u.id = d.user_id
    LEFT JOIN users AS o ON o.id = d.item_id AND d.kind = 'users'
    LEFT JOIN rooms AS r ON r.id = d.item_id AND d.kind = 'rooms'
),
counted AS (
    SELECT name, reason, count(*) AS rows
    FROM judged
    GROUP BY name, reason
),
distinct_rows AS (
    SELECT 'users' AS name, count(*) AS rows FROM users
    UNION ALL
    SELECT 'rooms' AS name, count(*) AS rows FROM rooms
    UNION ALL
    SELECT 'messages' AS name, count(*) AS rows FROM posts
    UNION ALL
    SELECT 'likes' AS name, count(*) AS rows FROM likes
    UNION ALL
    SELECT 'follows' AS name, count(*) AS rows FROM follows
    UNION ALL
    SELECT 'subscriptions' AS name, count(*) AS rows FROM subscriptions
)
SELECT name, reason, rows FROM counted WHERE reason IS NOT NULL
UNION ALL
SELECT d.name, 'repeats' AS reason, coalesce(c.rows, 0) - d.rows AS rows
FROM distinct_rows AS d
LEFT JOIN counted AS c ON c.name = d.name AND c.reason IS NULL
UNION ALL
SELECT 'messages' AS name, 'direct' AS reason, count(*) AS rows FROM posts WHERE room_id IS NULL
UNION ALL
SELECT 'messages' AS name, 'unknown_mentions' AS reason, count(DISTINCT n.message_id) AS rows
FROM (SELECT message_id, $unnest(mention_ids) AS other_id FROM posts) AS n
LEFT JOIN users AS u ON u.id = n.other_id
WHERE n.other_id IS NOT NULL AND u.id IS NULL
