"""The tickers of the streams that the generator makes."""

from __future__ import annotations

# fmt: off
_TICKERS = [
    "SPY", "TSLA", "NVDA", "AAPL", "AMD", "QQQ", "BTC.X", "AMZN", "PLTR", "META", "GME", "MSFT", "GOOGL", "AMC",
    "ETH.X", "NFLX", "COIN", "BABA", "NIO", "DIS", "SOFI", "INTC", "BA", "F", "MARA", "RIVN", "SHOP", "PYPL", "UBER",
    "SQ", "SNAP", "DOGE.X", "BRK.B", "XOM", "JPM", "BAC", "T", "PFE", "CVX", "WMT",
]
# fmt: on
_LETTERS = 4  # of a made-up symbol, after its Z
MOST_SYMBOLS = len(_TICKERS) + 26**_LETTERS


def symbol_names(count: int) -> list[str]:
    """Return `count` different ticker symbols, at most `MOST_SYMBOLS`, known ones first."""
    return [*_TICKERS, *(_made_up_symbol(number) for number in range(count - len(_TICKERS)))][:count]


def _made_up_symbol(number: int) -> str:
    letters = ""
    for _ in range(_LETTERS):
        number, digit = divmod(number, 26)
        letters = chr(ord("A") + digit) + letters
    return f"Z{letters}"
