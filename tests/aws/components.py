"""Which component of ours makes a call to AWS: by the code that made the client, in any process that a test starts.

botocore loads this module into every client (BOTOCORE_EXPERIMENTAL__PLUGINS, which child processes inherit), and the
component's name goes along in a header that the local AWS reads (calls.py). Flink's JVM is known by its access key.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from types import FrameType
from typing import Any

HEADER = "X-Component"

# The first that is found among the callers, by module or function. Commands that somebody runs with rights of their own
# have no role; what plays AWS on this machine is no component, and a secret is whose the access key says (rds.py).
_CALLERS = {
    "sentiment_minibatch.streaming.local_aws": None,
    "common.database_credentials": None,
    "sentiment_minibatch.streaming.preprocess": "preprocess",
    "sentiment_minibatch.streaming.archive": "sentiment-reader",
    "sentiment_minibatch.streaming.commands.follow": "sentiment-reader",
    "sentiment_minibatch.streaming.commands.rebuild": "sentiment-reader",
    "sentiment_minibatch.streaming": None,
    "sentiment_minibatch": "sentiment-job",
    "image_classifier.serving": "image-classifier",
    "recs_batch.generate": None,
    "recs_batch.serving": "recs-serving",
    "recs_batch": "recs-batch",
}


def initialize_client_plugin(client: Any) -> None:
    """Name the component that makes this client in each of its requests."""
    if (component := _calling()) is not None:

        def name(request: Any, **_: Any) -> None:
            request.headers[HEADER] = component

        client.meta.events.register("before-send", name)


def _calling() -> str | None:
    callers = set(_callers())
    for name, component in _CALLERS.items():
        if any(f"{caller}.".startswith(f"{name}.") for caller in callers):
            return component
    return None


def _callers() -> Iterator[str]:
    frame: FrameType | None = sys._getframe(1)
    while frame is not None:
        yield f"{frame.f_globals.get('__name__')}.{frame.f_code.co_name}"
        frame = frame.f_back
