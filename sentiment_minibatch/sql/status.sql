-- Grain: one row: how far the job is, what waits, and what the last hour of its work was like.
SELECT aggregated_through,
       extract(epoch FROM clock_timestamp() - aggregated_through)::float8 AS lag_seconds,
       revision,
       kept_from,
       pending.*,
       work.*,
       (SELECT count(*) FROM sentiment.rejected_score WHERE rejected_at > clock_timestamp() - interval '24 hours')
           AS rejected_in_24_hours,
       (SELECT count(*) FROM sentiment.set_aside_file) AS files_set_aside
FROM sentiment.progress
CROSS JOIN (
    SELECT count(DISTINCT changed_minute.period_ending) AS pending_minutes,
           coalesce(sum(changed_messages), 0)::bigint AS pending_messages,
           count(DISTINCT changed_minute.period_ending) FILTER (WHERE period_ending <= passed) AS late_minutes_pending
    FROM sentiment.changed_minute
    CROSS JOIN (SELECT aggregated_through AS passed FROM sentiment.progress) AS watermark
) AS pending
CROSS JOIN (
    SELECT count(*) AS minutes_in_last_hour,
           coalesce(sum(bullish_count + bearish_count + neutral_count), 0)::bigint AS messages_in_last_hour,
           coalesce(sum(late_messages), 0)::bigint AS late_messages_in_last_hour,
           (sum(bullish_count + bearish_count + neutral_count)
            / nullif(extract(epoch FROM sum(elapsed)), 0))::float8 AS messages_per_busy_second,
           extract(epoch FROM max(elapsed))::float8 AS slowest_minute_seconds
    FROM sentiment.market_minute
    WHERE aggregated_at > clock_timestamp() - interval '1 hour'
) AS work
