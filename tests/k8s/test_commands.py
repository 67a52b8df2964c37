"""What the manifests tell a container to do is something that its program understands."""

from __future__ import annotations

import click

from image_classifier.cli import main as image_classifier
from recs_batch.cli import main as recs_batch
from sentiment_minibatch.cli import main as sentiment_minibatch
from sentiment_minibatch.streaming.cli import main as streaming
from tests.k8s.conftest import Manifest, containers, pod_templates

PROGRAMS: dict[str, click.Group] = {
    "image-classifier": image_classifier,
    "recs-batch": recs_batch,
    "recs-batch-spark": recs_batch,
    "sentiment-minibatch": sentiment_minibatch,
}


def test_every_container_is_given_a_command_that_exists(manifests: list[Manifest]) -> None:
    for name, template in pod_templates(manifests):
        for container in containers(template):
            program = PROGRAMS.get(container["image"].rpartition("/")[2].partition(":")[0])
            if container.get("command") == ["python", "-m", "sentiment_minibatch.streaming"]:
                program = streaming
            if program:
                command, *arguments = container["args"]
                found = program.get_command(click.Context(program), command)
                assert found, name
                found.make_context(command, list(arguments))


def test_every_container_of_ours_is_known_here(manifests: list[Manifest]) -> None:
    images = {
        c["image"].rpartition("/")[2].partition(":")[0] for _, t in pod_templates(manifests) for c in containers(t)
    }
    assert images <= PROGRAMS.keys() | {"postgres"}
