"""What the service can be told by environment variables."""

from __future__ import annotations

from pathlib import Path

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict

from image_classifier.artifact import MODEL_FILE, SHIPPED
from image_classifier.learning.models import PREFIX


class ServiceSettings(BaseSettings):
    """The fields in capitals behind SERVE_: SERVE_HOST, SERVE_MAX_BODY_BYTES and so on; see the README."""

    model_config = SettingsConfigDict(env_prefix="SERVE_")

    host: str = Field(default="127.0.0.1", min_length=1)
    port: int = Field(default=8080, ge=1, le=65535)
    workers: int = Field(default=2, ge=1, le=256)
    artifact: str | None = None
    max_body_bytes: int = Field(default=8 * 1024 * 1024, ge=1024)
    max_images: int = Field(default=32, ge=1)
    max_request_pixels: int = Field(default=50_000_000, ge=1_000_000)
    request_seconds: float = Field(default=30.0, gt=0)
    seen_images: int = Field(default=0, ge=0, le=1 << 31)
    artifact_seconds: float = Field(default=30.0, ge=1)
    feedback: str | None = None
    feedback_unsure_share: float = Field(default=1.0, ge=0, le=1)
    feedback_random_share: float = Field(default=0.01, ge=0, le=1)
    feedback_days: int = Field(default=30, ge=1)
    feedback_max_bytes: int = Field(default=1 << 30, ge=1 << 20)
    ml_root: Path = Field(default=Path("/opt/ml"), validation_alias="ML_ROOT")  # as in training: moves the layout

    @property
    def followed(self) -> str | None:
        """SERVE_ARTIFACT, if that is s3:// or a folder of publications: what is published there last is served."""
        if self.artifact is None:
            return None
        return self.artifact if self.artifact.startswith("s3://") or (Path(self.artifact) / PREFIX).is_dir() else None

    @property
    def artifact_directory(self) -> Path:
        """SERVE_ARTIFACT, else what SageMaker unpacked into /opt/ml/model, else the artifact that ships."""
        if self.artifact is not None:
            return Path(self.artifact)
        unpacked = self.ml_root / "model"
        return unpacked if (unpacked / MODEL_FILE).exists() else SHIPPED
