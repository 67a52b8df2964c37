-- The three users of the database, made by its master: sentiment_owner owns the schema (migrations, retention),
-- sentiment_job writes minutes and scores, sentiment_page reads. None has a password: RDS lets them in by IAM, a
-- server elsewhere by rules or passwords of its own. Run again it changes nothing.
DO $$
DECLARE
    item record;
BEGIN
    FOR item IN SELECT unnest(ARRAY['sentiment_owner', 'sentiment_job', 'sentiment_page']) AS name LOOP
        IF to_regrole(item.name) IS NULL THEN
            EXECUTE format('CREATE ROLE %I LOGIN', item.name);
        END IF;
        IF to_regrole('rds_iam') IS NOT NULL THEN
            EXECUTE format('GRANT rds_iam TO %I', item.name);
        END IF;
    END LOOP;
    EXECUTE format('GRANT CREATE ON DATABASE %I TO sentiment_owner', current_database());

    -- What an earlier user made becomes the owner's.
    GRANT sentiment_owner TO CURRENT_USER;
    IF to_regnamespace('sentiment') IS NOT NULL THEN
        ALTER SCHEMA sentiment OWNER TO sentiment_owner;
        FOR item IN
            SELECT oid::regclass AS name FROM pg_class
            WHERE relnamespace = 'sentiment'::regnamespace AND relkind IN ('r', 'p', 'v', 'm')
        LOOP
            EXECUTE format('ALTER TABLE %s OWNER TO sentiment_owner', item.name);
        END LOOP;
        FOR item IN SELECT oid::regprocedure AS name FROM pg_proc WHERE pronamespace = 'sentiment'::regnamespace LOOP
            EXECUTE format('ALTER ROUTINE %s OWNER TO sentiment_owner', item.name);
        END LOOP;
    END IF;
END
$$
