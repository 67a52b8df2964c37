"""`python -m operations`."""

from common.cli import run
from operations.cli import main

if __name__ == "__main__":
    run(main)
