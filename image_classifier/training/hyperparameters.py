"""What training can be told: one model for flags, hyperparameters.json and SageMaker's strings."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from common.errors import ConfigurationError, MissingInputError


class Hyperparameters(BaseModel):
    """Every hyperparameter of training, with its default and range."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    side: int = Field(128, ge=32, le=299, description="edge of the model's input in pixels")
    views: int = Field(10, ge=1, le=100, description="times that each real post is shown: as it is, else varied")
    drawn: int = Field(800, ge=0, le=100_000, description="drawn images of each class added to the training images")
    neither: int = Field(800, ge=0, le=100_000, description="drawn images of neither class, for telling the unfamiliar")
    epochs: int = Field(20, ge=1, le=500, description="passes over the training images, at most")
    patience: int = Field(5, ge=1, le=500, description="epochs without a lower training loss before stopping")
    batch: int = Field(256, ge=2, le=4096, description="images per step")
    learning_rate: float = Field(3e-3, gt=0, le=1, description="start of the cosine schedule")
    weight_decay: float = Field(1e-2, ge=0, le=1, description="decoupled weight decay (AdamW)")
    dropout: float = Field(0.5, ge=0, lt=1, description="share of the features that is dropped at random")
    members: int = Field(5, ge=1, le=10, description="heads that are averaged; each leaves one fold out")
    penalty: float = Field(0.1, gt=0, le=100, description="of the weights that tell posts from what is neither")
    seed: int = Field(7, ge=0, description="seed of everything random")

    @property
    def sight(self) -> str:
        """What the features of the pictures depend on, as JSON."""
        return self.model_dump_json(include={"side", "views", "drawn", "neither", "seed"})


def read_hyperparameters(path: Path | None, overrides: dict[str, Any]) -> Hyperparameters:
    """Read hyperparameters from a JSON file (SageMaker's strings are understood); overrides that are not None win.

    Raises `MissingInputError` when the file is not there and `ConfigurationError` naming every wrong hyperparameter.
    """
    values: dict[str, Any] = {}
    if path is not None:
        try:
            values = json.loads(path.read_text())
        except FileNotFoundError:
            raise MissingInputError(f"{path} is not there") from None
        except ValueError as error:
            raise ConfigurationError(f"{path} is not JSON: {error}") from None
        if not isinstance(values, dict):
            raise ConfigurationError(f"{path} does not hold a JSON object of hyperparameters")
    values |= {name: value for name, value in overrides.items() if value is not None}
    try:
        return Hyperparameters(**values)
    except ValidationError as error:
        described = (f"{'.'.join(map(str, problem['loc']))}: {problem['msg'].lower()}" for problem in error.errors())
        raise ConfigurationError("hyperparameters: " + "; ".join(described)) from None
