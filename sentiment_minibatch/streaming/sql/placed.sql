-- Grain: as `scored`, with the place of each delivery in time, judged by the watermark when it arrived: `late` is
-- 1 if its minute had closed already, 2 if the state of its minute may be gone (too late), and else 0.
CREATE TEMPORARY VIEW placed AS
SELECT message_id,
       symbol,
       created_at_micros,
       event_time,
       bullish_micros,
       bearish_micros,
       CASE WHEN CURRENT_WATERMARK(event_time) >= TIMESTAMPADD(SECOND, $lateness_seconds, FLOOR(event_time TO MINUTE))
            THEN 2
            WHEN CURRENT_WATERMARK(event_time) >= FLOOR(event_time TO MINUTE) + INTERVAL '1' MINUTE
            THEN 1
            ELSE 0 END AS late
FROM scored
