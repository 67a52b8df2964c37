-- Recommendations that connections lead to, best first, ties by id. Grain: one row per (user_id, rank), up to $top.
SELECT user_id, item_id, score, rank
FROM (
    SELECT user_id, item_id, score,
        row_number() OVER (PARTITION BY user_id ORDER BY score DESC, item_id) AS rank
    FROM (
        SELECT p.user_id, p.item_id, CAST(sum(p.weight) AS BIGINT) AS score
        FROM paths AS p
        JOIN users AS u ON u.id = p.user_id AND u.active
        JOIN items AS i ON i.id = p.item_id AND i.active
        ANTI JOIN excluded AS e ON e.user_id = p.user_id AND e.item_id = p.item_id
        GROUP BY p.user_id, p.item_id
    ) AS scored
) AS ranked
WHERE rank <= $top
