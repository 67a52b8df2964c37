"""FastAPI: a plain function, which it runs in its thread pool."""

from typing import Annotated

from fastapi import Body, FastAPI

from image_classifier.artifact import SHIPPED, load_artifact
from image_classifier.classifier import Classifier

classifier = Classifier(load_artifact(SHIPPED))
app = FastAPI()


@app.post("/predict")
def predict(image: Annotated[bytes, Body(media_type="application/octet-stream")]) -> dict[str, object]:
    """Answer for a raw body."""
    return vars(classifier.classify(image))
