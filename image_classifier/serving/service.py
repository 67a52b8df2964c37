"""What the routes share: one artifact answering images of a request, with everything counted and bounded."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from io import BytesIO
from typing import Any

from flask import Request
from PIL import Image

from image_classifier.classifier import Answer, Classifier
from image_classifier.images import FORMATS, VIDEO_FORMATS, ImageError, PostedImage
from image_classifier.learning.samples import new_sample_id
from image_classifier.perceptual import perceptual_hash
from image_classifier.preprocessing import Pixels, letterbox
from image_classifier.serving.bodies import request_images
from image_classifier.serving.decoding import Decoder
from image_classifier.serving.metrics import Metrics
from image_classifier.serving.problems import OverloadedError, TooMuchWorkError, image_problem
from image_classifier.serving.sampling import Sampler
from image_classifier.serving.seen import SeenImages
from image_classifier.serving.settings import ServiceSettings

LIGHT_WORK = 4_000_000  # decoded by the worker itself, in some 50 ms at most
EXPLANATION_WORK = 10_000_000  # what 65 forward passes cost
ADMITTED_WORK = 200_000_000  # of a worker's requests together: some seconds


class Service:
    """Answers for the images in requests. Work is counted in pixels of PNG to be decoded, as `PostedImage` does."""

    def __init__(
        self,
        classifier: Classifier,
        settings: ServiceSettings,
        decoder: Decoder | None = None,
        sampler: Sampler | None = None,
        seen: SeenImages | None = None,
    ) -> None:
        self.classifier, self.artifact, self.settings = classifier, classifier.artifact, settings
        self.model_version = self.artifact.version
        self.metrics = Metrics(self.artifact.description.get("reference", {}))
        self._decoder, self.sampler, self.seen = decoder, sampler, seen
        # One picture at a time beside the loop's own: decoded, each takes some tens of megabytes.
        self.turn = threading.Lock()
        self._admitting, self._admitted = threading.Lock(), 0

    def warm_up(self) -> None:
        """Answer for a picture of each format: the first request must not wait for Pillow to load its decoders."""
        for name in FORMATS:
            if name not in VIDEO_FORMATS:
                file = BytesIO()
                Image.new("RGB", (8, 8)).save(file, name)
                self.classifier.classify(file.getvalue())

    @contextmanager
    def admitted(self, work: int) -> Iterator[None]:
        """Let work in if there is room for it; raises `OverloadedError` (503) if not."""
        with self._admitting:
            if self._admitted and self._admitted + work > ADMITTED_WORK:
                raise OverloadedError
            self._admitted += work
        try:
            yield
        finally:
            with self._admitting:
                self._admitted -= work

    def images(self, request: Request) -> list[bytes]:
        """Return the image files in the body of a request; raises the HTTP error that fits."""
        with self.metrics.stage("read"):
            return request_images(request, self.settings.max_images)

    @contextmanager
    def opened(self, files: Sequence[bytes]) -> Iterator[list[PostedImage | ImageError]]:
        """Read the headers of a request's files and let the work that they declare in.

        Raises `TooMuchWorkError` (413) for more than one request may ask for, and `OverloadedError` (503).
        """
        images = [_opened(data) for data in files]
        work = sum(image.work for image in images if isinstance(image, PostedImage))
        if work > self.settings.max_request_pixels:
            raise TooMuchWorkError(work, self.settings.max_request_pixels)
        with self.admitted(work):
            yield images

    def pixels(self, image: PostedImage | ImageError) -> Pixels:
        """Decode and preprocess an image in its turn; raises an `ImageError`, or `OverloadedError` (503)."""
        if isinstance(image, ImageError):
            raise image
        with self.metrics.stage("decode"):
            if self._decoder is not None and not is_light(image):
                return self._decoder.decode(image.data, self.artifact.side)
            with self.turn:
                return letterbox(image.read(self.artifact.side), self.artifact.side)

    def pixels_at_once(self, data: bytes) -> Pixels | None:
        """Decode and preprocess an image that costs little, without a turn; None for any other."""
        with self.metrics.stage("decode"):
            image = PostedImage(data)
            return letterbox(image.read(self.artifact.side), self.artifact.side) if is_light(image) else None

    def answer(self, pixels: Pixels) -> Answer:
        """Answer for a preprocessed image."""
        with self.metrics.stage("infer"):
            answer = self.classifier.answer(pixels)
        self.metrics.count_answer(answer, pixels)
        return answer

    @property
    def gives_ids(self) -> bool:
        """Whether answers have an id."""
        return self.sampler is not None or self.seen is not None

    def describe(self, answer: Answer) -> dict[str, Any]:
        """Return an answer as it is sent."""
        return {
            "class": answer.label,
            "probability": answer.probability,
            "confident": answer.confident,
            "neither": answer.neither,
            "familiarity": answer.familiarity,
            "model_version": self.model_version,
        }

    def predict(self, image: PostedImage | ImageError) -> dict[str, Any]:
        """Return the answer for an image as it is sent; raises an `ImageError`, or `OverloadedError` (503)."""
        pixels = self.pixels(image)
        return self.answered(pixels, image.data if isinstance(image, PostedImage) else b"")

    def answered(self, pixels: Pixels, data: bytes = b"") -> dict[str, Any]:
        """Return the answer for a preprocessed image as it is sent.

        It has an id where answers are kept to learn from or images are known again, and then names the image that was
        alike, if any. Without the file's `data` there is nothing to keep.
        """
        answer = self.answer(pixels)
        described = self.describe(answer)
        if self.gives_ids:
            described["id"] = new_sample_id()
        if self.seen is not None:
            code = perceptual_hash(pixels)
            described["duplicate_of"] = None if code is None else self.seen.note(code, described["id"])
        if self.sampler is not None and data:
            self.sampler.offer(answer, data, described)
        return described

    def answer_or_problem(self, image: PostedImage | ImageError) -> dict[str, Any]:
        """Return the answer for one image of several, or {"problem": ...}: a bad image spoils only its own answer."""
        try:
            return self.predict(image)
        except ImageError as error:
            return {"problem": image_problem(error)}


def is_light(image: PostedImage) -> bool:
    """Tell whether a worker decodes the image itself: it costs little, and no large library is needed."""
    return image.work <= LIGHT_WORK and image.video is None


def _opened(data: bytes) -> PostedImage | ImageError:
    try:
        return PostedImage(data)
    except ImageError as error:
        return error
