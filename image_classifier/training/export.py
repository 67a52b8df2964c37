"""From a backbone and a head to one LiteRT model."""

from __future__ import annotations

from typing import Any, cast

import keras
import tensorflow as tf

from image_classifier.training.backbone import build_backbone
from image_classifier.training.fitting import Head


def join(side: int, head: Head) -> Any:
    """Return one Keras model from uint8 images of (1, side, side, 3) to the probabilities of chart and known."""
    keras.utils.clear_session()  # Keras numbers layers by the session, and the file has their names
    image = keras.Input((side, side, 3), batch_size=1, dtype="uint8", name="image")
    outputs = keras.layers.Dense(2, activation="sigmoid", name="probabilities")
    probabilities = outputs(build_backbone(side)(keras.layers.Rescaling(1.0)(image)))
    outputs.set_weights([head.kernel, head.bias])
    return keras.Model(image, probabilities)


def to_litert(model: Any) -> bytes:
    """Convert a Keras model to a LiteRT model of the same float32 arithmetic."""
    return cast(bytes, tf.lite.TFLiteConverter.from_keras_model(model).convert())
