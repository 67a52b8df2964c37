-- Who mentioned whom; somebody named twice in a message is mentioned once. Grain: one row per (message_id, other_id).
SELECT DISTINCT n.message_id, n.user_id, n.other_id, n.weight
FROM (SELECT message_id, user_id, $unnest(mention_ids) AS other_id, mention_weight AS weight FROM posts) AS n
JOIN users AS o ON o.id = n.other_id
