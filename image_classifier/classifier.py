"""Answers to the one question, whether an image is a price chart or a meme."""

from __future__ import annotations

import threading
from dataclasses import dataclass

import numpy as np
from ai_edge_litert.interpreter import Interpreter

from common.errors import DataError
from image_classifier.artifact import Artifact
from image_classifier.preprocessing import Pixels, preprocess


@dataclass(frozen=True)
class Answer:
    """The class of an image, its probability, and whether it is one of the two at all.

    `familiarity` is the probability that it is; `neither` that it is not, or that there is next to nothing on it;
    `confident` that it is, and that the class is probable enough to be relied on.
    """

    label: str
    probability: float
    familiarity: float
    neither: bool
    confident: bool

    @property
    def chart_probability(self) -> float:
        """The probability that the image is a chart."""
        return self.probability if self.label == "chart" else 1.0 - self.probability


def is_blank(pixels: Pixels) -> bool:
    """Tell whether there is next to nothing on a picture: fewer than 1 pixel in 1,000 is part of a corner or a texture.

    Such a pixel differs from its neighbours in both directions; the borders of a letterboxed page do so in one only.
    """
    grey = pixels[..., 1].astype(np.int16)
    across, down = np.abs(np.diff(grey, axis=1))[:-1], np.abs(np.diff(grey, axis=0))[:, :-1]
    return bool(np.mean(np.minimum(across, down) > 12) < 0.001)


class Classifier:
    """A loaded artifact that answers for one image at a time; safe to share between threads.

    Raises `DataError` for a model that cannot be loaded, or that is not of the size that the artifact says.
    """

    def __init__(self, artifact: Artifact) -> None:
        self.artifact = artifact
        try:
            self._interpreter = Interpreter(model_content=artifact.model, num_threads=1)
            self._interpreter.allocate_tensors()
        except (ValueError, RuntimeError) as error:
            raise DataError(f"the artifact's model is not a LiteRT model: {str(error).splitlines()[0]}") from None
        (given,), (made,) = self._interpreter.get_input_details(), self._interpreter.get_output_details()
        shapes = (given["shape"].tolist(), made["shape"].tolist())
        if shapes != ([1, artifact.side, artifact.side, 3], [1, 2]) or given["dtype"] is not np.uint8:
            raise DataError(f"the artifact's model goes from {shapes[0]} to {shapes[1]}, not from side {artifact.side}")
        self._input, self._output = given["index"], made["index"]
        self._lock = threading.Lock()

    def classify(self, data: bytes) -> Answer:
        """Answer for the bytes of an image file; raises an `ImageError` for bytes that cannot be classified."""
        return self.answer(preprocess(data, self.artifact.side))

    def answer(self, pixels: Pixels) -> Answer:
        """Answer for a preprocessed image: a uint8 array of shape (side, side, 3)."""
        chart, familiarity = (float(value) for value in self.probabilities(pixels))
        label, probability = ("chart", chart) if chart >= 0.5 else ("meme", 1.0 - chart)
        neither = familiarity < self.artifact.familiarity_threshold or is_blank(pixels)
        confident = probability >= self.artifact.certainty_threshold and not neither
        return Answer(label, probability, familiarity, neither, confident)

    def probabilities(self, pixels: Pixels) -> np.ndarray:
        """Return the model's own output for one preprocessed image: P(chart) and P(known), float32.

        Images go through one by one, so that an answer does not depend, to the bit, on its neighbours in a batch.
        """
        with self._lock:
            self._interpreter.set_tensor(self._input, pixels[None])
            self._interpreter.invoke()
            return np.asarray(self._interpreter.get_tensor(self._output)[0])
