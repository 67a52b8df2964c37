-- What users dismissed of a kind, and how often the score of what they were shown is halved: once for every $shown_days
-- days of the last 28 on which it was shown. Grain: one row per (user_id, item_id).
SELECT user_id, item_id, max(dismissed) AS dismissed, max(halvings) AS halvings
FROM (
    SELECT user_id, item_id, 1 AS dismissed, 0 AS halvings
    FROM raw_dismissals
    WHERE kind = '$kind'
    UNION ALL
    SELECT user_id, item_id, 0 AS dismissed, CAST(count(*) $quotient $shown_days AS INT) AS halvings
    FROM (
        SELECT DISTINCT user_id, item_id, $day_shown AS day
        FROM raw_impressions
        WHERE kind = '$kind' AND shown_at < $end AND shown_at >= $shown_from
    ) AS days
    GROUP BY user_id, item_id
) AS told
GROUP BY user_id, item_id
