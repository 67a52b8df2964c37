"""The commands of `python -m sentiment_minibatch.streaming`; each is a module of `commands/`."""

from __future__ import annotations

from common.commands import Commands

main = Commands(
    "sentiment_minibatch.streaming",
    {
        "demo": "Run the whole pipeline on this machine, live.",
        "produce": "Put the scores of files, or messages, into the raw stream.",
        "follow": "Bring the database's minutes up to date with the stream of revisions.",
        "rebuild": "Rebuild the database's minutes from the archive of revisions.",
        "redrive": "Bring back what was put aside, into the raw stream.",
        "package": "Make the zip file of the Flink application.",
        "package-function": "Make the zip file of the preprocessing Lambda function.",
    },
    about="Compute the minutes of the sentiment index as the scores arrive.",
)
