-- W(u, v) = follows + mentions + likes of v's messages. Grain: one row per (user_id, other_id) with a weight above 0.
SELECT user_id, other_id, CAST(sum(weight) AS BIGINT) AS weight
FROM (
    SELECT user_id, other_id, weight FROM follows
    UNION ALL
    SELECT user_id, other_id, weight FROM mentions
    UNION ALL
    SELECT user_id, author_id AS other_id, weight FROM likes
) AS engagement
WHERE user_id <> other_id
GROUP BY user_id, other_id
HAVING sum(weight) > 0
