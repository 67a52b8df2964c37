"""The review page: the kept images one after the other, each decided by one key. For the reviewer's own machine."""

from __future__ import annotations

from pathlib import Path

from flask import Flask, Response, jsonify, request
from werkzeug.exceptions import BadRequest, Forbidden

from common.errors import MissingInputError
from common.storage import open_store
from common.web import problem, register_problem_handlers, register_security_headers
from image_classifier.images import PostedImage
from image_classifier.learning.samples import LABELS, Sample, Samples

_STATIC = Path(__file__).parent / "static"


def create_review_app(uri: str) -> Flask:
    """Return the application for the samples in a store. It is for the machine that it runs on."""
    app = Flask("review", static_folder=str(_STATIC))
    register_problem_handlers(app)
    register_security_headers(app)
    _keep_to_this_machine(app)
    samples = Samples(open_store(uri))
    _add_samples(app, samples)
    _add_decisions(app, samples)

    @app.get("/")
    def index() -> Response:
        return Response((_STATIC / "review.html").read_bytes(), content_type="text/html")

    return app


def _keep_to_this_machine(app: Flask) -> None:
    """Refuse pages of other sites, which could reach a loopback address through the reviewer's browser."""

    @app.before_request
    def only_from_here() -> None:
        host = request.host.rsplit(":", 1)[0]
        if host not in {"127.0.0.1", "localhost", "[::1]"} or request.headers.get("Sec-Fetch-Site") == "cross-site":
            raise Forbidden("the review page is for this machine only")


def _add_samples(app: Flask, samples: Samples) -> None:
    @app.get("/samples")
    def waiting() -> Response:
        """List what is to be reviewed: what users objected to first."""
        found = [sample for sample in samples.all() if not sample.reviewed]
        return jsonify([sample.id for sample in sorted(found, key=lambda sample: not sample.claimed)])

    @app.get("/samples/<sample_id>")
    def answer(sample_id: str) -> Response:
        return jsonify(samples.answer(_find(samples, sample_id)))

    @app.get("/samples/<sample_id>/image")
    def image(sample_id: str) -> Response:
        data = samples.image(_find(samples, sample_id))
        media = f"image/{PostedImage(data).format.lower()}"
        return Response(data, content_type=media)


def _add_decisions(app: Flask, samples: Samples) -> None:
    @app.put("/samples/<sample_id>/review")
    def decide(sample_id: str) -> Response:
        said = request.get_json()
        label = said.get("class") if isinstance(said, dict) else None
        if label not in LABELS:
            raise BadRequest(f'the body needs "class": one of {", ".join(LABELS)}')
        samples.review(sample_id, label)
        return Response(status=204)

    @app.delete("/samples/<sample_id>/review")
    def undo(sample_id: str) -> Response:
        samples.take_back(sample_id)
        return Response(status=204)

    @app.errorhandler(MissingInputError)
    def missing(error: MissingInputError) -> Response:
        return problem(404, "Not Found", str(error))


def _find(samples: Samples, sample_id: str) -> Sample:
    found = samples.find(sample_id)
    if found is None:
        raise MissingInputError(f"there is no sample {sample_id!r}")
    return found
