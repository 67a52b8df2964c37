-- For active users whom no connection leads anywhere: what is popular in their community (the users with the same
-- closest room), then what is popular overall. Grain: one row per (user_id, rank), up to $top.
WITH unserved AS (
    SELECT u.id AS user_id, h.room_id, coalesce(x.items, 0) AS excluded
    FROM users AS u
    ANTI JOIN connected AS c ON c.user_id = u.id
    LEFT JOIN closest_rooms AS h ON h.user_id = u.id AND h.rank = 1
    LEFT JOIN (SELECT user_id, count(*) AS items FROM excluded GROUP BY user_id) AS x ON x.user_id = u.id
    WHERE u.active
),
in_community AS (
    SELECT h.room_id, l.item_id, count(*) AS score,
        row_number() OVER (PARTITION BY h.room_id ORDER BY count(*) DESC, l.item_id) AS place
    FROM links AS l
    JOIN closest_rooms AS h ON h.user_id = l.user_id AND h.rank = 1
    JOIN items AS i ON i.id = l.item_id AND i.active
    GROUP BY h.room_id, l.item_id
),
overall AS (
    SELECT l.item_id, count(*) AS score, row_number() OVER (ORDER BY count(*) DESC, l.item_id) AS place
    FROM links AS l
    JOIN items AS i ON i.id = l.item_id AND i.active
    GROUP BY l.item_id
),
candidates AS (
    SELECT u.user_id, c.item_id, c.score, c.room_id, 1 AS preference
    FROM unserved AS u
    JOIN in_community AS c ON c.room_id = u.room_id AND c.place <= u.excluded + $top
    UNION ALL
    SELECT u.user_id, o.item_id, o.score, NULL AS room_id, 2 AS preference
    FROM unserved AS u
    JOIN overall AS o ON o.place <= u.excluded + 2 * $top
),
preferred AS (
    SELECT c.user_id, c.item_id, c.score, c.room_id, c.preference,
        row_number() OVER (PARTITION BY c.user_id, c.item_id ORDER BY c.preference) AS occurrence
    FROM candidates AS c
    ANTI JOIN excluded AS e ON e.user_id = c.user_id AND e.item_id = c.item_id
)
SELECT user_id, item_id, score, room_id, rank
FROM (
    SELECT user_id, item_id, score, room_id,
        row_number() OVER (PARTITION BY user_id ORDER BY preference, score DESC, item_id) AS rank
    FROM preferred
    WHERE occurrence = 1
) AS ranked
WHERE rank <= $top
