"""The web application: which routes there are."""

from __future__ import annotations

from pathlib import Path

from flask import Flask, Response, jsonify, request
from werkzeug.exceptions import BadRequest

from common.tracing import register_tracing
from common.web import register_security_headers
from image_classifier.classifier import Classifier
from image_classifier.explain import occlusion_map, render_map
from image_classifier.serving.decoding import Decoder
from image_classifier.serving.feedback import add_feedback
from image_classifier.serving.inference_protocol import add_inference_protocol
from image_classifier.serving.openapi import openapi_document
from image_classifier.serving.problems import register_problems
from image_classifier.serving.sampling import Sampler
from image_classifier.serving.seen import SeenImages
from image_classifier.serving.service import EXPLANATION_WORK, Service
from image_classifier.serving.settings import ServiceSettings

_STATIC = Path(__file__).parent / "static"


def create_app(
    classifier: Classifier,
    settings: ServiceSettings,
    decoder: Decoder | None = None,
    seen: SeenImages | None = None,
) -> Flask:
    """Return the application that answers with one artifact; without a decoder it decodes all images itself."""
    app = Flask("image_classifier", static_folder=str(_STATIC))
    app.config["MAX_CONTENT_LENGTH"] = settings.max_body_bytes
    app.config["MAX_FORM_MEMORY_SIZE"] = settings.max_body_bytes
    app.config["MAX_FORM_PARTS"] = settings.max_images + 16
    app.json.sort_keys = False  # type: ignore[attr-defined]
    sampler = Sampler(settings.feedback, settings) if settings.feedback else None
    service = app.extensions["service"] = Service(classifier, settings, decoder, sampler, seen)
    service.warm_up()
    service.metrics.watch(app)
    register_tracing(app)
    register_problems(app)
    register_security_headers(app)
    _add_answers(app, service)
    _add_health(app, service)
    _add_pages(app, service)
    add_inference_protocol(app, service)
    add_feedback(app, service)
    return app


def _add_answers(app: Flask, service: Service) -> None:
    @app.post("/predict")
    @app.post("/invocations")
    @app.post("/chart_classifier/predict")
    def predict() -> Response:
        with service.opened(service.images(request)) as images:
            if len(images) == 1:
                return jsonify(service.predict(images[0]))
            return jsonify(predictions=[service.answer_or_problem(image) for image in images])

    @app.post("/explain")
    def explain() -> Response:
        files = service.images(request)
        if len(files) != 1:
            raise BadRequest(f"one image is explained at a time; {len(files)} were sent")
        with service.opened(files) as images:
            pixels = service.pixels(images[0])
        with service.admitted(EXPLANATION_WORK), service.turn, service.metrics.stage("explain"):
            answer, costs = occlusion_map(service.classifier, pixels)
            picture = render_map(pixels, costs)
        headers = {"X-Class": answer.label, "X-Probability": repr(answer.probability)}
        return Response(picture, content_type="image/png", headers=headers)


def _add_health(app: Flask, service: Service) -> None:
    @app.get("/healthz")
    def healthz() -> Response:
        return jsonify(status="alive")

    @app.get("/readyz")
    @app.get("/ping")
    def readyz() -> Response:
        return jsonify(status="ready", model_version=service.model_version)


def _add_pages(app: Flask, service: Service) -> None:
    @app.get("/openapi.json")
    def openapi() -> Response:
        return jsonify(openapi_document(service.settings))

    @app.get("/")
    def index() -> Response:
        return _page("index.html")

    @app.get("/docs")
    def docs() -> Response:
        return _page("docs.html")

    def _page(name: str) -> Response:
        return Response((_STATIC / name).read_bytes(), content_type="text/html; charset=utf-8")
