"""A migrated database, and an oracle that computes in plain Python what the minutes should be."""

from __future__ import annotations

from collections.abc import Iterator

import psycopg
import pytest

from common.postgres import connect
from sentiment_minibatch.schema import migrate


@pytest.fixture
def url(database_url: str) -> str:
    """The address of a database with every table."""
    with connect(database_url, autocommit=True) as connection:
        migrate(connection)
    return database_url


@pytest.fixture
def connection(url: str) -> Iterator[psycopg.Connection]:
    with connect(url, autocommit=True) as connection:
        yield connection
