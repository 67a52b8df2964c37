"""`python -m demo`, which `make demo` calls."""

from __future__ import annotations

from common.cli import run
from demo.command import main

if __name__ == "__main__":
    run(main)
