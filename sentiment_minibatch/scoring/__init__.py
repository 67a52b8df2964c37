"""From words to scores: a message's text in, its tickers and a score of [-1, 1] for each out."""
