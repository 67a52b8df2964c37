-- The rooms who were there at the end of the run's date, and whether they are active. Grain: one row per id.
SELECT id, bool_and(active) AS active
FROM raw_rooms
WHERE id IS NOT NULL AND active IS NOT NULL AND (created_at IS NULL OR created_at < $end)
GROUP BY id
