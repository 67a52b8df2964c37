-- Pairs of users of whom one blocked the other, in both directions. Grain: one row per (user_id, other_id).
SELECT b.user_id, b.blocked_user_id AS other_id FROM raw_blocks AS b
UNION
SELECT b.blocked_user_id AS user_id, b.user_id AS other_id FROM raw_blocks AS b
