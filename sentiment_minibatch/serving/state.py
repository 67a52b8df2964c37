"""What the requests of one process share."""

from __future__ import annotations

import threading

from sentiment_minibatch.serving.answers import Answers
from sentiment_minibatch.serving.database import Database
from sentiment_minibatch.serving.readings import Market, read_market


class State:
    """The database, the answers that hold until the minutes change, and the market that many of them are taken from."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self.answers = Answers()
        self._lock = threading.Lock()
        self._market: Market | None = None

    def market(self) -> Market:
        """Return the market as it is now. One thread reads it; the others wait for that rather than do it again."""
        with self._lock:
            version = self.database.version()
            if self._market is None or self._market.version != version:
                self._market = self.database.read(lambda connection: read_market(connection, version))
            return self._market
