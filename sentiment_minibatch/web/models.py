"""What the API takes and answers; the OpenAPI document is made from these."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, field_validator

from sentiment_minibatch.scores import symbol_of

_STEPS = {"1m": 1, "5m": 5, "15m": 15, "1h": 60, "1d": 1440}
_Index = Annotated[float, Field(ge=0, le=100)]


class SymbolPath(BaseModel):
    """A ticker in the path of an address."""

    symbol: str = Field(description="a ticker symbol, with or without $", pattern=r"^\$?[A-Za-z][A-Za-z0-9._-]{0,14}$")

    @field_validator("symbol")
    @classmethod
    def _normalise(cls, symbol: str) -> str:
        return symbol_of(symbol) or symbol


class HistoryQuery(BaseModel):
    """Which part of a history to return, and in which steps."""

    model_config = ConfigDict(extra="forbid")

    from_: AwareDatetime | None = Field(None, alias="from", description="exclusive; by default 6 hours before to")
    to: AwareDatetime | None = Field(None, description="inclusive; by default the last aggregated minute")
    step: str = Field("1m", pattern=f"^({'|'.join(_STEPS)})$", description="time between two points")

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
    effective_messages: float = Field(description="messages behind the index, decayed (Kish's effective sample size)")
    volume_z: float = Field(description="how unusual the volume is, in standard deviations")
    last_message_minute: AwareDatetime = Field(description="end of the last minute with a message")


class MarketNow(BaseModel):
    """Every ticker with a message in the last 24 hours, the most talked about first, and the market as a whole."""

    as_of: AwareDatetime | None = Field(description="end of the last minute shown; null before the first")
    closed_through: AwareDatetime | None = Field(default=None, description="end of the last minute that is over")
    revision: int = Field(description="grows with every change of the minutes")
    market: Sentiment | None
    symbols: list[TickerSentiment]


class Point(BaseModel):
    """The index at the end of a step, and the messages of that step."""

    period_ending: AwareDatetime = Field(description="end of the step")
    index: float | None = Field(description="0 bearish, 50 neutral, 100 bullish; null: no data")
    low: float | None = Field(description="lower end of the 95% band")
    high: float | None = Field(description="upper end of the 95% band")
    effective_messages: float = Field(description="messages behind the index, decayed (Kish's effective sample size)")
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
