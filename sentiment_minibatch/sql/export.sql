SELECT symbol, period_ending, bullish_sum, bearish_sum, squares_sum, bullish_count, bearish_count, neutral_count
FROM sentiment.minute_sentiment
WHERE period_ending > %(start)s AND period_ending <= %(end)s
ORDER BY period_ending, symbol
