"""``quire endpoints``: list, show, create, update, delete what servers serve; they follow within seconds."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from quire.cli.command import command
from quire.cli.output import Output, clean, styled

if TYPE_CHECKING:
    from quire.domain.endpoints import Endpoint

NameArgument = Annotated[str, typer.Argument(metavar="NAME", help="The endpoint.")]
FileOption = Annotated[
    Path | None,
    typer.Option("--file", "-f", metavar="FILE", help="Endpoints in YAML or JSON: the key endpoints with a list."),
]
SetOption = Annotated[
    list[str] | None,
    typer.Option(
        "--set", "-s", metavar="FIELD=VALUE", help="Such as retrying.timeout_s=30 or caching={ttl_s: 600}; may repeat."
    ),
]


def add_to(group: typer.Typer) -> None:
    """Register the commands."""
    command(group, "list")(list_endpoints)
    command(group, "show")(show)
    command(group, "create")(create)
    command(group, "update")(update)
    command(group, "delete")(delete)


def list_endpoints(out: Output) -> None:
    """List the endpoints with their models and the versions that these are now."""
    from quire.cli import endpoints_table
    from quire.cli.lookup import open_existing_store
    from quire.store.serving import serving_of

    found = serving_of(open_existing_store()).list_endpoints()
    out.emit({"endpoints": found}, lambda console: endpoints_table.show(console, found))


def show(out: Output, name: NameArgument) -> None:
    """Show an endpoint: what it serves now, its trials, and its fields as a file holds them."""
    from quire.cli import endpoints_table

    page = endpoints_table.read(name)
    out.emit(page, lambda console: endpoints_table.show_page(console, page))


def create(
    out: Output,
    endpoint: Annotated[
        str | None, typer.Argument(metavar="NAME=MODEL", help="Such as joker=models:/joker@champion.")
    ] = None,
    file: FileOption = None,
    settings: SetOption = None,
) -> None:
    """Create an endpoint, or all of a file; refused where one of the name exists (`update` changes it)."""
    from quire.cli.endpoint_changes import put_all, said
    from quire.domain.errors import InvalidInput

    if (endpoint is None) == (file is None):
        raise InvalidInput("Say what to create: NAME=MODEL, such as joker=models:/joker@champion, or --file FILE.")
    _report(out, put_all(said(endpoint, file, settings), existing=False), "created")


def update(
    out: Output,
    name: Annotated[str | None, typer.Argument(metavar="NAME", help="The endpoint; or --file.")] = None,
    file: FileOption = None,
    settings: SetOption = None,
    revision: Annotated[
        int | None, typer.Option("--revision", min=1, help="Only if this is still its revision.")
    ] = None,
) -> None:
    """Change fields of an endpoint, or replace endpoints by what a file says of them."""
    from quire.cli.endpoint_changes import changed, put_all, said
    from quire.domain.errors import InvalidInput

    if file is not None and (name is not None or settings or revision is not None):
        raise InvalidInput("--file says all of an endpoint; give it alone, or NAME with --set.")
    if file is not None:
        _report(out, put_all(said(None, file, None), existing=True), "updated")
        return
    if name is None or not settings:
        raise InvalidInput(
            "Say what to change: NAME --set FIELD=VALUE, such as --set trace_sample=0.1; or --file FILE."
        )
    _report(out, [changed(name, settings, revision)], "updated")


def delete(out: Output, name: NameArgument) -> None:
    """Delete an endpoint: servers answer 404 for it within seconds. Refused while a trial runs on it."""
    from quire.cli.lookup import open_existing_store
    from quire.store.serving import serving_of

    serving_of(open_existing_store()).delete_endpoint(name)
    out.emit({"deleted": name}, lambda console: console.print(styled(f"{clean(name)} is deleted.")))


def _report(out: Output, endpoints: list[Endpoint], done: str) -> None:
    from quire.cli.endpoints_table import problem

    lines = []
    for one in endpoints:
        lines.append(f"{one.name} is {done}: {clean(one.model)} (revision {one.revision})")
        wrong = problem(one)
        lines += [] if wrong is None else [f"Note: it cannot be served yet. {clean(wrong)}"]
    out.emit({"endpoints": endpoints}, lambda console: console.print(styled("\n".join(lines)), soft_wrap=True))
