"""The routes, in process: every way to send an image, every way to get it wrong."""

from __future__ import annotations

import base64
import json
from concurrent.futures import ThreadPoolExecutor
from io import BytesIO
from typing import Any

import numpy as np
import pytest
from flask.testing import FlaskClient
from PIL import Image

from image_classifier.artifact import SHIPPED, Artifact, load_artifact
from image_classifier.classifier import Classifier
from image_classifier.images import PostedImage
from image_classifier.preprocessing import preprocess
from image_classifier.serving.app import create_app
from image_classifier.serving.settings import ServiceSettings
from tests.image_classifier.conftest import encoded
from tests.image_classifier.test_images import png_header

ROUTES = ("/predict", "/invocations", "/chart_classifier/predict")
SIDE = load_artifact(SHIPPED).side

NAMELESS_PARTS = (
    b"".join(
        b"--b\r\nContent-Disposition: form-data; " + name + b"\r\n\r\nx\r\n"
        for name in (b'name="picture"', b"", b'other="y"; filename="z"')
    )
    + b"--b--\r\n"
)


def upload(*files: bytes) -> dict[str, Any]:
    return {"data": {"image": [(BytesIO(data), f"{n}.png") for n, data in enumerate(files)]}}


def ways(data: bytes) -> dict[str, dict[str, Any]]:
    text = base64.b64encode(data).decode()
    return {
        "raw": {"data": data, "content_type": "image/png"},
        "octets": {"data": data, "content_type": "application/octet-stream"},
        "multipart": upload(data),
        "JSON": {"json": {"image": text}},
        "JSON list": {"json": {"image": [text]}},
        "data URL": {"json": {"image": f"data:image/png;base64,{text}"}},
        "form of 2019": {"data": {"encoded_image": text}},
        "form of 2019, multipart": {"data": {"encoded_image": text}, "content_type": "multipart/form-data"},
    }


def test_pictures_are_decoded_one_at_a_time(artifact: Artifact, chart: bytes) -> None:
    service = create_app(Classifier(artifact), ServiceSettings()).extensions["service"]
    image = PostedImage(chart)
    with ThreadPoolExecutor(1) as pool:
        with service.turn:
            decoded = pool.submit(service.pixels, image)
            with pytest.raises(TimeoutError):
                decoded.result(timeout=0.5)
        assert decoded.result(timeout=30).shape == (artifact.side, artifact.side, 3)


def test_one_artifact_answers_the_same_to_the_bit_in_every_way(
    client: FlaskClient, chart: bytes, meme: bytes, artifact: Artifact
) -> None:
    for data in (chart, meme):
        answers = [client.post(route, **way).get_json() for route in ROUTES for way in ways(data).values()]
        assert all(answer == answers[0] for answer in answers)
        tensors: list[dict[str, Any]] = [
            {"name": "image", "shape": [1], "datatype": "BYTES", "data": [base64.b64encode(data).decode()]},
            {"name": "image", "shape": [1, 1], "datatype": "BYTES", "data": [base64.b64encode(data).decode()]},
            {
                "name": "pixels",
                "shape": [1, artifact.side, artifact.side, 3],
                "datatype": "UINT8",
                "data": preprocess(data, artifact.side).tolist(),
            },
        ]
        for tensor in tensors:
            body = client.post("/v2/models/image_classifier/infer", json={"inputs": [tensor], "id": "7"}).get_json()
            outputs = {output["name"]: output["data"] for output in body["outputs"]}
            assert outputs["class"] == [answers[0]["class"]]
            assert outputs["probability"] == [answers[0]["probability"]]
            assert body["id"] == "7"


def test_a_chart_and_a_meme_are_told_apart(client: FlaskClient, chart: bytes, meme: bytes) -> None:
    for data, label in ((chart, "chart"), (meme, "meme")):
        answer = client.post("/predict", data=data, content_type="image/png").get_json()
        assert answer["class"] == label
        assert 0.5 <= answer["probability"] <= 1


def test_several_images_are_answered_in_order_and_a_bad_one_spoils_only_its_own(
    client: FlaskClient, chart: bytes, meme: bytes
) -> None:
    response = client.post("/predict", **upload(meme, b"rubbish", chart))
    assert response.status_code == 200
    first, second, third = response.get_json()["predictions"]
    assert (first["class"], third["class"]) == ("meme", "chart")
    assert second["problem"]["status"] == 415
    assert first == client.post("/predict", **upload(meme)).get_json()


