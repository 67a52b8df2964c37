-- The matrix P = (A'A * Di^-1/2 * Dj^-popularity)^power of similarities in units of 1/4194304, the greatest of each
-- source, ties by id; the more are linked to it, and the larger the network, the fewer. Grain: one row per (is_room, source_id, item_id).
WITH size AS (
    SELECT ($small $quotient greatest(count(*), 1)) * ($small $quotient greatest(count(*), 1)) AS affordable
    FROM filter_links
),
degrees AS (
    SELECT l.is_room, l.target_id, CAST(sum(l.weight) AS BIGINT) / 1024e0 AS degree,
        least(greatest($read $quotient count(*), max(s.affordable), $fewest), $most) AS kept
    FROM filter_links AS l
    CROSS JOIN size AS s
    GROUP BY l.is_room, l.target_id
),
sums AS (
    SELECT a.is_room, a.target_id AS source_id, b.target_id AS item_id, CAST(sum(a.scaled * b.scaled) AS BIGINT) AS total
    FROM filter_scaled AS a
    JOIN filter_scaled AS b ON b.user_id = a.user_id AND b.is_room = $is_room
    GROUP BY a.is_room, a.target_id, b.target_id
),
valued AS (
    SELECT s.is_room, s.source_id, s.item_id, i.kept,
        s.total / 4294967296e0 * ((1e0 / sqrt(i.degree)) * (1e0 / $popularity)) AS similarity
    FROM sums AS s
    JOIN degrees AS i ON i.is_room = s.is_room AND i.target_id = s.source_id
    JOIN degrees AS j ON j.is_room = $is_room AND j.target_id = s.item_id
),
ranked AS (
    SELECT is_room, source_id, item_id, kept, similarity,
        row_number() OVER (PARTITION BY is_room, source_id ORDER BY similarity DESC, item_id) AS place
    FROM valued
)
SELECT is_room, source_id, item_id, weight
FROM (
    SELECT r.is_room, r.source_id, r.item_id,
        least(CAST(floor(4194304e0 * $power + 0.5e0) AS BIGINT), 67108863) AS weight
    FROM ranked AS r
    WHERE r.place <= r.kept
) AS rounded
WHERE weight > 0
