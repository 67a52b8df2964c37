"""Files of messages, with the fields of `Message` and perhaps others."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from sentiment_minibatch.files.inputs import InputFile
from sentiment_minibatch.files.records import Layout
from sentiment_minibatch.scoring.message import Message
from sentiment_minibatch.scoring.score_messages import PlacedMessage
from sentiment_minibatch.scoring.text import MAXIMUM_CHARACTERS

TO_SCORE = Layout(Message._fields, ("message_id", "created_at", "text"), MAXIMUM_CHARACTERS)
TO_LEARN_FROM = Layout(Message._fields, ("text", "label"), MAXIMUM_CHARACTERS)


def messages_in(
    file: InputFile, reject: Callable[[str, str], None], layout: Layout = TO_SCORE
) -> Iterator[PlacedMessage]:
    """Yield a file's messages, each with its place; `reject` gets the reason and the place of what cannot be read.

    Raises `UnreadableFileError`, perhaps after some of them.
    """
    for table in file.tables(layout):
        *columns, positions, faults = (table[name].to_pylist() for name in table.column_names)
        for values, position, fault in zip(zip(*columns, strict=True), positions, faults, strict=True):
            place = f"{file.name}, {position:,}"
            if fault is not None:
                reject(fault, place)
            else:
                yield place, Message._make(values)
