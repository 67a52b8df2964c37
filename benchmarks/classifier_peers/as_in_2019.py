"""The way of 2019: Flask takes base64 in a form and loads the model for every request."""

import base64

from flask import Flask, Response, jsonify, request

from image_classifier.artifact import SHIPPED, load_artifact
from image_classifier.classifier import Classifier

app = Flask(__name__)


@app.post("/chart_classifier/predict")
def predict() -> Response:
    """Answer for the form field `encoded_image`."""
    classifier = Classifier(load_artifact(SHIPPED))
    return jsonify(vars(classifier.classify(base64.b64decode(request.form["encoded_image"]))))
