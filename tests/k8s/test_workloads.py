"""Services stay up through roll-outs and drains; jobs run once, end, and are tried again only where that can help."""

from __future__ import annotations

from collections.abc import Callable

from common.errors import ApplicationError, ConfigurationError, DataError, MissingInputError, UnavailableError
from tests.k8s.conftest import Manifest, containers, jobs, names, of_kind, pod_templates, selected


def test_web_services_have_three_probes_and_finish_what_is_in_flight(manifests: list[Manifest]) -> None:
    for deployment in of_kind(manifests, "Deployment"):
        if deployment["metadata"]["labels"]["app.kubernetes.io/component"] in {"reader", "scorer"}:
            continue  # they serve nobody
        spec = deployment["spec"]["template"]["spec"]
        (container,) = spec["containers"]
        probes = {kind: container[f"{kind}Probe"]["httpGet"]["path"] for kind in ("startup", "readiness", "liveness")}
        assert probes == {"startup": "/healthz", "readiness": "/readyz", "liveness": "/healthz"}
        assert spec["terminationGracePeriodSeconds"] > 30 + container["lifecycle"]["preStop"]["sleep"]["seconds"]
        assert deployment["spec"]["strategy"]["rollingUpdate"]["maxUnavailable"] == 0
        assert spec["topologySpreadConstraints"]


def test_the_reader_is_not_killed_for_what_is_away(rendered: Callable[[str], list[Manifest]]) -> None:
    (reader,) = (d for d in of_kind(rendered("stream"), "Deployment") if d["metadata"]["name"] == "sentiment-reader")
    (container,) = reader["spec"]["template"]["spec"]["containers"]
    probes = {kind: container[f"{kind}Probe"]["httpGet"]["path"] for kind in ("startup", "readiness", "liveness")}
    assert probes == {"startup": "/healthz", "readiness": "/readyz", "liveness": "/healthz"}


def test_the_database_is_fed_by_the_stream_or_by_the_mini_batch(rendered: Callable[[str], list[Manifest]]) -> None:
    def feeding(overlay: str) -> list[str]:
        manifests = rendered(overlay)
        jobs = [c for c in of_kind(manifests, "CronJob") if c["metadata"]["name"] == "sentiment-minibatch"]
        readers = [d for d in of_kind(manifests, "Deployment") if d["metadata"]["name"] == "sentiment-reader"]
        return [m["metadata"]["name"] for m in [*jobs, *readers] if not m["spec"].get("suspend")]

    assert feeding("aws") == ["sentiment-minibatch"]
    assert feeding("stream") == ["sentiment-reader"]


def test_what_answers_requests_scales_itself(manifests: list[Manifest]) -> None:
    deployments = {one["metadata"]["name"]: one["spec"] for one in of_kind(manifests, "Deployment")}
    scaled = {
        one["spec"]["scaleTargetRef"]["name"]: one["spec"] for one in of_kind(manifests, "HorizontalPodAutoscaler")
    }
    assert scaled.keys() == {"image-classifier", "recs-serving"}
    for name, autoscaler in scaled.items():
        assert 2 <= autoscaler["minReplicas"] < autoscaler["maxReplicas"]
        assert "replicas" not in deployments[name], "applying would take back what the autoscaler decided"


def test_every_service_and_budget_picks_pods_that_exist(manifests: list[Manifest]) -> None:
    pods = [template["metadata"]["labels"] for _, template in pod_templates(manifests)]
    selectors = [service["spec"]["selector"] for service in of_kind(manifests, "Service")]
    selectors += [budget["spec"]["selector"]["matchLabels"] for budget in of_kind(manifests, "PodDisruptionBudget")]
    for selector in selectors:
        assert sum(selected(labels, {"matchLabels": selector}) for labels in pods) == 1, selector


def test_what_a_pod_refers_to_is_there(manifests: list[Manifest]) -> None:
    secrets = names(manifests, "Secret")
    for name, template in pod_templates(manifests):
        for container in containers(template):
            for source in container.get("envFrom", []):
                assert source["configMapRef"]["name"] in names(manifests, "ConfigMap"), name
            for variable in container.get("env", []):
                if "valueFrom" in variable:
                    assert variable["valueFrom"]["secretKeyRef"]["name"] in secrets, name
        for volume in template["spec"].get("volumes", []):
            if "persistentVolumeClaim" in volume:
                claim = volume["persistentVolumeClaim"]["claimName"]
                assert claim in names(manifests, "PersistentVolumeClaim"), name


def test_jobs_end_and_are_tidied_away(manifests: list[Manifest]) -> None:
    for name, spec in jobs(manifests):
        assert spec["backoffLimit"] > 0, name
        assert spec["activeDeadlineSeconds"] > 0, name
        assert spec["ttlSecondsAfterFinished"] > 0, name
        assert spec["template"]["spec"]["restartPolicy"] == "Never", name


def test_jobs_are_tried_again_only_where_that_can_help(manifests: list[Manifest]) -> None:
    hopeless = {error.exit_code for error in (ApplicationError, DataError, MissingInputError, ConfigurationError)}
    for name, spec in jobs(manifests):
        (container,) = spec["template"]["spec"]["containers"]
        fail = [rule for rule in spec["podFailurePolicy"]["rules"] if rule["action"] == "FailJob"]
        (rule,) = (rule["onExitCodes"] for rule in fail)
        # Without a name the rule is for the init containers too.
        assert rule.get("containerName", container["name"]) == container["name"], name
        assert "containerName" not in rule or "initContainers" not in spec["template"]["spec"], name
        assert rule["operator"] == "In", name
        assert hopeless <= set(rule["values"]), name
        assert UnavailableError.exit_code not in rule["values"], name
        assert {137, 143}.isdisjoint(rule["values"]), name


def test_schedules_name_their_time_zone_and_never_overlap(manifests: list[Manifest]) -> None:
    for cron_job in of_kind(manifests, "CronJob"):
        spec = cron_job["spec"]
        assert spec["timeZone"]
        assert spec["concurrencyPolicy"] == "Forbid"
        assert spec["startingDeadlineSeconds"] > 10, "less, and a busy controller skips runs"
        assert {"successfulJobsHistoryLimit", "failedJobsHistoryLimit"} <= spec.keys()
        assert len(cron_job["metadata"]["name"]) <= 52


def test_airflow_or_the_cluster_owns_the_schedule_never_both(rendered: Callable[[str], list[Manifest]]) -> None:
    def suspended(overlay: str) -> bool:
        (nightly,) = (c for c in of_kind(rendered(overlay), "CronJob") if c["metadata"]["name"] == "recs-batch")
        return bool(nightly["spec"].get("suspend", False))

    assert {overlay: suspended(overlay) for overlay in ("local", "aws", "spark", "airflow")} == {
        "local": False,
        "aws": False,
        "spark": False,
        "airflow": True,
    }


def test_airflow_may_handle_pods_and_nothing_else(rendered: Callable[[str], list[Manifest]]) -> None:
    (role,) = of_kind(rendered("airflow"), "Role")
    assert {resource for rule in role["rules"] for resource in rule["resources"]} == {"pods", "pods/log", "events"}
    assert "*" not in str(role["rules"])