@pytest.mark.parametrize(
    ("request_", "status", "words"),
    [
        ({"data": b""}, 415, "Content-Type is missing"),
        ({"data": b"x", "content_type": "text/plain"}, 415, "text/plain"),
        ({"data": b"", "content_type": "image/png"}, 415, "empty"),
        ({"data": b"x", "content_type": "image/png"}, 415, "not an image"),
        ({"data": b"{", "content_type": "application/json"}, 400, "not JSON"),
        ({"data": b"[" * 100_000, "content_type": "application/json"}, 400, "not JSON"),
        ({"json": {}}, 400, '"image"'),
        ({"json": []}, 400, '"image"'),
        ({"json": {"image": []}}, 400, '"image"'),
        ({"json": {"image": [1]}}, 400, '"image"'),
        ({"json": {"image": "%%%"}}, 400, "not base64"),
        ({"data": {"encoded_image": "abc"}}, 400, "not base64"),
        ({"data": {"picture": "abc"}}, 400, "picture"),
        ({"data": b"x", "content_type": "multipart/form-data; boundary=b"}, 400, "no image"),
        ({"data": NAMELESS_PARTS, "content_type": "multipart/form-data; boundary=b"}, 400, "no image"),
        ({"data": png_header(20_000, 20_000), "content_type": "image/png"}, 413, "25000000"),
        ({"data": png_header(100, 100), "content_type": "image/png"}, 422, "broken"),
    ],
)
def test_wrong_requests_get_a_problem_document(
    client: FlaskClient, request_: dict[str, Any], status: int, words: str
) -> None:
    response = client.post("/predict", **request_)
    assert response.content_type == "application/problem+json"
    body = response.get_json(force=True)
    assert (response.status_code, body["status"]) == (status, status)
    assert words in body["detail"]


@pytest.mark.parametrize("data", [b"", b"x", png_header(20_000, 20_000), png_header(100, 100)])
def test_a_raw_image_gets_the_same_problem_document_as_an_uploaded_one(client: FlaskClient, data: bytes) -> None:
    raw = client.post("/predict", data=data, content_type="image/png")
    uploaded = client.post("/predict", **upload(data))
    assert raw.status_code == uploaded.status_code >= 400
    assert raw.content_type == uploaded.content_type
    assert raw.get_json(force=True) == uploaded.get_json(force=True)


def test_no_request_hashes_the_model_again(monkeypatch: pytest.MonkeyPatch, client: FlaskClient, chart: bytes) -> None:
    """The version is a hash of megabytes, which takes longer than decoding an image."""
    monkeypatch.setattr(Artifact, "version", property(lambda _: pytest.fail("hashed in a request")))
    for route in ROUTES:
        for way in ways(chart).values():
            assert client.post(route, **way).status_code == 200
    tensor = {"name": "image", "shape": [1], "datatype": "BYTES", "data": [base64.b64encode(chart).decode()]}
    assert client.post("/v2/models/image_classifier/infer", json={"inputs": [tensor]}).status_code == 200
    assert client.get("/ping").status_code == 200


def test_a_problem_names_the_limit_that_was_hit(artifact: Artifact, chart: bytes) -> None:
    small = create_app(Classifier(artifact), ServiceSettings(max_body_bytes=1024, max_images=2)).test_client()
    body = small.post("/predict", data=chart, content_type="image/png")
    assert body.status_code == 413
    assert body.get_json(force=True)["limit"] == {"name": "body_bytes", "value": 1024}
    many = small.post("/predict", json={"image": ["AAAA"] * 3})
    assert many.get_json(force=True)["limit"] == {"name": "images", "value": 2}
    pixels = small.post("/predict", data=png_header(20_000, 20_000)[:900], content_type="image/png")
    assert pixels.get_json(force=True)["limit"]["name"] == "pixels"


@pytest.mark.parametrize("path", ["/nothing", "/v2/models/other", "/v2/models/image_classifier/versions/0"])
def test_what_is_not_there_is_404(client: FlaskClient, path: str) -> None:
    response = client.get(path)
    assert response.status_code == 404
    assert response.content_type == "application/problem+json"


def test_a_wrong_method_names_the_right_ones(client: FlaskClient) -> None:
    response = client.get("/predict")
    assert response.status_code == 405
    assert "POST" in response.headers["Allow"]


@pytest.mark.parametrize("path", ["/healthz", "/readyz", "/ping", "/v2", "/v2/health/live", "/v2/health/ready"])
def test_health_answers_200(client: FlaskClient, path: str) -> None:
    assert client.get(path).status_code == 200


