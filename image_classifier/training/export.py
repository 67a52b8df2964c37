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
    features = build_backbone(side)(keras.layers.Rescaling(1.0)(image))
    chart, known = keras.layers.Dense(1, name="chart"), keras.layers.Dense(2, name="known")
    smaller = keras.ops.min(known(features), axis=-1, keepdims=True)
    logits = keras.layers.Concatenate()([chart(features), smaller])
    for layer, fitted in ((chart, head.chart), (known, head.known)):
        layer.set_weights([fitted.kernel, fitted.bias])
    return keras.Model(image, keras.layers.Activation("sigmoid", name="probabilities")(logits))


def to_litert(model: Any) -> bytes:
    """Convert a Keras model to a LiteRT model of the same float32 arithmetic."""
    return cast(bytes, tf.lite.TFLiteConverter.from_keras_model(model).convert())
