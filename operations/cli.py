"""The command line: `python -m operations <command>`, behind the Make targets of the same purpose."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from common.commands import Command, version_option
from common.errors import ConfigurationError
from operations.cli_flink import flink_group
from operations.options import enter, named_values, parameters_option, values_option

if TYPE_CHECKING:
    from operations.environment import Environment

MEGABYTE = 1_000_000
_services = click.argument("services", nargs=-1)
_tag = click.option("--tag", help="[the commit's first twelve digits]")


@click.group("operations", params=[version_option()])
def main() -> None:
    """From this repository to a registry, a cluster and AWS."""


@main.command("images", cls=Command)
@_services
@click.option("--tag", default="dev", show_default=True)
@click.option("--base", help="The base image, best with its digest. [each Dockerfile's own]")
def images_command(services: tuple[str, ...], tag: str, base: str | None) -> None:
    """Build images, by default the three that a cluster runs, and print their sizes."""
    from operations import images, release

    tool, chosen = images.container_tool(), images.choose(services or images.DEPLOYED)
    release.build(chosen, tool=tool, tag=tag, base=base)
    for image in chosen:
        click.echo(f"{images.size(image.local(tag), tool) / MEGABYTE:7.0f} MB  {image.name}:{tag}")


@main.command("sbom", cls=Command)
@_services
@click.option("--tag", default="dev", show_default=True)
@click.option("--out", type=click.Path(path_type=Path, file_okay=False), default=Path("build/sbom"), show_default=True)
def sbom_command(services: tuple[str, ...], tag: str, out: Path) -> None:
    """Write what is in each built image as a CycloneDX document."""
    from operations import images, sbom

    tool = images.container_tool()
    for image in images.choose(services):
        click.echo(sbom.write(image, tool=tool, tag=tag, directory=out))


@main.command("build-push", cls=Command)
@_services
@_tag
@click.option("--registry", help="Host and port. [the account's ECR]")
@click.option("--base", help="The base image, best with its digest. [each Dockerfile's own]")
@click.option(
    "--platform", default="linux/amd64", show_default=True, help="What the cluster's nodes and SageMaker are."
)
@click.option("--allow-dirty", is_flag=True, help="Push what differs from the commit, as <commit>-dirty-<its hash>.")
def build_push_command(
    services: tuple[str, ...],
    *,
    tag: str | None,
    registry: str | None,
    base: str | None,
    platform: str,
    allow_dirty: bool,
) -> None:
    """Build images of this commit and push them; print their digests and keep them for `deploy`.

    Where cosign is installed they are signed, and their bills of materials attached; COSIGN_KEY names its key.
    """
    from operations import digests, images, release, sbom, signing
    from operations.registry import login

    tool, chosen = images.container_tool(), images.choose(services)
    if not allow_dirty:
        release.refuse_dirty_tree()
    credentials = login(registry)  # before minutes of building
    tag = tag or release.tag_of_tree()
    release.build(chosen, tool=tool, tag=tag, base=base, platform=platform)
    pushed = release.push(chosen, tool=tool, tag=tag, credentials=credentials)
    if signing.is_possible():
        with release.logged_in(credentials, tool) as environment:
            for image in chosen:
                document = sbom.write(image, tool=tool, tag=tag, directory=Path("build/sbom"))
                signing.sign(pushed[image.name], document, environment)
    else:
        click.echo("cosign is not installed: the images are not signed", err=True)
    digests.write_digests(pushed)
    for reference in pushed.values():
        click.echo(reference)


@main.command("render", cls=Command)
@click.argument("environment")
@values_option
@click.option("--pinned", is_flag=True, help="With the digests that build-push wrote down.")
def render_command(environment: str, values: Path, pinned: bool) -> None:
    """Print an environment's manifests; those of AWS with the example's values where there are none yet."""
    from operations import deployment, digests

    manifests = deployment.render(
        environment, digests.read_digests() if pinned else None, _environment_of(environment, values, or_example=True)
    )
    click.echo(deployment.dump(manifests), nl=False)


@main.command("deploy", cls=Command)
@click.argument("environment")
@values_option
@click.option("--context", help="The kubectl context. [the current one]")
def deploy_command(environment: str, values: Path, context: str | None) -> None:
    """Apply an environment, its images pinned to the digests that build-push wrote down; migrations go first."""
    from operations import certificates, deployment, digests

    on_aws = _environment_of(environment, values)
    manifests = deployment.render(environment, {} if on_aws is None else digests.read_digests(), on_aws)
    if on_aws is not None:
        if unpinned := deployment.unpinned(manifests):
            raise ConfigurationError(f"not pushed by `make build-push`: {', '.join(sorted(unpinned))}")
        manifests.append(certificates.config_map(on_aws.region, "trader-network"))
    deployment.apply(manifests, context=context, write=click.echo)


@main.command("deploy-plan", cls=Command)
@click.argument("environment")
@values_option
@click.option("--context", help="The kubectl context. [the current one]")
def deploy_plan_command(environment: str, values: Path, context: str | None) -> int:
    """Say what is missing or would change, and touch nothing; the exit code is 78 while something is missing."""
    from operations import plan
    from operations.environment import read_environment

    if environment == "local":
        raise ConfigurationError("a plan is made for environments on AWS; `local` needs nothing but a cluster")
    return plan.show(plan.make(environment, read_environment(values), context), click.echo)


@main.command("infra-deploy", cls=Command)
@click.argument("template")
@values_option
@parameters_option
def infra_deploy_command(template: str, values: Path, parameters: tuple[str, ...]) -> None:
    """Create or update a CloudFormation stack from infra/<template>.yaml and print its outputs.

    Its parameters come from the values file and from the outputs of the other stacks; zip files of code are uploaded.
    """
    from operations import stacks

    environment = enter(values)
    found = stacks.parameters_of(environment, template, named_values(parameters))
    for name, value in stacks.deploy(environment.stack(template), template, found, click.echo).items():
        click.echo(f"{name}={value}")


@main.command("infra-delete", cls=Command)
@click.argument("template")
@values_option
def infra_delete_command(template: str, values: Path) -> None:
    """Delete a CloudFormation stack; buckets, the key and a last database snapshot stay."""
    from operations import stacks

    stacks.delete(enter(values).stack(template))


main.add_command(flink_group)


@main.command("job", cls=Command, context_settings={"ignore_unknown_options": True})
@click.option("--namespace", default="trader-network", show_default=True)
@click.option("--context", help="The kubectl context. [the current one]")
@click.argument("cron_job")
@click.argument("arguments", nargs=-1, required=True, type=click.UNPROCESSED)
def job_command(namespace: str, context: str | None, cron_job: str, arguments: tuple[str, ...]) -> int:
    """Run a job now, such as `job recs run --date 2026-11-20`: show its logs, end with its exit code."""
    from operations.cluster import Cluster
    from operations.jobs import run_now

    return run_now(Cluster(context), namespace, cron_job, arguments, click.echo)


def _environment_of(overlay: str, values: Path, *, or_example: bool = False) -> Environment | None:
    """Return the environment on AWS that an overlay is for; `local` has none."""
    if overlay == "local":
        return None
    from operations.environment import EXAMPLE, read_environment

    return read_environment(EXAMPLE) if or_example and not values.exists() else enter(values)
