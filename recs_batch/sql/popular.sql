-- What is popular, for active users whom connections lead to fewer than $top items: ranked behind those.
-- Grain: one row per (user_id, rank), up to $top.
WITH unserved AS (
    SELECT u.id AS user_id, coalesce(c.items, 0) AS found, coalesce(x.items, 0) AS excluded
    FROM users AS u
    LEFT JOIN (SELECT user_id, count(*) AS items FROM connected GROUP BY user_id) AS c ON c.user_id = u.id
    LEFT JOIN (SELECT user_id, count(*) AS items FROM excluded GROUP BY user_id) AS x ON x.user_id = u.id
    WHERE u.active AND coalesce(c.items, 0) < $top
),
overall AS (
    SELECT l.item_id, count(*) AS links, row_number() OVER (ORDER BY count(*) DESC, l.item_id) AS place
    FROM links AS l
    JOIN items AS i ON i.id = l.item_id AND i.active
    GROUP BY l.item_id
)
SELECT user_id, item_id, links, rank
FROM (
    SELECT u.user_id, o.item_id, o.links,
        u.found + row_number() OVER (PARTITION BY u.user_id ORDER BY o.place) AS rank
    FROM unserved AS u
    JOIN overall AS o ON o.place <= u.excluded + $top
    ANTI JOIN excluded AS e ON e.user_id = u.user_id AND e.item_id = o.item_id
    ANTI JOIN connected AS c ON c.user_id = u.user_id AND c.item_id = o.item_id
) AS ranked
WHERE rank <= $top
