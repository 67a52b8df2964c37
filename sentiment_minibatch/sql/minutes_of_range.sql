-- Grain: one row per minute of the range that has raw scores, or had some when it was aggregated last.
SELECT sentiment.period_ending_of(created_at) AS period_ending
FROM sentiment.raw_score
WHERE created_at >= %(start)s AND created_at < %(end)s
UNION
SELECT period_ending
FROM sentiment.market_minute
WHERE period_ending > %(start)s AND period_ending <= %(end)s
ORDER BY period_ending
