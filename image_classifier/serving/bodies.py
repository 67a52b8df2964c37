"""The images in a request, whichever of the accepted ways they were sent."""

from __future__ import annotations

import json
from typing import Any

import pybase64
from flask import Request
from werkzeug.exceptions import BadRequest, ClientDisconnected, RequestTimeout, UnsupportedMediaType

from image_classifier.serving.problems import TooManyImages

ACCEPTED = (
    "send multipart/form-data (field image, once or more), a raw image (image/* or application/octet-stream), "
    'JSON {"image": base64 or a list}, or a form field encoded_image (base64)'
)


def request_images(request: Request, most: int) -> list[bytes]:
    """Return the image files in the body, in order, undecoded.

    Raises the HTTP error that fits: 400 for a body of the wrong shape, 408 when it does not arrive, 413 when it is
    larger than the service takes or has more than `most` images, 415 for another content type.
    """
    try:
        images = _images(request)
    except ClientDisconnected:
        raise RequestTimeout("the body did not arrive in time, or the client closed the connection") from None
    if len(images) > most:
        raise TooManyImages(len(images), most)
    return images


def _images(request: Request) -> list[bytes]:
    kind = request.mimetype
    if kind in {"multipart/form-data", "application/x-www-form-urlencoded"}:
        return _form_images(request)
    if kind == "application/json":
        return _json_images(json_body(request))
    if kind.startswith("image/") or kind == "application/octet-stream":
        return [whole_body(request)]
    raise UnsupportedMediaType(f"Content-Type is {kind or 'missing'}: {ACCEPTED}")


def _form_images(request: Request) -> list[bytes]:
    uploads = [upload.read() for upload in request.files.getlist("image")]
    # A browser's form encoding turns the plus signs of base64 into spaces.
    encoded = [decode_base64(text.replace(" ", "+"), "encoded_image") for text in request.form.getlist("encoded_image")]
    if not uploads and not encoded:
        fields = sorted(map(str, {*request.files, *request.form}))  # a part may be without a name
        raise BadRequest(f"the form has no image, only the fields {fields}: {ACCEPTED}")
    return uploads + encoded


def whole_body(request: Request) -> bytes:
    """Return the body, whole.

    Raises `RequestEntityTooLarge` also for one without a length, and `ClientDisconnected` for one that ended early:
    werkzeug would return their beginnings.
    """
    length = request.content_length
    body = request.stream.read(-1 if length is None else length)
    if length is not None and len(body) < length:
        raise ClientDisconnected
    if length is None and len(body) >= (request.max_content_length or len(body) + 1):
        request.stream.read(1)
    return body


def json_body(request: Request) -> Any:
    """Parse the body as JSON; raises `BadRequest` saying where it is broken."""
    try:
        return json.loads(whole_body(request))
    except (ValueError, RecursionError) as error:
        raise BadRequest(f"the body is not JSON: {error}") from None


def _json_images(body: Any) -> list[bytes]:
    given = body.get("image") if isinstance(body, dict) else None
    texts = given if isinstance(given, list) else [given]
    if not texts or not all(isinstance(text, str) for text in texts):
        raise BadRequest('the JSON body needs "image": a base64 string, or a list of them that is not empty')
    return [decode_base64(str(text), "image") for text in texts]


def decode_base64(text: str, field: str) -> bytes:
    """Decode base64, with or without a data URL's beginning; raises `BadRequest` naming the field."""
    encoded = text.partition(",")[2] if text.startswith("data:") else text
    try:
        return pybase64.b64decode("".join(encoded.split()), validate=True)
    except ValueError as error:
        raise BadRequest(f"{field} is not base64: {error}") from None
