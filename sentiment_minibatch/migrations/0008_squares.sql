-- The sum of the squares of a minute's scores, in millionths, each message's square rounded half up to a whole number:
-- (score_micros^2 + 500000) / 1000000. Whole numbers, so that the batch and the stream agree to the bit. Minutes from
-- before this column get the least that their sums allow: as if all who took a side had done so with the same strength.
ALTER TABLE sentiment.minute ADD COLUMN squares_sum bigint NOT NULL DEFAULT 0;
ALTER TABLE sentiment.market_minute ADD COLUMN squares_sum bigint NOT NULL DEFAULT 0;

UPDATE sentiment.minute
SET squares_sum = round((bullish_sum - bearish_sum)::numeric ^ 2 / (bullish_count + bearish_count) / 1000000)
WHERE bullish_count + bearish_count > 0;
UPDATE sentiment.market_minute
SET squares_sum = round((bullish_sum - bearish_sum)::numeric ^ 2 / (bullish_count + bearish_count) / 1000000)
WHERE bullish_count + bearish_count > 0;
