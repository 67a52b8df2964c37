"""What the API takes and answers; the OpenAPI document is made from these."""

from __future__ import annotations

from functools import cache
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from recs_batch.parameters import Kind


def _whole(value: Any) -> Any:
    return int(value) if isinstance(value, float) and value.is_integer() else value


_Id = Annotated[int, BeforeValidator(_whole)]  # to JSON 1.0 is an integer; what has no 64 bits is merely unknown
_MOST_LINKS = 1000  # of one user count, as in the night


class UserPath(BaseModel):
    """A user in the path of an address."""

    user: int = Field(description="a user's id")


class _Query(BaseModel):
    """Keeps its schema, which flask_openapi3 asks for in every request: making it took most of an answer's time."""

    model_config = ConfigDict(extra="forbid")

    @classmethod
    def model_json_schema(cls, *arguments: Any, **options: Any) -> dict[str, Any]:
        """Return the JSON schema."""
        return super().model_json_schema(*arguments, **options) if arguments or options else _schema_of(cls)


@cache
def _schema_of(model: type[BaseModel]) -> dict[str, Any]:
    return BaseModel.model_json_schema.__func__(model)  # type: ignore[attr-defined,no-any-return] # a class method's


class RecommendationsQuery(_Query):
    """Of which kind, and how many."""

    kind: Kind = Field("users", description="whom to follow, or which rooms to join")
    of: str | None = Field(None, max_length=200, description="an earlier publication, dt=…/run=…; null: the latest")
    limit: int = Field(5, ge=1, le=100, description="at most so many; for known users no more than were published")


class NewcomerQuery(_Query):
    """Of which kind, and how many."""

    kind: Kind = Field("users", description="whom to follow, or which rooms to join")
    limit: int = Field(5, ge=1, le=100, description="at most so many")


class Newcomer(BaseModel):
    """Whom somebody follows and which rooms they have joined."""

    model_config = ConfigDict(extra="forbid", strict=True)

    follows: list[_Id] = Field([], max_length=_MOST_LINKS, description="ids of users")
    rooms: list[_Id] = Field([], max_length=_MOST_LINKS, description="ids of rooms")


class Reason(BaseModel):
    """What led to an item, and how much of its score it is."""

    kind: str = Field(description="connection, room, followers or overall (popularity)")
    id: int | None = Field(description="of the user or room that led there; null: overall")
    weight: float


class Item(BaseModel):
    """A user or a room that is recommended."""

    rank: int
    id: int
    score: float = Field(description="0: popular, nothing else led there")
    reasons: list[Reason] = Field(description="the heaviest first, up to 15")


class Ignored(BaseModel):
    """Links that counted nothing: the night did not know them, or knew them to be inactive."""

    follows: list[int]
    rooms: list[int]


class Recommended(BaseModel):
    """Items, best first, of one night."""

    user: int | None = Field(description="null: a newcomer")
    kind: Kind
    night: str = Field(description="the night's id")
    run: str = Field(description="the publication")
    date: str = Field(description="the day whose end the night saw")
    arm: str | None = Field(description="the user's arm of the night's experiment; null: there is none")
    items: list[Item]
    ignored: Ignored | None = Field(None, description="of a newcomer's links")


class Listed(BaseModel):
    """A publication."""

    run: str
    date: str
    night: str
    published_at: str
    latest: bool = Field(description="whether it is answered from")


class Listing(BaseModel):
    """All publications of the store, the newest first."""

    publications: list[Listed]


class Problem(BaseModel):
    """An error (RFC 9457)."""

    type: str
    title: str
    status: int
    detail: str
