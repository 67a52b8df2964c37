"""A second database beside the test's own, for the tables of the stream."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import psycopg

from common.postgres import connect


@contextmanager
def second_database(url: str) -> Iterator[psycopg.Connection]:
    """Yield a connection to a new, empty database on the same server."""
    first = url.partition("?")[0].rpartition("/")[2]
    second = f"{first}_stream"
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {second}")
    try:
        with connect(url.replace(f"/{first}?", f"/{second}?"), autocommit=True) as connection:
            yield connection
    finally:
        with psycopg.connect(url, autocommit=True) as connection:
            connection.execute(f"DROP DATABASE {second} WITH (FORCE)")
