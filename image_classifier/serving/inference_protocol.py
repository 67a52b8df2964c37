"""The Open Inference Protocol, version 2, over REST: health, metadata and inference."""

from __future__ import annotations

from typing import Any

import numpy as np
from flask import Flask, Response, jsonify, request
from werkzeug.exceptions import BadRequest, NotFound

from common.version import code_version
from image_classifier.preprocessing import Pixels
from image_classifier.serving.bodies import decode_base64, json_body
from image_classifier.serving.problems import TooManyImages
from image_classifier.serving.service import Service

MODEL = "image_classifier"
_OUTPUTS = {"class": "BYTES", "probability": "FP64", "familiarity": "FP64", "confident": "BOOL", "neither": "BOOL"}
_NOTHING: dict[str, Any] = {"BYTES": "", "FP64": 0.0, "BOOL": False}


def add_inference_protocol(app: Flask, service: Service) -> None:
    """Add the routes under /v2."""

    @app.get("/v2")
    def server() -> Response:
        return jsonify(name="image_classifier", version=code_version(), extensions=[])

    @app.get("/v2/health/live")
    @app.get("/v2/health/ready")
    def health() -> Response:
        return jsonify(live=True, ready=True)

    @app.get("/v2/models/<name>")
    @app.get("/v2/models/<name>/versions/<version>")
    def metadata(name: str, version: str | None = None) -> Response:
        _check_model(service, name, version)
        return jsonify(_metadata(service))

    @app.get("/v2/models/<name>/ready")
    @app.get("/v2/models/<name>/versions/<version>/ready")
    def ready(name: str, version: str | None = None) -> Response:
        _check_model(service, name, version)
        return jsonify(name=name, ready=True)

    @app.post("/v2/models/<name>/infer")
    @app.post("/v2/models/<name>/versions/<version>/infer")
    def infer(name: str, version: str | None = None) -> Response:
        _check_model(service, name, version)
        body = json_body(request)
        answers = _answers(service, body)
        outputs = [
            # A tensor has no null: what was never seen is a duplicate of nothing.
            {
                "name": name,
                "shape": [len(answers)],
                "datatype": kind,
                "data": [a[name] or _NOTHING[kind] for a in answers],
            }
            for name, kind in _outputs(service).items()
        ]
        identity = {"id": body["id"]} if isinstance(body.get("id"), str) else {}
        return jsonify(model_name=MODEL, model_version=service.model_version, outputs=outputs, **identity)


def _check_model(service: Service, name: str, version: str | None) -> None:
    if name != MODEL:
        raise NotFound(f"there is no model {name!r}; this service has {MODEL!r}")
    if version not in {None, service.model_version}:
        raise NotFound(f"there is no version {version!r}; this service has {service.model_version!r}")


def _outputs(service: Service) -> dict[str, str]:
    """Return the names and datatypes of the tensors that are answered."""
    outputs = dict(_OUTPUTS)
    if service.gives_ids:
        outputs["id"] = "BYTES"
    if service.seen is not None:
        outputs["duplicate_of"] = "BYTES"
    return outputs


def _metadata(service: Service) -> dict[str, Any]:
    side = service.artifact.side
    return {
        "name": MODEL,
        "versions": [service.model_version],
        "platform": "litert",
        "inputs": [
            {"name": "image", "datatype": "BYTES", "shape": [-1]},
            {"name": "pixels", "datatype": "UINT8", "shape": [-1, side, side, 3]},
        ],
        "outputs": [{"name": name, "datatype": kind, "shape": [-1]} for name, kind in _outputs(service).items()],
    }


def _answers(service: Service, body: Any) -> list[dict[str, Any]]:
    """Answer for the one input: image files as base64 (BYTES), or arrays that are already preprocessed (UINT8)."""
    given = body.get("inputs") if isinstance(body, dict) else None
    if not isinstance(given, list) or len(given) != 1 or not isinstance(given[0], dict):
        raise BadRequest('the body needs "inputs": a list of one input, {"name", "shape", "datatype", "data"}')
    tensor = given[0]
    if tensor.get("datatype") == "BYTES":
        with service.opened(_files(service, tensor)) as images:
            return [service.predict(image) for image in images]
    if tensor.get("datatype") == "UINT8":
        return [service.answered(pixels) for pixels in _arrays(service, tensor)]
    raise BadRequest(f'datatype is {tensor.get("datatype")!r}: "BYTES" (base64 of image files) or "UINT8" (pixels)')


def _files(service: Service, tensor: dict[str, Any]) -> list[bytes]:
    texts = tensor.get("data")
    if not isinstance(texts, list) or not texts or not all(isinstance(text, str) for text in texts):
        raise BadRequest("data: expected a list of base64 strings that is not empty")
    if tensor.get("shape") not in ([len(texts)], [len(texts), 1]):
        raise BadRequest(f"shape is {tensor.get('shape')!r}: expected [{len(texts)}] or [{len(texts)}, 1]")
    _check_count(service, len(texts))
    return [decode_base64(text, "data") for text in texts]


def _arrays(service: Service, tensor: dict[str, Any]) -> list[Pixels]:
    side = service.artifact.side
    shape = tensor.get("shape")
    if not isinstance(shape, list) or len(shape) != 4 or shape[1:] != [side, side, 3] or not isinstance(shape[0], int):
        raise BadRequest(f"shape is {shape!r}: expected [n, {side}, {side}, 3]")
    _check_count(service, shape[0])
    try:
        values = np.array(tensor.get("data"), np.int64).ravel()
    except (ValueError, TypeError, OverflowError) as error:
        raise BadRequest(f"data: {error}") from None
    if values.size == 0 or values.size != shape[0] * side * side * 3 or values.min() < 0 or values.max() > 255:
        raise BadRequest(f"data: expected {shape[0]} x {side} x {side} x 3 whole numbers from 0 to 255")
    return list(values.astype(np.uint8).reshape(shape))


def _check_count(service: Service, count: int) -> None:
    if count > service.settings.max_images:
        raise TooManyImages(count, service.settings.max_images)
