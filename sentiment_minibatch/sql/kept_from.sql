-- The start of the oldest day that stays: by the retention, but never after a minute that waits to be aggregated.
SELECT greatest(
    kept_from,
    date_trunc(
        'day',
        least(
            clock_timestamp() - %(retention)s,
            aggregated_through,
            (SELECT min(period_ending) - interval '1 minute' FROM sentiment.changed_minute)
        ),
        'UTC'
    )
)
FROM sentiment.progress
