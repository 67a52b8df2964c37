"""The command line: `python -m operations <command>`, behind the Make targets of the same purpose."""

from __future__ import annotations

from pathlib import Path

import click

from common.errors import ConfigurationError

MEGABYTE = 1_000_000
_services = click.argument("services", nargs=-1)
_tag = click.option("--tag", help="[the commit's first twelve digits]")


@click.group()
def main() -> None:
    """From this repository to a registry, a cluster and AWS."""


@main.command("images")
@_services
@click.option("--tag", default="dev", show_default=True)
@click.option("--base", help="The base image, best with its digest. [each Dockerfile's own]")
def images_command(services: tuple[str, ...], tag: str, base: str | None) -> None:
    """Build images, all of them by default, and print their sizes."""
    from operations import images, release

    tool, chosen = images.container_tool(), images.choose(services)
    release.build(chosen, tool=tool, tag=tag, base=base)
    for image in chosen:
        click.echo(f"{images.size(image.local(tag), tool) / MEGABYTE:7.0f} MB  {image.name}:{tag}")


@main.command("sbom")
@_services
@click.option("--tag", default="dev", show_default=True)
@click.option("--out", type=click.Path(path_type=Path, file_okay=False), default=Path("build/sbom"), show_default=True)
def sbom_command(services: tuple[str, ...], tag: str, out: Path) -> None:
    """Write what is in each built image as a CycloneDX document."""
    from operations import images, sbom

    tool = images.container_tool()
    for image in images.choose(services):
        click.echo(sbom.write(image, tool=tool, tag=tag, directory=out))


@main.command("build-push")
@_services
@_tag
@click.option("--registry", help="Host and port. [the account's ECR]")
@click.option("--base", help="The base image, best with its digest. [each Dockerfile's own]")
@click.option("--allow-dirty", is_flag=True, help="Push what differs from the commit, under the tag <commit>-dirty.")
def build_push_command(
    services: tuple[str, ...], tag: str | None, registry: str | None, base: str | None, allow_dirty: bool
) -> None:
    """Build images of this commit and push them; print their digests and keep them for `deploy`."""
    from operations import images, release

    tool, chosen = images.container_tool(), images.choose(services)
    if not allow_dirty:
        release.refuse_dirty_tree()
    tag = tag or release.commit() + ("-dirty" if release.changed_files() else "")
    release.build(chosen, tool=tool, tag=tag, base=base)
    pushed = release.push(chosen, tool=tool, tag=tag, address=registry)
    release.write_digests(pushed)
    for reference in pushed.values():
        click.echo(reference)


@main.command("render")
@click.argument("environment")
@click.option("--pinned", is_flag=True, help="With the digests that build-push wrote down.")
def render_command(environment: str, pinned: bool) -> None:
    """Print an environment's manifests."""
    from operations import deployment, release

    manifests = deployment.render(environment, release.read_digests() if pinned else None)
    click.echo(deployment.dump(manifests), nl=False)


@main.command("deploy")
@click.argument("environment")
@click.option("--context", help="The kubectl context. [the current one]")
def deploy_command(environment: str, context: str | None) -> None:
    """Apply an environment, its images pinned to the digests that build-push wrote down; migrations go first."""
    from operations import deployment, release

    digests = {} if environment == "local" else release.read_digests()
    manifests = deployment.render(environment, digests)
    if environment != "local" and (unpinned := deployment.unpinned(manifests)):
        raise ConfigurationError(f"not pushed by `make build-push`: {', '.join(sorted(unpinned))}")
    deployment.apply(manifests, context=context, write=click.echo)


@main.command("infra-deploy")
@click.argument("template")
@click.option("--stack", help="The stack's name. [trader-network-<template>]")
@click.option("--parameter", "-p", "parameters", multiple=True, metavar="NAME=VALUE")
def infra_deploy_command(template: str, stack: str | None, parameters: tuple[str, ...]) -> None:
    """Create or update a CloudFormation stack from infra/<template>.yaml and print its outputs."""
    from operations import stacks

    given = dict(_name_and_value(parameter) for parameter in parameters)
    for name, value in stacks.deploy(stack or f"trader-network-{template}", template, given).items():
        click.echo(f"{name}={value}")


@main.command("infra-delete")
@click.argument("template")
@click.option("--stack", help="The stack's name. [trader-network-<template>]")
def infra_delete_command(template: str, stack: str | None) -> None:
    """Delete a CloudFormation stack; buckets, the key and a last database snapshot stay."""
    from operations import stacks

    stacks.delete(stack or f"trader-network-{template}")


@main.group("flink")
def flink_group() -> None:
    """Start, stop, update and look at the Flink application that the stack `streaming` made."""


_application = click.option("--application", default="sentiment-minutes", show_default=True)


@flink_group.command("start")
@_application
@click.option("--without-state", is_flag=True, help="Read the stream anew, whatever snapshots there are.")
def flink_start_command(application: str, *, without_state: bool) -> None:
    """Start the application from its latest snapshot and wait until it runs."""
    from operations.flink import FlinkApplication

    FlinkApplication(application, click.echo).start(without_state=without_state)


@flink_group.command("stop")
@_application
def flink_stop_command(application: str) -> None:
    """Stop the application with a snapshot of its state."""
    from operations.flink import FlinkApplication

    FlinkApplication(application, click.echo).stop()


@flink_group.command("update")
@_application
@click.option("--stack", default="trader-network-streaming", show_default=True)
@click.option("--parameter", "-p", "parameters", multiple=True, metavar="NAME=VALUE")
def flink_update_command(application: str, stack: str, parameters: tuple[str, ...]) -> None:
    """Stop the application with a snapshot, deploy `streaming` with new parameters, and start from the snapshot."""
    from operations import stacks
    from operations.flink import FlinkApplication

    given = dict(_name_and_value(parameter) for parameter in parameters)
    FlinkApplication(application, click.echo).update(lambda: stacks.deploy(stack, "streaming", given))


@flink_group.command("status")
@_application
def flink_status_command(application: str) -> None:
    """Say how the application is."""
    from operations.flink import FlinkApplication

    for line in FlinkApplication(application, click.echo).status():
        click.echo(line)


@main.command("job", context_settings={"ignore_unknown_options": True})
@click.option("--namespace", default="trader-network", show_default=True)
@click.option("--context", help="The kubectl context. [the current one]")
@click.argument("cron_job")
@click.argument("arguments", nargs=-1, required=True, type=click.UNPROCESSED)
def job_command(namespace: str, context: str | None, cron_job: str, arguments: tuple[str, ...]) -> int:
    """Run a job now, such as `job recs run --date 2026-11-20`: show its logs, end with its exit code."""
    from operations import jobs

    return jobs.run_now(jobs.connect(context), namespace, cron_job, arguments, click.echo)


def _name_and_value(parameter: str) -> tuple[str, str]:
    name, separator, value = parameter.partition("=")
    if not separator:
        raise ConfigurationError(f"{parameter!r} is no NAME=VALUE")
    return name, value
