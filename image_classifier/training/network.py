"""The network: plain 3 x 3 convolutions with batch normalisation, the fastest there are on a CPU for their accuracy."""

from __future__ import annotations

from typing import Any

import keras

# (channels, stride) of each convolution, from an input of 128 pixels to a map of 8.
LAYERS = ((16, 2), (32, 2), (48, 2), (48, 1), (64, 2), (88, 1), (96, 1))


def build_network(side: int, width: float, dropout: float) -> Any:
    """Return an untrained Keras model: float32 images in [0, 255] of (side, side, 3) to two logits, chart and known."""
    image = keras.Input((side, side, 3), name="image")
    features = keras.layers.Rescaling(1 / 127.5, offset=-1)(image)
    for channels, stride in LAYERS:
        features = _convolution(features, max(8, round(channels * width)), stride)
    pooled = keras.layers.Concatenate()(
        [keras.layers.GlobalAveragePooling2D()(features), keras.layers.GlobalMaxPooling2D()(features)]
    )
    outputs = keras.layers.Dense(2, name="logits")(keras.layers.Dropout(dropout)(pooled))
    return keras.Model(image, outputs)


def _convolution(features: Any, channels: int, stride: int) -> Any:
    features = keras.layers.Conv2D(channels, 3, stride, "same", use_bias=False, kernel_initializer="he_normal")(
        features
    )
    return keras.layers.ReLU()(keras.layers.BatchNormalization(momentum=0.95)(features))


def both_views(member: Any, floats: Any) -> tuple[Any, Any]:
    """Return the member's logits for the images and for their mirror images."""
    return member(floats), member(keras.ops.flip(floats, axis=2))


def join_members(members: list[Any], side: int, temperature: float) -> Any:
    """Return one model over uint8 images: the mean of all logits over both views, cooled, as probabilities."""
    image = keras.Input((side, side, 3), batch_size=1, dtype="uint8", name="image")
    floats = keras.layers.Rescaling(1.0)(image)
    mean = keras.layers.Average()([view for member in members for view in both_views(member, floats)])
    cooled = keras.layers.Rescaling([1 / temperature, 1.0])(mean)
    return keras.Model(image, keras.layers.Activation("sigmoid", name="probabilities")(cooled))
