"""From Keras to LiteRT."""

from __future__ import annotations

from typing import Any, cast

import tensorflow as tf


def to_litert(model: Any) -> bytes:
    """Convert a Keras model to a LiteRT model of the same float32 arithmetic."""
    return cast(bytes, tf.lite.TFLiteConverter.from_keras_model(model).convert())
