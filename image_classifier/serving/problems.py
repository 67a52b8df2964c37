"""What goes wrong, as problem documents (RFC 9457) that say which limit was hit."""

from __future__ import annotations

from typing import Any

from flask import Flask, Response, request
from werkzeug.exceptions import RequestEntityTooLarge, ServiceUnavailable

from common.web import problem, register_problem_handlers
from image_classifier.images import BrokenImageError, ImageError, OversizedImageError


class TooManyImages(RequestEntityTooLarge):  # named as werkzeug names its own
    """The request has more images than are answered at once."""

    def __init__(self, count: int, most: int) -> None:
        super().__init__(f"{count} images in one request; at most {most} are answered at once")
        self.limit = {"name": "images", "value": most}


class TooMuchWorkError(RequestEntityTooLarge):
    """The images of the request declare more pixels than are decoded for one request."""

    def __init__(self, work: int, most: int) -> None:
        super().__init__(f"decoding the images costs as much as {work} pixels of PNG; at most {most} are decoded")
        self.limit = {"name": "request_pixels", "value": most}


class OverloadedError(ServiceUnavailable):
    """Too much work waits already."""

    def __init__(self) -> None:
        super().__init__("too much work waits; try again", retry_after=1)


def image_problem(error: ImageError) -> dict[str, Any]:
    """Return the members of the problem document for an image that cannot be classified."""
    status, title = 415, "Unsupported Media Type"
    if isinstance(error, OversizedImageError):
        status, title = 413, "Content Too Large"
    elif isinstance(error, BrokenImageError):
        status, title = 422, "Unprocessable Content"
    limit = {"limit": {"name": error.limit, "value": error.bound}} if error.limit else {}
    return {"type": "about:blank", "title": title, "status": status, "detail": str(error), **limit}


def register_problems(app: Flask) -> None:
    """Make the app answer every error with a problem document."""
    register_problem_handlers(app)

    @app.errorhandler(ImageError)
    def _image(error: ImageError) -> Response:
        members = image_problem(error)
        return problem(members.pop("status"), members.pop("title"), members.pop("detail"), **members)

    @app.errorhandler(RequestEntityTooLarge)
    def _too_large(error: RequestEntityTooLarge) -> Response:
        most = request.max_content_length
        limit = getattr(error, "limit", {"name": "body_bytes", "value": most})
        detail = error.description if hasattr(error, "limit") else f"the body is larger than {most} bytes"
        return problem(413, "Content Too Large", str(detail), limit=limit)
