"""Which answers are kept to learn from, and how that never makes a client wait."""

from __future__ import annotations

import queue
import random
import threading
import time
from typing import Any

from common.errors import ApplicationError
from common.logs import get_logger
from common.storage import open_store
from image_classifier.classifier import Answer
from image_classifier.learning.samples import Samples
from image_classifier.serving.settings import ServiceSettings

log = get_logger(__name__)
_WAITING = 64  # images that wait to be written; more are not kept
_SWEEP_SECONDS = 3600.0


class Sampler:
    """Keeps a share of the unsure and of all answers in a store, in a thread of its own."""

    def __init__(self, uri: str, settings: ServiceSettings) -> None:
        self.samples = Samples(open_store(uri))
        self._settings = settings
        self._queue: queue.Queue[tuple[str, bytes, dict[str, Any]]] = queue.Queue(_WAITING)
        self._random = random.Random()  # noqa: S311 # a sample is no secret
        self._bytes, self._swept = 0, float("-inf")
        threading.Thread(target=self._write, name="samples", daemon=True).start()

    def offer(self, answer: Answer, data: bytes, described: dict[str, Any]) -> None:
        """Keep the image of an answer now and then, under the answer's id."""
        unsure = not answer.confident
        share = self._settings.feedback_unsure_share if unsure else self._settings.feedback_random_share
        if self._random.random() < share and not self._queue.full():
            kept = {name: value for name, value in described.items() if name != "id"}
            self._queue.put((described["id"], data, {**kept, "why": "unsure" if unsure else "random"}))

    def _write(self) -> None:
        while True:
            sample_id, data, described = self._queue.get()
            try:
                self._sweep()
                if self._bytes + len(data) <= self._settings.feedback_max_bytes:
                    self.samples.keep(sample_id, data, described)
                    self._bytes += len(data)
            except ApplicationError as error:
                log.warning("a sample was not kept", reason=str(error))

    def _sweep(self) -> None:
        """Once an hour, delete what is too old or too much; what other workers kept is counted with it."""
        if time.monotonic() - self._swept > _SWEEP_SECONDS:
            self._bytes = self.samples.expire(self._settings.feedback_days, self._settings.feedback_max_bytes)
            self._swept = time.monotonic()
