-- Grain: one row per (message_id, symbol): of its deliveries the least by (created_at, score), as in the mini-batch.
-- A better delivery that comes later withdraws the row that counted until then.
--
-- The order is one descending number, not two ascending columns: of those Flink 2.2 believes that their first row is
-- never replaced, and a message whose deliveries disagree would count twice (FLINK-39966, FLINK-40368). A score lies in
-- [-1000000, 1000000], hence the factor.
CREATE TEMPORARY VIEW counted AS
SELECT message_id, symbol, created_at_micros, event_time, bullish_micros, bearish_micros, late
FROM (
    SELECT *,
           ROW_NUMBER() OVER (
               PARTITION BY message_id, symbol
               ORDER BY - (CAST(created_at_micros AS DECIMAL(16, 0)) * 2000001 + bullish_micros + bearish_micros) DESC
           ) AS place
    FROM placed
)
WHERE place = 1
