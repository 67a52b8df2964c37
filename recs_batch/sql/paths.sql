-- Ways from a user over a link to the items of a kind; each counts the link's weight times the similarity.
-- Grain: one row per (user_id, via_is_room, via_id, item_id).
SELECT l.user_id, l.is_room AS via_is_room, l.target_id AS via_id, s.item_id, l.weight * s.weight AS weight
FROM filter_links AS l
JOIN similarities AS s ON s.is_room = l.is_room AND s.source_id = l.target_id
