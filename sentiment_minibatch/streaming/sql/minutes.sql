-- Grain: one row per (symbol, period_ending), first when the watermark passes its end and again for every late row.
-- It is a group window, not the TUMBLE table function: only the former can fire again, and so lose no late row
-- (`table.exec.emit.late-fire` in job.py).
--
-- COUNT(created_at_micros) is COUNT(*), as no delivery lacks its time. So this and `came_too_late` need the same columns
-- of `counted`, and Flink deduplicates once for both; it would do so for each set of columns.
CREATE TEMPORARY VIEW minutes AS
SELECT symbol,
       DATE_FORMAT(TUMBLE_END(event_time, INTERVAL '1' MINUTE), 'yyyy-MM-dd''T''HH:mm:ss''Z''') AS period_ending,
       SUM(CAST(bullish_micros AS BIGINT))                                AS bullish_sum,
       SUM(CAST(bearish_micros AS BIGINT))                                AS bearish_sum,
       COUNT(created_at_micros) FILTER (WHERE bullish_micros > 0)         AS bullish_count,
       COUNT(created_at_micros) FILTER (WHERE bearish_micros < 0)         AS bearish_count,
       COUNT(created_at_micros) FILTER (WHERE bullish_micros = 0 AND bearish_micros = 0) AS neutral_count,
       SUM(CAST(late AS BIGINT))                                          AS late_count
FROM counted
WHERE late < 2
GROUP BY symbol, TUMBLE(event_time, INTERVAL '1' MINUTE)