def test_the_protocols_metadata_names_what_infer_takes(client: FlaskClient, artifact: Artifact) -> None:
    metadata = client.get("/v2/models/image_classifier").get_json()
    assert metadata["versions"] == [artifact.version]
    assert [tensor["datatype"] for tensor in metadata["inputs"]] == ["BYTES", "UINT8"]
    assert client.get(f"/v2/models/image_classifier/versions/{artifact.version}/ready").get_json()["ready"] is True


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ({}, "inputs"),
        ({"inputs": []}, "inputs"),
        ({"inputs": [{"datatype": "FP32"}]}, "FP32"),
        ({"inputs": [{"datatype": "BYTES", "shape": [2], "data": ["AAAA"]}]}, "shape"),
        ({"inputs": [{"datatype": "BYTES", "shape": [1], "data": [3]}]}, "data"),
        ({"inputs": [{"datatype": "UINT8", "shape": [1, 2, 2, 3], "data": [0] * 12}]}, "shape"),
        ({"inputs": [{"datatype": "UINT8", "shape": [1, SIDE, SIDE, 3], "data": [300] * 3 * SIDE**2}]}, "0 to 255"),
        ({"inputs": [{"datatype": "UINT8", "shape": [1, SIDE, SIDE, 3], "data": "x"}]}, "data"),
    ],
)
def test_wrong_tensors_are_400(client: FlaskClient, body: dict[str, Any], words: str) -> None:
    response = client.post("/v2/models/image_classifier/infer", json=body)
    assert response.status_code == 400
    assert words in response.get_json(force=True)["detail"]


def test_the_explanation_is_a_picture_of_what_made_the_answer(client: FlaskClient, chart: bytes) -> None:
    answer = client.post("/predict", data=chart, content_type="image/png").get_json()
    response = client.post("/explain", data=chart, content_type="image/png")
    assert response.content_type == "image/png"
    assert response.headers["X-Class"] == answer["class"]
    assert float(response.headers["X-Probability"]) == answer["probability"]
    picture = np.asarray(Image.open(BytesIO(response.data))).astype(int)
    assert picture.shape == (448, 448, 3)
    assert np.abs(picture[..., 0] - picture[..., 2]).max() > 40
    assert client.post("/explain", **upload(chart, chart)).status_code == 400


def test_the_metrics_count_answers_stages_and_drift(artifact: Artifact, chart: bytes) -> None:
    fresh = create_app(Classifier(artifact), ServiceSettings()).test_client()
    for _ in range(3):
        fresh.post("/predict", data=chart, content_type="image/png")
    fresh.post("/predict", data=b"x", content_type="image/png")
    lines = fresh.get("/metrics").get_data(as_text=True).splitlines()
    assert 'image_classifier_requests_total{route="/predict",status="200"} 3.0' in lines
    assert 'image_classifier_requests_total{route="/predict",status="415"} 1.0' in lines
    assert 'image_classifier_stage_seconds_count{stage="infer"} 3.0' in lines
    assert sum(line.startswith("image_classifier_answers_total{") for line in lines) == 1
    drift = [float(line.rsplit(" ", 1)[1]) for line in lines if line.startswith("image_classifier_drift_psi{")]
    assert drift
    assert all(value >= 0 for value in drift)


def test_drift_is_seen_when_the_images_change(artifact: Artifact) -> None:
    fresh = create_app(Classifier(artifact), ServiceSettings()).test_client()
    night = encoded(Image.new("RGB", (64, 64), (5, 5, 5)))
    for _ in range(40):
        assert fresh.post("/predict", data=night, content_type="image/png").status_code == 200
    lines = fresh.get("/metrics").get_data(as_text=True).splitlines()
    drift = dict(line.rsplit(" ", 1) for line in lines if line.startswith("image_classifier_drift_psi{"))
    assert float(drift['image_classifier_drift_psi{statistic="brightness"}']) > 0.25


def test_pages_come_with_a_policy_that_allows_only_our_own_scripts(client: FlaskClient) -> None:
    for path in ("/", "/docs"):
        response = client.get(path)
        assert response.status_code == 200
        assert "script-src 'self'" in response.headers["Content-Security-Policy"]


def test_json_answers_begin_with_the_class(client: FlaskClient, chart: bytes) -> None:
    body = client.post("/predict", data=chart, content_type="image/png").get_data(as_text=True)
    assert list(json.loads(body))[:2] == ["class", "probability"]


def test_a_small_palette_png_is_answered(client: FlaskClient) -> None:
    data = encoded(Image.new("P", (4, 4)), "PNG")
    assert client.post("/predict", data=data, content_type="image/png").status_code == 200
