"""`python -m recs_batch <command>`."""

from common.cli import run
from recs_batch.cli import main

if __name__ == "__main__":
    run(main)
