-- What the job and the page may do, after every migration; where `create-roles` has not run there is nobody to allow.
DO $$
BEGIN
    IF to_regrole('sentiment_job') IS NULL OR to_regrole('sentiment_page') IS NULL THEN
        RETURN;
    END IF;
    GRANT USAGE ON SCHEMA sentiment TO sentiment_job, sentiment_page;
    GRANT SELECT ON ALL TABLES IN SCHEMA sentiment TO sentiment_job, sentiment_page;
    GRANT INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA sentiment TO sentiment_job;
    REVOKE INSERT, UPDATE, DELETE ON sentiment.migration FROM sentiment_job;
    GRANT USAGE ON ALL SEQUENCES IN SCHEMA sentiment TO sentiment_job;
    -- The job makes a day's partitions by this function and no table otherwise: it runs as the owner, for the job alone.
    ALTER FUNCTION sentiment.ensure_partitions(date[]) SECURITY DEFINER SET search_path = pg_catalog, sentiment, pg_temp;
    REVOKE EXECUTE ON FUNCTION sentiment.ensure_partitions(date[]) FROM PUBLIC;
    GRANT EXECUTE ON FUNCTION sentiment.ensure_partitions(date[]) TO sentiment_job;
END
$$
