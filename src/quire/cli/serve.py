"""``quire serve``: packaged models behind OpenAI's API, under names."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import msgspec
import typer

from quire.cli.output import Output

if TYPE_CHECKING:
    from quire.domain.endpoints import Endpoint


class Serving(msgspec.Struct, frozen=True, kw_only=True):
    """Where the server listens, what it serves, and the environment that sends OpenAI's clients there."""

    address: str
    endpoints: list[str]
    environment: dict[str, str]


def serve(
    out: Output,
    endpoint: Annotated[
        list[str] | None,
        typer.Option(
            "--endpoint",
            "-e",
            metavar="NAME=MODEL",
            help="Serve a model under a name, such as joker=models:/joker@champion; may repeat. Without it and "
            "without --config all endpoints that the store keeps are served.",
        ),
    ] = None,
    config: Annotated[
        Path | None,
        typer.Option(
            envvar="QUIRE_SERVE_CONFIG",
            metavar="FILE",
            help="Endpoints in YAML or JSON: the key endpoints with a list (see `quire endpoints --help`).",
        ),
    ] = None,
    host: Annotated[str, typer.Option("--host", "-h", envvar="QUIRE_HOST", help="The address to listen on.")] = (
        "127.0.0.1"
    ),
    port: Annotated[
        int, typer.Option("--port", "-p", envvar="QUIRE_PORT", min=0, max=65535, help="0 takes a free one.")
    ] = 8000,
    workers: Annotated[
        int, typer.Option("--workers", "-w", envvar="QUIRE_WORKERS", min=1, help="Server processes.")
    ] = 1,
    auth: Annotated[
        bool | None,
        typer.Option(
            "--auth/--no-auth",
            help="Ask callers for a token (default QUIRE_AUTH, else no). Needed to listen on an address that other "
            "machines reach; `quire tokens create` makes tokens.",
            show_default=False,
        ),
    ] = None,
    allowed_hosts: Annotated[
        str | None,
        typer.Option(
            envvar="QUIRE_ALLOWED_HOSTS",
            metavar="NAMES",
            help="Without --auth: Host headers that are served besides this machine's own, with commas between.",
        ),
    ] = None,
    pass_through: Annotated[
        bool,
        typer.Option(
            "--pass-through", envvar="QUIRE_PASS_THROUGH", help="Pass models that are not served on to the upstream."
        ),
    ] = False,
    experiment: Annotated[
        str | None,
        typer.Option(
            envvar="QUIRE_SERVE_EXPERIMENT",
            metavar="NAME",
            help="The experiment of all traces (default: one for each endpoint).",
            show_default=False,
        ),
    ] = None,
    log_requests: Annotated[
        bool,
        typer.Option("--log-requests", envvar="QUIRE_LOG_REQUESTS", help="Write a line of JSON for each request."),
    ] = False,
    request_timeout: Annotated[
        float, typer.Option(min=0.1, metavar="SECONDS", help="How long a request may send nothing.")
    ] = 60.0,
    write_timeout: Annotated[
        float, typer.Option(min=0.1, metavar="SECONDS", help="How long a caller may read nothing of its answer.")
    ] = 60.0,
    drain_timeout: Annotated[
        float,
        typer.Option(min=0.0, metavar="SECONDS", help="How long requests under way may take when the server ends."),
    ] = 30.0,
) -> None:
    """Serve packaged models by OpenAI's API, until interrupted.

    An alias that moves, an endpoint that changes and a trial that starts are followed within two seconds.
    """
    from quire.server.auth import auth_from_environment
    from quire.serving.settings import ServeSettings

    settings = ServeSettings(
        endpoints=tuple(_endpoints(endpoint or [], config)),
        experiment=experiment,
        host=host,
        port=port,
        workers=workers,
        auth=auth_from_environment(auth),
        allowed_hosts=tuple(name.strip() for name in (allowed_hosts or "").split(",") if name.strip()),
        pass_through=pass_through,
        request_timeout=request_timeout,
        write_timeout=write_timeout,
        drain_timeout=drain_timeout,
        log_requests=log_requests,
        spans_apart=True,
    )
    from quire.serving.running import serve

    api_key = "any" if settings.auth is None else "quire_…"
    code = serve(settings, lambda address, names: _announce(out, address, names, api_key))
    if code:
        raise typer.Exit(code)


def _endpoints(named: list[str], config: Path | None) -> list[Endpoint]:
    """The endpoints of the command line and of the file. Raises InvalidInput for a name that is given twice."""
    from quire.cli import endpoint_changes
    from quire.domain.errors import InvalidInput
    from quire.serving.endpoint_file import load_endpoints

    found = [endpoint_changes.named(text) for text in named]
    found += load_endpoints(config) if config is not None else []
    names = [each.name for each in found]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise InvalidInput(f"The endpoint {', '.join(map(repr, twice))} is given twice. Give each name once.")
    return found


def _announce(out: Output, address: str, names: list[str], api_key: str) -> None:
    base = f"{address}/v1"
    serving = Serving(address=address, endpoints=names, environment={"OPENAI_BASE_URL": base})
    served = ", ".join(names) or "what the store keeps"
    example = names[0] if names else "NAME"
    out.emit(
        msgspec.to_builtins(serving),
        lambda console: console.print(
            f"Serving {served} at {address}\n\n"
            "    from openai import OpenAI\n"
            f'    client = OpenAI(base_url="{base}", api_key="{api_key}")\n'
            f'    client.chat.completions.create(model="{example}", messages=[…])\n\n'
            "Stop with Ctrl+C."
        ),
    )
    sys.stdout.flush()
