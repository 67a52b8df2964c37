"""Alerts and dashboard ask for metrics that exist."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path

from tests.k8s.conftest import Manifest, of_kind

# Other exporters', by their documentation: kube-state-metrics and the kubelet's cAdvisor.
FOREIGN = {
    "container_memory_working_set_bytes",
    "kube_cronjob_status_last_successful_time",
    "kube_deployment_status_replicas_available",
    "kube_pod_container_resource_limits",
}
COMMON = ("requests", "request_seconds", "build_info")  # of common/metrics.py
BUILD_OF_PAGE = "sentiment_build_info"


def test_every_metric_that_is_asked_for_is_there(rendered: Callable[[str], list[Manifest]]) -> None:
    (rules,) = of_kind(rendered("aws"), "PrometheusRule")
    (dashboard,) = (c for c in of_kind(rendered("aws"), "ConfigMap") if "dashboard.json" in c["data"])
    panels = json.loads(dashboard["data"]["dashboard.json"])["panels"]
    expressions = [rule["expr"] for group in rules["spec"]["groups"] for rule in group["rules"]]
    expressions += [target["expr"] for panel in panels for target in panel["targets"]]
    asked = set(re.findall(r"([a-z_]+)\{", " ".join(expressions))) - FOREIGN
    packages = ("image_classifier", "recs_batch", "sentiment_minibatch")
    of_all = {f"{product}_{name}" for product in ("image_classifier", "recs") for name in COMMON} | {BUILD_OF_PAGE}
    source = "\n".join(path.read_text() for package in packages for path in Path(package).rglob("metrics.py"))
    for metric in asked:
        declared = re.sub(r"^sentiment_|_total$|_bucket$", "", metric)
        assert {metric, declared} & of_all or f'{declared}"' in source, metric
