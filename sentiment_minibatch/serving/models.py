"""What the API takes and answers; the OpenAPI document is made from these."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Annotated, Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, field_validator

from sentiment_minibatch.scores import symbol_of

_STEPS = {"1m": 1, "5m": 5, "15m": 15, "1h": 60, "1d": 1440}
_MOST_SYMBOLS = 50
_Index = Annotated[float, Field(ge=0, le=100)]
_Time = Annotated[AwareDatetime, Field(ge=datetime(2000, 1, 1, tzinfo=UTC), lt=datetime(2100, 1, 1, tzinfo=UTC))]


class SymbolPath(BaseModel):
    """A ticker in the path of an address."""

    symbol: str = Field(description="a ticker symbol, with or without $", pattern=r"^\$?[A-Za-z][A-Za-z0-9._-]{0,14}$")

    @field_validator("symbol")
    @classmethod
    def _normalise(cls, symbol: str) -> str:
        return symbol_of(symbol) or symbol


class MarketQuery(BaseModel):
    """Which tickers to return, in which order."""

    model_config = ConfigDict(extra="forbid")

    sort: Literal["symbol", "index", "change", "messages", "volume_z"] = Field("messages", description="by which field")
    order: Literal["ascending", "descending"] = Field("descending", description="tickers without the field come last")
    search: str = Field("", max_length=40, description="a part of the ticker or of the company's name")
    symbols: str = Field("", max_length=1_000, description="these tickers alone, with commas between them")
    limit: int = Field(100_000, ge=1, le=100_000, description="at most so many tickers")

    @field_validator("symbols")
    @classmethod
    def _of_symbols(cls, symbols: str) -> str:
        listed = [symbol for symbol in symbols.split(",") if symbol.strip()]
        named = [symbol_of(symbol) for symbol in listed]
        if None in named or len(named) > _MOST_SYMBOLS:
            raise ValueError(f"expected are at most {_MOST_SYMBOLS} ticker symbols, with commas between them")
        return ",".join(symbol for symbol in named if symbol)

    @property
    def wanted(self) -> list[str] | None:
        """The tickers asked for by name, or None."""
        return self.symbols.split(",") if self.symbols else None


class HistoryQuery(BaseModel):
    """Which part of a history to return, and in which steps."""

    model_config = ConfigDict(extra="forbid")

    from_: _Time | None = Field(None, alias="from", description="exclusive; by default 6 hours before to")
    to: _Time | None = Field(None, description="inclusive; by default the last aggregated minute")
    step: str = Field(
        "1m", pattern=f"^({'|'.join(_STEPS)})$", description="time between two points, which are whole steps"
    )

    @property
    def step_span(self) -> timedelta:
        """The step as a time span."""
        return timedelta(minutes=_STEPS[self.step])


class Sentiment(BaseModel):
    """An index at a minute; null index and band mean that there was no opinion to measure: no data."""

    index: _Index | None = Field(description="0 bearish, 50 neutral, 100 bullish")
    low: _Index | None = Field(description="lower end of the 95% band")
    high: _Index | None = Field(description="upper end of the 95% band")
    change: float | None = Field(description="points against an hour earlier")
    messages: int = Field(description="messages of the last 15 minutes")
    expected_messages: float = Field(description="messages that 15 minutes had on average in the 24 hours before")
    volume_ratio: float | None = Field(description="messages / expected_messages")


class TickerSentiment(Sentiment):
    """The index of one ticker."""

    symbol: str = Field(description="the ticker, without $")
    name: str | None = Field(description="the company, where an operator has given it")
    effective_messages: float = Field(description="messages behind the index (Kish's effective sample size)")
    volume_z: float = Field(description="how unusual the volume is, in standard deviations")
    last_message_minute: AwareDatetime = Field(description="end of the last minute with a message")


class Move(BaseModel):
    """How far a ticker's index has moved in the last hour, beside the moves of its own hours in 30 days."""

    symbol: str = Field(description="the ticker, without $")
    name: str | None = Field(description="the company, where an operator has given it")
    index: _Index = Field(description="the index now")
    change: float = Field(description="points against an hour earlier")
    change_z: float = Field(description="the same in standard errors")
    hours: int = Field(description="hours of the ticker that it is compared with")
    chance: float | None = Field(description="share of hours, this one counted, that moved as far; null: too few hours")
    unusual: bool = Field(description="the chance is no greater than the false alarm rate")


class MarketNow(BaseModel):
    """The market as a whole, the moves of the hour, and tickers with a message in the last 24 hours or so."""

    as_of: AwareDatetime | None = Field(description="end of the last minute shown; null before the first")
    closed_through: AwareDatetime | None = Field(default=None, description="end of the last minute that is over")
    revision: int = Field(description="grows with every change of the minutes")
    market: Sentiment | None
    false_alarm_rate: float = Field(description="how often an hour like any other is called unusual, per ticker")
    moves: list[Move] = Field(description="the moves that stand out most, in standard errors")
    found: int = Field(description="tickers that were asked for, before the limit")
    symbols: list[TickerSentiment]


class WordBehind(BaseModel):
    """A word, and for how much it speaks."""

    word: str
    log_odds: float = Field(description="log odds for bullish that the messages would lack without it")
    messages: int = Field(description="messages that have it")


class MessageBehind(BaseModel):
    """A message, its score, and the words that made it."""

    created_at: AwareDatetime
    text: str
    score: float = Field(ge=-1, le=1, description="the author's own mark where there is one, else the model's score")
    mark: Literal["bullish", "bearish"] | None = Field(description="what the author marked it as")
    model: str = Field(description="the version that scored it")
    words: list[WordBehind]


class Behind(BaseModel):
    """The messages behind a ticker's last hour, for as long as their texts are kept."""

    symbol: str = Field(description="the ticker, without $")
    messages: int = Field(description="messages of the hour whose text is kept")
    words: list[WordBehind] = Field(description="the words that weigh most in the strongest hundred")
    strongest: list[MessageBehind] = Field(description="the messages with the strongest scores")


class Point(BaseModel):
    """The index at the end of a step, and the messages of that step."""

    period_ending: AwareDatetime = Field(description="end of the step")
    index: float | None = Field(description="0 bearish, 50 neutral, 100 bullish; null: no data")
    low: float | None = Field(description="lower end of the 95% band")
    high: float | None = Field(description="upper end of the 95% band")
    effective_messages: float = Field(description="messages behind the index (Kish's effective sample size)")
    bullish_count: int = Field(description="messages of the step with a score above 0")
    bearish_count: int = Field(description="messages of the step with a score below 0")
    neutral_count: int = Field(description="messages of the step with a score of 0")


class History(BaseModel):
    """An index over time."""

    symbol: str | None = Field(description="the ticker; null for the market")
    step_seconds: int = Field(description="seconds between two points")
    points: list[Point]


class Problem(BaseModel):
    """An error (RFC 9457)."""

    type: str = Field(description="about:blank: the status says what kind of error it is")
    title: str = Field(description="the name of the status")
    status: int = Field(description="the HTTP status")
    detail: str = Field(description="what is wrong, in words")
