"""``quire server``: the tracking server, with the options of ``mlflow server``."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Annotated, Any

import msgspec
import typer

from quire.cli.output import Output
from quire.domain.garbage import uncollected

if TYPE_CHECKING:
    from quire.server import Settings

Text = str | None


def _variables(name: str, mlflow: str | None = None) -> list[str]:
    """The environment variables that an option is read from: Quire's, then those of ``mlflow server``."""
    return [f"QUIRE_{name}", f"MLFLOW_{mlflow or name}"]


class Serving(msgspec.Struct, frozen=True, kw_only=True):
    """Where the server listens, and the environment that sends MLflow's and Quire's clients there."""

    address: str
    environment: dict[str, str]


def server(
    out: Output,
    backend_store_uri: Annotated[
        Text,
        typer.Option(
            envvar=_variables("BACKEND_STORE_URI"),
            metavar="URI",
            help="The database: sqlite:///FILE or postgresql://… (default sqlite:///quire.db).",
        ),
    ] = None,
    registry_store_uri: Annotated[
        Text,
        typer.Option(
            envvar=_variables("REGISTRY_STORE_URI"), metavar="URI", help="Another database for registered models."
        ),
    ] = None,
    artifacts_destination: Annotated[
        Text,
        typer.Option(
            envvar=_variables("ARTIFACTS_DESTINATION"),
            metavar="URI",
            help="Where the server keeps files: a folder or s3://…, gs://…, az://… (default quire-artifacts beside the "
            "database).",
        ),
    ] = None,
    default_artifact_root: Annotated[
        Text,
        typer.Option(
            envvar=_variables("DEFAULT_ARTIFACT_ROOT"),
            metavar="URI",
            help="Where new experiments keep files, if clients are to reach it themselves.",
        ),
    ] = None,
    serve_artifacts: Annotated[
        bool, typer.Option("--serve-artifacts/--no-serve-artifacts", help="Pass files through the server.")
    ] = True,
    direct_transfers: Annotated[
        bool,
        typer.Option(
            "--direct-transfers/--no-direct-transfers",
            help="Let clients exchange large files with the bucket itself, by URLs signed for that.",
        ),
    ] = True,
    host: Annotated[
        str, typer.Option("--host", "-h", envvar=_variables("HOST"), help="The address to listen on.")
    ] = "127.0.0.1",
    port: Annotated[
        int, typer.Option("--port", "-p", envvar=_variables("PORT"), min=0, max=65535, help="0 takes a free one.")
    ] = 5000,
    workers: Annotated[
        int, typer.Option("--workers", "-w", envvar=_variables("WORKERS"), min=1, help="Server processes.")
    ] = 1,
    static_prefix: Annotated[
        str,
        typer.Option(
            envvar=_variables("STATIC_PREFIX"), metavar="PATH", help="Served below this path, such as /quire."
        ),
    ] = "",
    allowed_hosts: Annotated[
        Text,
        typer.Option(
            envvar=_variables("ALLOWED_HOSTS", mlflow="SERVER_ALLOWED_HOSTS"),
            metavar="NAMES",
            help="Host headers that are served, with commas between; * matches any.",
        ),
    ] = None,
    cors_allowed_origins: Annotated[
        Text,
        typer.Option(
            envvar=_variables("CORS_ALLOWED_ORIGINS", mlflow="SERVER_CORS_ALLOWED_ORIGINS"),
            metavar="ORIGINS",
            help="Origins whose pages may call the server, with commas between.",
        ),
    ] = None,
    trusted_proxies: Annotated[
        Text,
        typer.Option(
            envvar=["QUIRE_TRUSTED_PROXIES"],
            metavar="ADDRESSES",
            help="Reverse proxies whose X-Forwarded-For is believed: addresses or networks, with commas between.",
        ),
    ] = None,
    max_request_mb: Annotated[
        int, typer.Option(min=1, metavar="MB", help="The largest request taken; files that are uploaded have no limit.")
    ] = 64,
    auth: Annotated[
        bool | None,
        typer.Option(
            "--auth/--no-auth",
            help="Ask who may do what (default QUIRE_AUTH, else no). Needed to listen on an address that other "
            "machines reach; `quire users create NAME --admin` makes the first admin.",
            show_default=False,
        ),
    ] = None,
    open_browser: Annotated[bool, typer.Option("--open", help="Open the start page in a browser.")] = False,
) -> None:
    """Serve experiments, runs, models and files to MLflow's and Quire's clients, until interrupted."""
    with uncollected():
        from quire.server.running import serve

    settings = settings_of(
        backend_store_uri=backend_store_uri,
        registry_store_uri=registry_store_uri,
        artifacts_destination=artifacts_destination,
        default_artifact_root=default_artifact_root,
        serve_artifacts=serve_artifacts,
        direct_transfers=direct_transfers,
        host=host,
        port=port,
        workers=workers,
        static_prefix=static_prefix,
        allowed_hosts=allowed_hosts,
        cors_allowed_origins=cors_allowed_origins,
        trusted_proxies=trusted_proxies,
        max_request_mb=max_request_mb,
        auth=auth,
    )
    code = serve(settings, lambda address: _announce(out, address, open_browser))
    if code:
        raise typer.Exit(code)


def settings_of(
    *,
    backend_store_uri: Text,
    artifacts_destination: Text,
    static_prefix: str,
    allowed_hosts: Text,
    cors_allowed_origins: Text,
    trusted_proxies: Text,
    max_request_mb: int,
    auth: bool | None,
    **others: Any,
) -> Settings:
    """The settings that the command's options say. Raises InvalidInput for options that cannot be."""
    from quire.domain.errors import InvalidInput
    from quire.server import Settings
    from quire.server.auth import auth_from_environment

    if static_prefix and (not static_prefix.startswith("/") or static_prefix.endswith("/")):
        raise InvalidInput(f"--static-prefix is {static_prefix!r}; it begins with a slash and does not end with one.")
    return Settings(
        backend_store_uri=backend_store_uri or Settings().backend_store_uri,
        artifact_root=artifacts_destination,
        static_prefix=static_prefix,
        allowed_hosts=_split(allowed_hosts),
        cors_allowed_origins=_split(cors_allowed_origins),
        trusted_proxies=_split(trusted_proxies),
        max_request_bytes=max_request_mb << 20,
        auth=auth_from_environment(auth),
        **others,
    )


def _split(text: str | None) -> tuple[str, ...]:
    return tuple(part.strip() for part in (text or "").split(",") if part.strip())


def _announce(out: Output, address: str, open_browser: bool) -> None:
    serving = Serving(address=address, environment={"MLFLOW_TRACKING_URI": address, "QUIRE_TRACKING_URI": address})
    out.say(serving, f"Serving at {address}  (MLFLOW_TRACKING_URI={address})\nStop with Ctrl+C.")
    sys.stdout.flush()
    if open_browser:
        import webbrowser

        webbrowser.open(address)
