"""Updates of SageMaker's endpoints, which moto lacks: they switch over, or fail and roll back to what served.

A rolled back endpoint is `InService` with its old configuration and a failure reason, so a waiter is content.
https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_UpdateEndpoint.html (no time passes here) and
https://docs.aws.amazon.com/sagemaker/latest/dg/deployment-guardrails-configuration.html
"""

from __future__ import annotations

from typing import Any

import pytest
from moto.core.responses import ActionResult
from moto.sagemaker.responses import SageMakerResponse


class Endpoints:
    """How updates and creations end; a reason makes them fail."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.update_fails: str | None = None
        self.create_fails: str | None = None
        created = SageMakerResponse.create_endpoint

        def create(response: Any) -> ActionResult:
            answer = created(response)
            self._settle(response, self.create_fails, "Failed")
            return answer

        def update(response: Any) -> ActionResult:
            endpoint = self._settle(response, self.update_fails, "InService")
            if self.update_fails is None:
                endpoint.endpoint_config_name = response._get_param("EndpointConfigName")
            return ActionResult({"EndpointArn": endpoint.arn})

        monkeypatch.setattr(SageMakerResponse, "create_endpoint", create)
        monkeypatch.setattr(SageMakerResponse, "update_endpoint", update, raising=False)

    def _settle(self, response: Any, reason: str | None, status: str) -> Any:
        endpoint = response.sagemaker_backend.endpoints[response._get_param("EndpointName")]
        endpoint.failure_reason = reason
        endpoint.endpoint_status = status if reason else "InService"
        return endpoint
