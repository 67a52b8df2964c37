"""The commands of `python -m image_classifier`; each is a module of `commands/`."""

from __future__ import annotations

from common.commands import Commands

main = Commands(
    "image_classifier",
    {
        "generate": "Draw labelled images.",
        "train": "Train on a folder of images and write an artifact.",
        "tune": "Search hyperparameters by cross-validation.",
        "evaluate": "Measure an artifact on a folder of images.",
        "predict": "Classify image files.",
        "serve": "Answer over HTTP.",
        "review": "Serve the page on which kept images are reviewed.",
        "promote": "Publish an artifact unless it is worse than the one that serves.",
        "models": "List the published artifacts.",
        "rollback": "Make an earlier publication the latest again.",
        "sagemaker": "Train, tune and serve on SageMaker.",
    },
    about="Tell price charts from memes: draw pictures, train, predict, serve.",
)
