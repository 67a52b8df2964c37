"""`python -m image_classifier`."""

from common.cli import run
from image_classifier.cli import main

if __name__ == "__main__":
    run(main)
