-- Grain: one row per message that came after the state of its minute was given up.
CREATE TEMPORARY VIEW came_too_late AS
SELECT message_id,
       symbol,
       DATE_FORMAT(FLOOR(event_time TO MINUTE) + INTERVAL '1' MINUTE, 'yyyy-MM-dd''T''HH:mm:ss''Z''') AS period_ending,
       created_at_micros,
       bullish_micros,
       bearish_micros
FROM counted
WHERE late = 2
