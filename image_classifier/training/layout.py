"""Where SageMaker puts things: /opt/ml and the SM_* variables (ML_ROOT moves the whole layout)."""

from __future__ import annotations

import json
from contextlib import suppress
from pathlib import Path

from pydantic import Field
from pydantic_settings import BaseSettings

from common.errors import ConfigurationError


class Layout(BaseSettings):
    """ML_ROOT, SM_MODEL_DIR, SM_OUTPUT_DATA_DIR, SM_CHANNEL_TRAINING and SM_HPS, all optional."""

    ml_root: Path = Path("/opt/ml")
    sm_model_dir: Path | None = None
    sm_output_data_dir: Path | None = None
    sm_channel_training: Path | None = None
    sm_hps: str | None = Field(default=None, description="the hyperparameters as a JSON object")

    @property
    def present(self) -> bool:
        """Whether this process runs as a SageMaker training job."""
        return (self.ml_root / "input").is_dir()

    @property
    def data(self) -> str | None:
        """The channels `train` and `val`, or the one channel `training` that has both as folders."""
        if self.sm_channel_training is not None:
            return str(self.sm_channel_training)
        channels = self.ml_root / "input" / "data"
        for folder in (channels, channels / "training"):
            if (folder / "train").is_dir() and (folder / "val").is_dir():
                return str(folder)
        return None

    @property
    def model(self) -> Path | None:
        """Where the artifact goes."""
        return self.sm_model_dir or (self.ml_root / "model" if self.present else None)

    @property
    def report(self) -> Path | None:
        """Where the report goes."""
        return self.sm_output_data_dir or (self.ml_root / "output" / "data" if self.present else None)

    @property
    def checkpoints(self) -> Path | None:
        """Where SageMaker keeps what a spot instance leaves."""
        folder = self.ml_root / "checkpoints"
        return folder if folder.is_dir() else None

    @property
    def hyperparameters(self) -> dict[str, str]:
        """The job's hyperparameters (strings, as SageMaker writes them), less those of SageMaker's own tools."""
        file = self.ml_root / "input" / "config" / "hyperparameters.json"
        text = self.sm_hps or (file.read_text() if file.is_file() else "{}")
        try:
            values = json.loads(text)
        except ValueError as error:
            raise ConfigurationError(f"the job's hyperparameters are not JSON: {error}") from None
        return {name: value for name, value in values.items() if not name.startswith(("sagemaker_", "_"))}

    def write_failure(self, reason: str) -> None:
        """Leave the reason where SageMaker reads it (/opt/ml/output/failure, at most 1,024 characters are shown)."""
        if self.present:
            with suppress(OSError):
                (self.ml_root / "output").mkdir(parents=True, exist_ok=True)
                (self.ml_root / "output" / "failure").write_text(reason[:1024])
