"""The OpenAPI document of the service; schemathesis holds the service to it."""

from __future__ import annotations

from typing import Any

from common.version import code_version
from image_classifier.images import FORMATS, MAX_PIXELS, MAX_SIDE
from image_classifier.serving.settings import ServiceSettings

Schema = dict[str, Any]


def openapi_document(settings: ServiceSettings) -> Schema:
    """Return the document (OpenAPI 3.1), with this service's limits in words and numbers."""
    limits = (
        f"{', '.join(FORMATS)}; at most {settings.max_body_bytes} bytes and {settings.max_images} images a request, "
        f"{MAX_PIXELS} pixels and {MAX_SIDE} pixels a side an image, {settings.max_request_pixels} pixels as they are "
        "decoded in all. Of an animation, the first frame."
    )
    predict = _operation(
        "Is it a chart or a meme?", limits, _image_bodies(), _json("Prediction or predictions", _ref("Predicted"))
    )
    explain = _operation("Which parts made the answer?", limits, _image_bodies(), _png())
    infer = _operation(
        "Infer (Open Inference Protocol)",
        limits,
        _json_body(_ref("InferenceRequest")),
        _json("Outputs", _ref("InferenceResponse")),
    )
    return {
        "openapi": "3.1.0",
        "info": {"title": "image_classifier", "version": code_version(), "description": "Chart or meme?"},
        "paths": {
            "/predict": {"post": predict},
            "/invocations": {"post": predict},
            "/chart_classifier/predict": {"post": predict},
            "/explain": {"post": explain},
            "/feedback": {"post": _feedback()},
            "/healthz": {"get": _read("The process is alive")},
            "/readyz": {"get": _read("Ready to answer")},
            "/ping": {"get": _read("Ready to answer (SageMaker)")},
            "/metrics": {"get": _read("Prometheus metrics", "text/plain")},
            "/v2": {"get": _read("The server's name and version")},
            "/v2/health/live": {"get": _read("Alive")},
            "/v2/health/ready": {"get": _read("Ready")},
            "/v2/models/{name}": {"get": _model_read("The model's inputs and outputs"), "parameters": [_model_name()]},
            "/v2/models/{name}/ready": {"get": _model_read("The model is ready"), "parameters": [_model_name()]},
            "/v2/models/{name}/infer": {"post": infer, "parameters": [_model_name()]},
        },
        "components": {"schemas": _schemas(settings)},
    }


def _ref(name: str) -> Schema:
    return {"$ref": f"#/components/schemas/{name}"}


def _operation(summary: str, description: str, body: Schema, success: Schema) -> Schema:
    refusals = {
        "400": "The body has the wrong shape",
        "404": "No such model",
        "408": "The body did not arrive in time",
        "413": "A limit was passed; the member limit names it",
        "415": "Not an accepted content type or image format",
        "422": "The image is broken",
        "503": "Too much work waits; try again after Retry-After seconds",
    }
    responses = {status: _problem(text) for status, text in refusals.items()}
    return {
        "summary": summary,
        "description": description,
        "requestBody": body,
        "responses": {"200": success, **responses},
    }


def _feedback() -> Schema:
    responses = {
        "204": {"description": "It is noted, for a reviewer to decide"},
        "400": _problem("The body has the wrong shape"),
        "404": _problem("No feedback is kept here, or the image was not kept: send it too"),
        "408": _problem("The body did not arrive in time"),
        "413": _problem("A limit was passed; the member limit names it"),
        "415": _problem("Not an accepted image format"),
        "422": _problem("The image is broken"),
        "503": _problem("Too much work waits; try again after Retry-After seconds"),
    }
    body = _json_body(_ref("Feedback"))
    return {"summary": "What an answered image really is", "requestBody": body, "responses": responses}


def _read(summary: str, kind: str = "application/json") -> Schema:
    schema: Schema = {"type": "object"} if kind == "application/json" else {"type": "string"}
    return {"summary": summary, "responses": {"200": {"description": summary, "content": {kind: {"schema": schema}}}}}


def _model_read(summary: str) -> Schema:
    operation = _read(summary)
    operation["responses"]["404"] = _problem("No such model")
    return operation


def _model_name() -> Schema:
    return {"name": "name", "in": "path", "required": True, "schema": {"type": "string"}, "example": "image_classifier"}


def _json(description: str, schema: Schema) -> Schema:
    return {"description": description, "content": {"application/json": {"schema": schema}}}


