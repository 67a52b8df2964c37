"""`python -m sentiment_minibatch <command>`."""

from common.cli import run
from sentiment_minibatch.cli import main

if __name__ == "__main__":
    run(main)
