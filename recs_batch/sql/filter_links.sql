-- The matrix J of links in units of 1/1024: to users, among them everybody to themselves, and to rooms; of each user the
-- $most_links heaviest. Grain: one row per (user_id, is_room, target_id).
SELECT user_id, is_room, target_id, weight
FROM (
    SELECT user_id, is_room, target_id, weight,
        row_number() OVER (PARTITION BY user_id ORDER BY weight DESC, is_room, target_id) AS place
    FROM (
        SELECT user_id, 0 AS is_room, other_id AS target_id,
            linked * 1024 + ($engagement * events) $quotient (events + $half) AS weight
        FROM user_pairs
        UNION ALL
        SELECT id AS user_id, 0 AS is_room, id AS target_id, CAST($own AS BIGINT) AS weight
        FROM users
        WHERE active
        UNION ALL
        SELECT user_id, 1 AS is_room, room_id AS target_id,
            ($rooms * (linked * 1024 + ($engagement * events) $quotient (events + $half))) $quotient 1024 AS weight
        FROM room_pairs
    ) AS weighted
    WHERE weight > 0
) AS ranked
WHERE place <= $most_links
