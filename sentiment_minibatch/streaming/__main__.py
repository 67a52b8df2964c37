"""`python -m sentiment_minibatch.streaming <command>`."""

from common.cli import run
from sentiment_minibatch.streaming.cli import main

if __name__ == "__main__":
    run(main)
