-- Moves the progress of the page. A minute is over when a final revision of it has come and none of it is open any more, or
-- when a later one is over. The minute that fills is shown too, as open; a message dated ahead of the clock opens none.
WITH latest AS (
    SELECT max(period_ending) AS period_ending
    FROM sentiment.stream_minute
    WHERE final AND period_ending IN (SELECT period_ending FROM changed)
),
closed AS (
    SELECT CASE WHEN EXISTS (SELECT FROM sentiment.stream_minute AS open
                             WHERE NOT open.final AND open.period_ending = latest.period_ending)
                THEN period_ending - interval '1 minute' ELSE period_ending END AS through
    FROM latest
),
filling AS (
    SELECT max(period_ending) AS through
    FROM sentiment.stream_minute
    WHERE NOT final AND period_ending <= sentiment.period_ending_of(clock_timestamp())
)
UPDATE sentiment.progress
SET aggregated_through = greatest(aggregated_through, closed.through),
    open_through = greatest(open_through, aggregated_through, closed.through, filling.through),
    revision = progress.revision + 1
FROM closed, filling
WHERE EXISTS (SELECT FROM changed)
