"""What the routes share: one artifact answering images of a request, with everything counted."""

from __future__ import annotations

import threading
from io import BytesIO
from typing import Any

from flask import Request
from PIL import Image

from image_classifier.api.bodies import request_images
from image_classifier.api.metrics import Metrics
from image_classifier.api.problems import image_problem
from image_classifier.api.settings import ServiceSettings
from image_classifier.artifact import Artifact
from image_classifier.classifier import Answer, Classifier
from image_classifier.images import FORMATS, ImageError
from image_classifier.preprocessing import Pixels, preprocess


class Service:
    """Answers for the images in requests."""

    def __init__(self, artifact: Artifact, settings: ServiceSettings) -> None:
        self.artifact, self.settings = artifact, settings
        self.model_version = artifact.version  # once: it is the hash of megabytes
        self.classifier = Classifier(artifact)
        # One picture at a time: decoded, one of the largest takes a hundred megabytes.
        self._decoding = threading.Lock()
        self.metrics = Metrics(artifact.description.get("reference", {}))

    def warm_up(self) -> None:
        """Answer for a picture of each format: the first request must not wait for Pillow to load its decoders."""
        for name in FORMATS:
            file = BytesIO()
            Image.new("RGB", (8, 8)).save(file, name)
            self.classifier.classify(file.getvalue())

    def images(self, request: Request) -> list[bytes]:
        """Return the image files in the body of a request; raises the HTTP error that fits."""
        with self.metrics.stage("read"):
            return request_images(request, self.settings.max_images)

    def pixels(self, data: bytes) -> Pixels:
        """Decode and preprocess an image file; raises an `ImageError`."""
        with self.metrics.stage("decode"), self._decoding:
            return preprocess(data, self.artifact.side)

    def answer(self, pixels: Pixels) -> Answer:
        """Answer for a preprocessed image."""
        with self.metrics.stage("infer"):
            answer = self.classifier.answer(pixels)
        self.metrics.count_answer(answer, pixels)
        return answer

    def describe(self, answer: Answer) -> dict[str, Any]:
        """Return an answer as it is sent."""
        return {
            "class": answer.label,
            "probability": answer.probability,
            "confident": answer.confident,
            "familiarity": answer.familiarity,
            "model_version": self.model_version,
        }

    def answer_or_problem(self, data: bytes) -> dict[str, Any]:
        """Return the answer for one image of several, or {"problem": ...}: a bad image spoils only its own answer."""
        try:
            return self.describe(self.answer(self.pixels(data)))
        except ImageError as error:
            return {"problem": image_problem(error)}
