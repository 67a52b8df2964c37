-- Whom every user is linked to, and the $most_unlinked others with the most engagement: mentions and likes of their
-- messages. Targets are active, and no block is between the two. Grain: one row per (user_id, other_id).
SELECT user_id, other_id, CAST(least(events, 2147483647) AS BIGINT) AS events, linked
FROM (
    SELECT user_id, other_id, events, linked,
        row_number() OVER (PARTITION BY user_id, linked ORDER BY events DESC, other_id) AS place
    FROM (
        SELECT e.user_id, e.other_id, CAST(sum(e.events) AS BIGINT) AS events, max(e.linked) AS linked
        FROM (
            SELECT user_id, other_id, weight AS events, 0 AS linked FROM mentions
            UNION ALL
            SELECT user_id, author_id AS other_id, weight AS events, 0 AS linked FROM likes
            UNION ALL
            SELECT user_id, other_id, 0 AS events, 1 AS linked FROM follows
        ) AS e
        JOIN users AS o ON o.id = e.other_id AND o.active
        ANTI JOIN blocked AS b ON b.user_id = e.user_id AND b.other_id = e.other_id
        WHERE e.user_id <> e.other_id
        GROUP BY e.user_id, e.other_id
        HAVING sum(e.events) > 0 OR max(e.linked) = 1
    ) AS counted
) AS ranked
WHERE linked = 1 OR place <= $most_unlinked
