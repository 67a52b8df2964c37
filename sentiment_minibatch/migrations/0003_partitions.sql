-- Grain: one row per partition of raw scores: its day (UTC), and whether it is that of the late ones.
CREATE VIEW sentiment.raw_partition AS
SELECT relname AS name, to_date(right(relname, 8), 'YYYYMMDD') AS day, inhparent = 'sentiment.raw_score_late'::regclass AS late
FROM pg_class
JOIN pg_inherits ON inhrelid = oid
WHERE inhparent IN ('sentiment.raw_score_on_time'::regclass, 'sentiment.raw_score_late'::regclass);

-- Makes the partitions of raw_score for the days (UTC) that have none. A table is made on its own and then attached,
-- which lets readers and writers of the other days go on.
CREATE FUNCTION sentiment.ensure_partitions(days date[]) RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
    missing record;
BEGIN
    IF NOT EXISTS (SELECT unnest(days) EXCEPT SELECT day FROM sentiment.raw_partition) THEN
        RETURN;
    END IF;
    PERFORM pg_advisory_xact_lock(7031002);
    FOR missing IN
        SELECT day, parent, parent || to_char(day, '"_"YYYYMMDD') AS name
        FROM (SELECT unnest(days) EXCEPT SELECT raw_partition.day FROM sentiment.raw_partition) AS wanted (day)
        CROSS JOIN unnest(ARRAY['raw_score_on_time', 'raw_score_late']) AS parent
        ORDER BY day, parent
    LOOP
        EXECUTE format('CREATE TABLE sentiment.%I (LIKE sentiment.%I INCLUDING DEFAULTS INCLUDING CONSTRAINTS)',
                       missing.name, missing.parent);
        EXECUTE format('ALTER TABLE sentiment.%I ATTACH PARTITION sentiment.%I FOR VALUES FROM (%L) TO (%L)',
                       missing.parent, missing.name,
                       missing.day::timestamp AT TIME ZONE 'UTC', (missing.day + 1)::timestamp AT TIME ZONE 'UTC');
    END LOOP;
END $$;
