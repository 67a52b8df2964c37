-- Grain: one row per (symbol, period_ending), first when the watermark passes its end and again for every late row.
-- It is a group window, not the TUMBLE table function: only the former can fire again, and so lose no late row
-- (`table.exec.emit.late-fire` in job.py).
SELECT symbol,
       DATE_FORMAT(TUMBLE_END(event_time, INTERVAL '1' MINUTE), 'yyyy-MM-dd''T''HH:mm:ss''Z''') AS period_ending,
       SUM(CAST(bullish_micros AS BIGINT))                                AS bullish_sum,
       SUM(CAST(bearish_micros AS BIGINT))                                AS bearish_sum,
       COUNT(*) FILTER (WHERE bullish_micros > 0)                         AS bullish_count,
       COUNT(*) FILTER (WHERE bearish_micros < 0)                         AS bearish_count,
       COUNT(*) FILTER (WHERE bullish_micros = 0 AND bearish_micros = 0)  AS neutral_count,
       SUM(CAST(late AS BIGINT))                                          AS late_count
FROM counted
WHERE NOT too_late
GROUP BY symbol, TUMBLE(event_time, INTERVAL '1' MINUTE)
