-- Which active rooms every user has joined, and the $most_unlinked others with the most engagement: messages there and
-- likes of messages there. Grain: one row per (user_id, room_id).
SELECT user_id, room_id, CAST(least(events, 2147483647) AS BIGINT) AS events, linked
FROM (
    SELECT user_id, room_id, events, linked,
        row_number() OVER (PARTITION BY user_id, linked ORDER BY events DESC, room_id) AS place
    FROM (
        SELECT e.user_id, e.room_id, CAST(sum(e.events) AS BIGINT) AS events, max(e.linked) AS linked
        FROM (
            SELECT user_id, room_id, weight AS events, 0 AS linked FROM posts
            UNION ALL
            SELECT user_id, room_id, weight AS events, 0 AS linked FROM likes
            UNION ALL
            SELECT user_id, room_id, 0 AS events, 1 AS linked FROM subscriptions
        ) AS e
        JOIN rooms AS r ON r.id = e.room_id AND r.active
        GROUP BY e.user_id, e.room_id
        HAVING sum(e.events) > 0 OR max(e.linked) = 1
    ) AS counted
) AS ranked
WHERE linked = 1 OR place <= $most_unlinked
