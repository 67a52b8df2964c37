-- What a delivered field means, or NULL where it means nothing. sentiment_minibatch/scores.py has the same rules for
-- engines outside the database; a test holds the two together. Each is one plain expression, which PostgreSQL inlines.

CREATE FUNCTION sentiment.message_id_of(field text) RETURNS bigint
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN CASE WHEN btrim(field, E' \t\r\n') ~ '^[0-9]{1,18}$' THEN btrim(field, E' \t\r\n')::bigint END;

CREATE FUNCTION sentiment.symbol_of(field text) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN CASE
    WHEN btrim(field, E' \t\r\n') COLLATE "C" ~ '^\$?[A-Za-z][A-Za-z0-9._-]{0,14}$'
    THEN upper(ltrim(btrim(field, E' \t\r\n'), '$') COLLATE "C")
END;

CREATE FUNCTION sentiment.score_micros_of(field text) RETURNS integer
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN CASE
    WHEN length(btrim(field, E' \t\r\n')) <= 40
     AND btrim(field, E' \t\r\n') ~ '^[+-]?([0-9]+(\.[0-9]*)?|\.[0-9]+)([eE][+-]?[0-9]{1,2})?$'
    THEN CASE
        WHEN abs(btrim(field, E' \t\r\n')::numeric) <= 1
        THEN round(btrim(field, E' \t\r\n')::numeric * 1000000)::integer
    END
END;

-- RFC 3339, years 2000 to 2099, an offset is required; digits beyond microseconds are dropped, so that no time is
-- rounded into the next minute.
CREATE FUNCTION sentiment.time_of(field text) RETURNS timestamptz
LANGUAGE sql STABLE PARALLEL SAFE
RETURN CASE
    WHEN btrim(field, E' \t\r\n') ~
         '^20[0-9]{2}-[0-9]{2}-[0-9]{2}[Tt ]([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9](\.[0-9]{1,9})?([Zz]|[+-](0[0-9]|1[0-4]):[0-5][0-9])$'
    THEN CASE
        WHEN pg_input_is_valid(btrim(field, E' \t\r\n'), 'timestamptz')
        THEN regexp_replace(btrim(field, E' \t\r\n'), '(\.[0-9]{6})[0-9]+', '\1')::timestamptz
    END
END;

CREATE FUNCTION sentiment.period_ending_of(created_at timestamptz) RETURNS timestamptz
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN date_bin('1 minute', created_at, '2000-01-01T00:00:00Z') + interval '1 minute';
