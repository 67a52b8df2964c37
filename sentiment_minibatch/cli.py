"""The commands of `python -m sentiment_minibatch`; each is a module of `commands/`."""

from __future__ import annotations

from common.commands import Commands

main = Commands(
    "sentiment_minibatch",
    {
        "create-roles": "Make the database's three users, as its master.",
        "migrate": "Create the tables, or bring them up to date.",
        "generate": "Make a stream of scores or of messages.",
        "load": "Load scores from files.",
        "score": "Score messages of files into a file.",
        "load-messages": "Bring messages of files into the database.",
        "score-messages": "Score the messages in the database that wait.",
        "rescore": "Score again what another version of the model has scored.",
        "explain-score": "Say which words make a message's score.",
        "companies": "Give tickers the names of their companies.",
        "aggregate": "Bring the minutes up to date.",
        "backfill": "Aggregate every minute of a range again.",
        "reconcile": "Report where the minutes differ from the raw scores.",
        "status": "Say how far the job is, what is pending, and how fast it goes.",
        "show": "Print the index of the tickers that are most talked about.",
        "prune": "Drop what is older than its retention.",
        "export": "Publish aggregated minutes as Parquet in the store.",
        "serve": "Serve the page and the API.",
        "train-scorer": "Train a scorer on labelled messages.",
        "evaluate-scorer": "Measure a scorer on labelled messages.",
    },
    about="How the community feels about each ticker, minute by minute.",
)
