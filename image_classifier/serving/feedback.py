"""POST /feedback: a user says what an answered image really is. A reviewer decides whether that is so."""

from __future__ import annotations

from flask import Flask, Response, request
from werkzeug.exceptions import BadRequest, NotFound

from common.errors import DataError, MissingInputError
from image_classifier.learning.samples import LABELS
from image_classifier.serving.bodies import decode_base64, json_body
from image_classifier.serving.sampling import Sampler
from image_classifier.serving.service import Service


def add_feedback(app: Flask, service: Service) -> None:
    """Add the route; without a store to keep it in, it says so."""

    @app.post("/feedback")
    def feedback() -> Response:
        body = json_body(request)
        if not isinstance(body, dict) or not isinstance(body.get("id"), str) or body.get("class") not in LABELS:
            raise BadRequest(f'the body needs "id", of an answer, and "class": one of {", ".join(LABELS)}')
        if service.sampler is None:
            raise NotFound("this service keeps no feedback: SERVE_FEEDBACK is not set")
        try:
            _keep(service, service.sampler, body)
        except (DataError, MissingInputError) as error:
            raise BadRequest(str(error)) from None
        return Response(status=204)


def _keep(service: Service, sampler: Sampler, body: dict[str, str]) -> None:
    if not sampler.samples.has(body["id"]):
        if not isinstance(body.get("image"), str):
            raise NotFound(f'the image of {body["id"]} was not kept: send it too, as "image" in base64')
        data = decode_base64(body["image"], "image")
        with service.opened([data]) as (image,):
            answer = service.answer(service.pixels(image))
        sampler.samples.keep(body["id"], data, {**service.describe(answer), "why": "sent with feedback"})
    sampler.samples.claim(body["id"], body["class"])
