"""schemathesis holds the service to its own OpenAPI document."""

from __future__ import annotations

import schemathesis
from hypothesis import HealthCheck, Phase, settings
from openapi_spec_validator import validate
from schemathesis.specs.openapi.checks import positive_data_acceptance

from image_classifier.artifact import SHIPPED, load_artifact
from image_classifier.classifier import Classifier
from image_classifier.serving.app import create_app
from image_classifier.serving.openapi import openapi_document
from image_classifier.serving.settings import ServiceSettings

for kind in ("image/bmp", "image/avif", "image/heic"):  # those that it cannot send by itself
    schemathesis.serializer.alias(kind, "application/octet-stream")
app = create_app(Classifier(load_artifact(SHIPPED)), ServiceSettings())
schema = schemathesis.openapi.from_wsgi("/openapi.json", app)


def test_the_document_is_valid_openapi() -> None:
    validate(openapi_document(ServiceSettings()))


def test_the_document_lists_every_route() -> None:
    paths = {rule.rule.replace("<", "{").replace(">", "}") for rule in app.url_map.iter_rules()}
    pages = {"/", "/docs", "/openapi.json", "/static/{path:filename}"}
    versions = {path for path in paths if "/versions/" in path}
    assert paths - pages - versions == set(openapi_document(ServiceSettings())["paths"])


@schema.parametrize()
@settings(
    max_examples=15,
    deadline=None,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=list(HealthCheck),
)
def test_the_service_keeps_to_its_document(case: schemathesis.Case) -> None:
    # No schema can say that bytes are an image, so data that keep to it may be refused; how, is checked.
    case.call_and_validate(excluded_checks=[positive_data_acceptance])
