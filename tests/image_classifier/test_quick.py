"""The short way answers what the application would, and leaves to it whatever is not the plainest request."""

from __future__ import annotations

import base64
import json

import pytest
from flask.testing import FlaskClient
from PIL import Image

from image_classifier.serving.front import call_wsgi
from image_classifier.serving.http import Request
from image_classifier.serving.quick import QuickAnswers, one_image
from tests.image_classifier.conftest import encoded


def posted(body: bytes, kind: bytes, target: bytes = b"/predict") -> Request:
    return Request(method="POST", target=target, headers=[(b"content-type", kind)], body=body)


def multipart(*parts: bytes, boundary: bytes = b"xyz") -> bytes:
    return b"".join(b"--" + boundary + b"\r\n" + part + b"\r\n" for part in parts) + b"--" + boundary + b"--\r\n"


def part(data: bytes, name: bytes = b"image") -> bytes:
    head = b'Content-Disposition: form-data; name="%s"; filename="i.png"\r\nContent-Type: image/png\r\n\r\n' % name
    return head + data


FORM = b"multipart/form-data; boundary=xyz"


def ways(data: bytes) -> list[Request]:
    text = json.dumps({"image": base64.b64encode(data).decode()}).encode()
    return [
        posted(data, b"image/png"),
        posted(data, b"application/octet-stream"),
        posted(multipart(part(data)), FORM),
        posted(text, b"application/json"),
    ]


@pytest.mark.parametrize("name", ["chart", "broken", "empty"])
def test_each_way_gives_the_applications_own_answer(client: FlaskClient, chart: bytes, name: str) -> None:
    data = {"chart": chart, "broken": chart[:-300], "empty": b""}[name]
    quick = QuickAnswers(client.application.extensions["service"])
    for request in ways(data):
        reply = quick.answer(request)
        expected = call_wsgi(client.application, request)
        assert reply is not None
        assert reply.status.split()[0] == expected.status.split()[0]
        assert json.loads(reply.body) == json.loads(expected.body)


def test_what_is_not_the_plainest_request_is_left_to_the_application(client: FlaskClient, chart: bytes) -> None:
    quick = QuickAnswers(client.application.extensions["service"])
    base64_text = base64.b64encode(chart)
    left = [
        posted(chart, b"image/png", b"/explain"),
        posted(chart, b"image/png", b"/predict?x=1"),
        posted(multipart(part(chart), part(chart)), FORM),
        posted(multipart(part(chart, b"picture")), FORM),
        posted(multipart(part(chart))[:-4], FORM),
        posted(multipart(part(chart), boundary=b"other"), FORM),
        posted(b'{"image": ["%s"]}' % base64_text, b"application/json"),
        posted(b'{"image": "data:image/png;base64,%s"}' % base64_text, b"application/json"),
        posted(b"[1]", b"application/json"),
        posted(encoded(Image.new("RGB", (3000, 3000))), b"image/png"),
        posted(encoded(Image.new("RGB", (30, 30)), "AVIF"), b"image/avif"),
    ]
    assert [quick.answer(request) for request in left] == [None] * len(left)
    assert quick.answer(Request(method="GET", target=b"/predict")) is None


def test_a_boundary_inside_the_image_does_not_cut_it() -> None:
    inside = b"before\r\n--xyz\r\nafter"
    assert one_image(posted(multipart(part(inside)), FORM)) is None
    similar = b"before --xyz after\r\n--xy"
    assert one_image(posted(multipart(part(similar)), FORM)) == similar
