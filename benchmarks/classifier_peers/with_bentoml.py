"""BentoML: a service with two workers that takes a file."""

from pathlib import Path
from typing import Annotated

import bentoml
from bentoml.validators import ContentType

from image_classifier.artifact import SHIPPED, load_artifact
from image_classifier.classifier import Classifier


@bentoml.service(workers=2)
class Peer:
    """One classifier in each worker."""

    def __init__(self) -> None:
        self.classifier = Classifier(load_artifact(SHIPPED))

    @bentoml.api
    def predict(self, image: Annotated[Path, ContentType("image/*")]) -> dict[str, object]:
        """Answer for a multipart field `image`."""
        return vars(self.classifier.classify(image.read_bytes()))
