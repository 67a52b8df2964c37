-- Recommendations that connections lead to, best first, ties by id; what was shown on many days sinks. Grain: one row per (user_id, rank), up to $top.
SELECT user_id, item_id, score, rank
FROM (
    SELECT user_id, item_id, score,
        row_number() OVER (PARTITION BY user_id ORDER BY score DESC, item_id) AS rank
    FROM (
        SELECT p.user_id, p.item_id,
            CASE
                WHEN max(f.halvings) > 0
                THEN greatest(CAST(sum(p.weight) AS BIGINT) $quotient CAST(power(2e0, max(f.halvings)) AS BIGINT), 1)
                ELSE CAST(sum(p.weight) AS BIGINT)
            END AS score
        FROM paths AS p
        JOIN users AS u ON u.id = p.user_id AND u.active
        JOIN items AS i ON i.id = p.item_id AND i.active
        LEFT JOIN feedback AS f ON f.user_id = p.user_id AND f.item_id = p.item_id
        ANTI JOIN excluded AS e ON e.user_id = p.user_id AND e.item_id = p.item_id
        GROUP BY p.user_id, p.item_id
    ) AS scored
) AS ranked
WHERE rank <= $top