def _png() -> Schema:
    headers = {
        "X-Class": {"description": "the class", "schema": {"type": "string", "enum": ["chart", "meme"]}},
        "X-Probability": {"description": "its probability", "schema": {"type": "string"}},
    }
    content = {"image/png": {"schema": {"type": "string", "format": "binary"}}}
    return {
        "description": "The image with what speaks for the answer in orange",
        "content": content,
        "headers": headers,
    }


def _problem(description: str) -> Schema:
    return {"description": description, "content": {"application/problem+json": {"schema": _ref("Problem")}}}


def _json_body(schema: Schema) -> Schema:
    return {"required": True, "content": {"application/json": {"schema": schema}}}


def _image_bodies() -> Schema:
    file: Schema = {"type": "string", "format": "binary"}
    encoded: Schema = {"type": "string", "contentEncoding": "base64"}
    one_or_many = {"anyOf": [encoded, {"type": "array", "items": encoded, "minItems": 1}]}
    upload: Schema = {
        "type": "object",
        "properties": {"image": {"type": "array", "items": file}},
        "required": ["image"],
    }
    form: Schema = {"type": "object", "properties": {"encoded_image": encoded}, "required": ["encoded_image"]}
    whole: Schema = {"type": "object", "properties": {"image": one_or_many}, "required": ["image"]}
    raw = {kind: {"schema": file} for kind in tuple(f"image/{name.lower()}" for name in FORMATS)}
    return {
        "required": True,
        "content": {
            "multipart/form-data": {"schema": upload},
            "application/json": {"schema": whole},
            "application/x-www-form-urlencoded": {"schema": form},
            "application/octet-stream": {"schema": file},
            **raw,
        },
    }


def _schemas(settings: ServiceSettings) -> Schema:
    share: Schema = {"type": "number", "minimum": 0, "maximum": 1}
    prediction: Schema = {
        "type": "object",
        "properties": {
            "class": {"type": "string", "enum": ["chart", "meme"]},
            "probability": {**share, "description": "probability of the class, calibrated"},
            "confident": {"type": "boolean", "description": "false: neither, or the class is not probable enough"},
            "neither": {"type": "boolean", "description": "whether the image is neither chart nor meme"},
            "familiarity": {**share, "description": "how much the image is like the charts and memes in training"},
            "model_version": {"type": "string"},
            "id": {"type": "string", "description": "only where answers or hashes of images are kept"},
            "duplicate_of": {
                "type": ["string", "null"],
                "description": "the id of an image that was alike; only where hashes of images are kept",
            },
        },
        "required": ["class", "probability", "confident", "neither", "familiarity", "model_version"],
    }
    spoiled: Schema = {"type": "object", "properties": {"problem": _ref("Problem")}, "required": ["problem"]}
    items: Schema = {
        "type": "array",
        "maxItems": settings.max_images,
        "items": {"anyOf": [_ref("Prediction"), spoiled]},
    }
    several: Schema = {"type": "object", "properties": {"predictions": items}, "required": ["predictions"]}
    limit: Schema = {"type": "object", "properties": {"name": {"type": "string"}, "value": {"type": "integer"}}}
    problem: Schema = {
        "type": "object",
        "properties": {
            "type": {"type": "string"},
            "title": {"type": "string"},
            "status": {"type": "integer"},
            "detail": {"type": "string"},
            "limit": limit,
        },
        "required": ["type", "title", "status", "detail"],
    }
    tensor: Schema = {
        "type": "object",
        "properties": {
            "name": {"type": "string"},
            "shape": {"type": "array", "items": {"type": "integer"}},
            "datatype": {"type": "string", "enum": ["BYTES", "UINT8"]},
            "data": {"type": "array", "minItems": 1},
        },
        "required": ["name", "shape", "datatype", "data"],
    }
    feedback: Schema = {
        "type": "object",
        "properties": {
            "id": {"type": "string"},
            "class": {"type": "string", "enum": ["chart", "meme", "neither"]},
            "image": {"type": "string", "contentEncoding": "base64"},
        },
        "required": ["id", "class"],
    }
    inputs: Schema = {"type": "array", "minItems": 1, "maxItems": 1, "items": tensor}
    return {
        "Prediction": prediction,
        "Predictions": several,
        "Predicted": {"anyOf": [_ref("Prediction"), _ref("Predictions")]},
        "Problem": problem,
        "Feedback": feedback,
        "InferenceRequest": {"type": "object", "properties": {"inputs": inputs}, "required": ["inputs"]},
        "InferenceResponse": {
            "type": "object",
            "properties": {
                "model_name": {"type": "string"},
                "model_version": {"type": "string"},
                "outputs": {"type": "array", "items": {"type": "object"}},
            },
            "required": ["model_name", "model_version", "outputs"],
        },
    }
