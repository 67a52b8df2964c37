"""The names of the companies behind the tickers, which an operator may load."""

from __future__ import annotations

import csv
from pathlib import Path

import psycopg

from common.errors import DataError, MissingInputError
from sentiment_minibatch.scores import symbol_of

_LONGEST_NAME = 100


def name_companies(connection: psycopg.Connection, path: Path) -> int:
    """Put the names of a CSV file (symbol,name) in the place of those there are, all or none; return how many.

    Raises `DataError` naming the line that is wrong, `MissingInputError` where there is no file.
    """
    names = _read(path)
    with connection.transaction():
        connection.execute("DELETE FROM sentiment.company")
        connection.execute(
            "INSERT INTO sentiment.company (symbol, name) SELECT * FROM unnest(%s::text[], %s::text[])",
            [list(names), list(names.values())],
        )
        # What the page shows changes with it.
        connection.execute("UPDATE sentiment.progress SET revision = revision + 1")
    return len(names)


def _read(path: Path) -> dict[str, str]:
    names: dict[str, str] = {}
    try:
        with path.open(encoding="utf-8-sig", newline="") as stream:
            rows = csv.DictReader(stream, strict=True)
            if not {"symbol", "name"} <= set(rows.fieldnames or ()):
                raise DataError(f"{path} should have the header symbol,name")
            for row in rows:
                symbol, name = symbol_of(row["symbol"] or ""), (row["name"] or "").replace("\0", "").strip()
                if symbol is None or not name:
                    raise DataError(f"{path}, line {rows.line_num}: a ticker symbol and a name are expected")
                names[symbol] = name[:_LONGEST_NAME]
    except OSError as error:
        raise MissingInputError(f"{path} cannot be read: {error.strerror}") from None
    except (UnicodeDecodeError, csv.Error) as error:
        raise DataError(f"{path} is no CSV in UTF-8: {error}") from None
    return names
