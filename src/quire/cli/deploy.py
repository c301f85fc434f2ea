"""``quire deploy``, ``quire deployments`` and ``quire models build-image``: endpoints put into service elsewhere."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from quire.cli.command import command
from quire.cli.output import Output

if TYPE_CHECKING:
    from rich.console import Console

    from quire.deploy import Deployed, Plan
    from quire.domain.endpoints import Endpoint

ImageOption = Annotated[str | None, typer.Option("--image", metavar="IMAGE", help="The image's name. [NAME:VERSION]")]
SourceOption = Annotated[
    Path | None,
    typer.Option(
        "--quire-home", metavar="PATH", help="A checkout or wheel of Quire to install; else the one that runs here."
    ),
]
OverwriteOption = Annotated[bool, typer.Option("--overwrite", help="Write into a folder that holds files.")]


def add_deployments_to(group: typer.Typer) -> None:
    """Register the commands of ``quire deployments``."""
    command(group, "list")(list_deployments)


def deploy(
    out: Output,
    kind: Annotated[str, typer.Argument(metavar="KIND", help="docker, compose, kubernetes or ray-serve.")],
    endpoint: Annotated[
        list[str] | None,
        typer.Option(
            "--endpoint",
            "-e",
            metavar="NAME[=MODEL]",
            help="joker=models:/joker@champion, or the name of one that the store has; may repeat.",
        ),
    ] = None,
    config: Annotated[
        Path | None, typer.Option("--config", "-f", metavar="FILE", help="A file of endpoints, in YAML or JSON.")
    ] = None,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", metavar="FOLDER", help="Where to write to. [./NAME]")
    ] = None,
    name: Annotated[str, typer.Option("--name", help="What the deployment is called.")] = "quire-serve",
    image: ImageOption = None,
    bake: Annotated[
        bool | None,
        typer.Option(
            "--bake/--from-store",
            help="Put the models into the image, or have servers pull them from the store and follow its aliases "
            "[from the store, unless one is a folder here]",
            show_default=False,
        ),
    ] = None,
    replicas: Annotated[int, typer.Option("--replicas", min=1, help="Servers at least (Kubernetes, Ray Serve).")] = 2,
    max_replicas: Annotated[int | None, typer.Option("--max-replicas", min=1, help="Servers at most. [10]")] = None,
    port: Annotated[int, typer.Option("--port", "-p", min=1024, max=65535, help="Where servers listen.")] = 8080,
    quire_home: SourceOption = None,
    overwrite: OverwriteOption = False,
    run: Annotated[bool, typer.Option("--run", help="Build and start it too, with the tools that are installed.")] = (
        False
    ),
) -> None:
    """Write what puts endpoints into service as a container, with Compose, on Kubernetes or on Ray Serve."""
    from quire.deploy import check_kind, make_plan

    checked = check_kind(kind)
    plan = make_plan(
        _endpoints(endpoint or (), config),
        name=name,
        image=image,
        baked=bake,
        replicas=replicas,
        most_replicas=max_replicas,
        port=port,
    )
    _carry_out(out, plan, kind=checked, folder=output or Path(name), source=quire_home, overwrite=overwrite, ran=run)


def build_image(
    out: Output,
    model_uri: Annotated[str, typer.Option("--model-uri", "-m", metavar="URI", help="The model that is served.")],
    name: Annotated[str, typer.Option("--name", "-n", help="The image's name.")] = "quire-serve",
    output_directory: Annotated[
        Path | None,
        typer.Option("--output-directory", "-d", metavar="FOLDER", help="Where to write to. [./NAME-image]"),
    ] = None,
    endpoint: Annotated[
        str | None, typer.Option("--endpoint", "-e", metavar="NAME", help="Served as. [the registered name, or model]")
    ] = None,
    quire_home: SourceOption = None,
    overwrite: OverwriteOption = False,
    env_manager: Annotated[str | None, typer.Option("--env-manager", hidden=True)] = None,
    mlflow_home: Annotated[str | None, typer.Option("--mlflow-home", hidden=True)] = None,
    install_java: Annotated[str | None, typer.Option("--install-java", hidden=True)] = None,
    install_mlflow: Annotated[bool, typer.Option("--install-mlflow", hidden=True)] = False,
) -> None:
    """Write what an image with one model is built from, and build it where docker or podman is installed.

    Takes the options of `mlflow models build-docker`; those about Python environments have no meaning, as the model is
    data.
    """
    from quire.cli.model_names import model_uri as full_uri
    from quire.deploy import make_plan, served_as
    from quire.domain.endpoint_files import read_endpoint

    uri = full_uri(model_uri)
    served = read_endpoint({"name": endpoint or served_as(uri), "model": uri})
    plain = name.rpartition("/")[2].partition(":")[0]
    plan = make_plan([served], name=plain, image=name, baked=True)
    folder = output_directory or Path(f"{plain}-image")
    _carry_out(out, plan, kind="docker", folder=folder, source=quire_home, overwrite=overwrite, only_build=True)


def list_deployments(out: Output) -> None:
    """List what was deployed from here, newest first."""
    from quire.cli.deployments_table import show
    from quire.cli.lookup import open_existing_store
    from quire.store.serving import serving_of

    found = serving_of(open_existing_store()).list_deployments()
    out.emit({"deployments": found}, lambda console: show(console, found))


def _endpoints(said: Sequence[str], config: Path | None) -> list[Endpoint]:
    """Those of the file, and those that were named: with a model, or as the store has them."""
    from quire.cli.endpoint_changes import named
    from quire.cli.lookup import open_existing_store
    from quire.serving.endpoint_file import load_endpoints
    from quire.store.serving import serving_of

    found = [] if config is None else load_endpoints(config)
    for text in said:
        found.append(named(text) if "=" in text else serving_of(open_existing_store()).get_endpoint(text))
    return found


def _carry_out(out: Output, plan: Plan, **how: Any) -> None:
    from quire.deploy import carry_out

    done = carry_out(plan, **how)
    out.emit(done, lambda console: _show(console, done))


def _show(console: Console, done: Deployed) -> None:
    written = done.written
    console.print(f"{written.folder}: {', '.join(written.files)}", soft_wrap=True)
    for warning in done.warnings:
        console.print(f"Note: {warning}", soft_wrap=True)
    if done.ran:
        for command in written.commands:
            console.print(f"Ran: {' '.join(command)}", soft_wrap=True)
        return
    if written.variables:
        console.print(f"Set first: {', '.join(written.variables)}", soft_wrap=True)
    console.print("Then run there:", soft_wrap=True)
    for line in done.by_hand:
        console.print(f"  {line}", soft_wrap=True)
