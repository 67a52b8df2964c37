-- The links with A, which is J divided by the root of its row's sum, in units of 1/65536.
-- Grain: one row per (user_id, is_room, target_id).
SELECT l.user_id, l.is_room, l.target_id, l.weight,
    greatest(CAST(floor(l.weight * 64e0 / sqrt(d.degree / 1024e0) + 0.5e0) AS BIGINT), 1) AS scaled
FROM filter_links AS l
JOIN (
    SELECT user_id, CAST(sum(weight) AS BIGINT) AS degree
    FROM filter_links
    GROUP BY user_id
) AS d ON d.user_id = l.user_id
