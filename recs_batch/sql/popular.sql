-- What is popular, for active users whom connections lead to fewer than $top items: ranked behind those, what sinks last.
-- Grain: one row per (user_id, rank), up to $top.
WITH unserved AS (
    SELECT u.id AS user_id, coalesce(c.items, 0) AS found, coalesce(x.items, 0) AS excluded, coalesce(f.items, 0) AS sunk
    FROM users AS u
    LEFT JOIN (SELECT user_id, count(*) AS items FROM connected GROUP BY user_id) AS c ON c.user_id = u.id
    LEFT JOIN (SELECT user_id, count(*) AS items FROM excluded GROUP BY user_id) AS x ON x.user_id = u.id
    LEFT JOIN (SELECT user_id, count(*) AS items FROM feedback WHERE halvings > 0 GROUP BY user_id) AS f ON f.user_id = u.id
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
        u.found + row_number() OVER (PARTITION BY u.user_id ORDER BY CASE WHEN f.halvings > 0 THEN 1 ELSE 0 END, o.place) AS rank
    FROM unserved AS u
    JOIN overall AS o ON o.place <= u.excluded + u.sunk + $top
    LEFT JOIN feedback AS f ON f.user_id = u.user_id AND f.item_id = o.item_id
    ANTI JOIN excluded AS e ON e.user_id = u.user_id AND e.item_id = o.item_id
    ANTI JOIN connected AS c ON c.user_id = u.user_id AND c.item_id = o.item_id
) AS ranked
WHERE rank <= $top
