"""``quire simulate``: an OpenAI-compatible server on this machine, for people without a key, for tests and for load."""

from __future__ import annotations

import shlex
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import msgspec
import typer

from quire.cli.output import Output, styled

if TYPE_CHECKING:
    from rich.console import Console

    from quire.simulator import Behaviour

DEFAULT_PORT = 8321


class Listening(msgspec.Struct, frozen=True, kw_only=True):
    """Where the simulator listens, and the environment that sends clients there."""

    simulator: bool
    base_url: str
    azure_endpoint: str
    environment: dict[str, str]
    azure_environment: dict[str, str]


def simulate(
    out: Output,
    host: Annotated[str, typer.Option(help="The address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option("--port", "-p", min=0, max=65535, help="0 takes a free one.")] = DEFAULT_PORT,
    behaviour: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="A behaviour as YAML or JSON; the options here win over it."),
    ] = None,
    recording: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="Answers to give: JSONL of question and answer per model, or what quire.openai.record wrote.",
        ),
    ] = None,
    unknown_question: Annotated[
        str | None,
        typer.Option(metavar="simulate|error", help="What a question that the recording lacks gets. [simulate]"),
    ] = None,
    echo: Annotated[bool, typer.Option("--echo", help="Answer with the messages that were received.")] = False,
    seed: Annotated[int | None, typer.Option(help="With the request, decides every answer and fault. [0]")] = None,
    model: Annotated[
        list[str] | None, typer.Option(help="A model name that exists; may be repeated. Without it: every name.")
    ] = None,
    latency: Annotated[
        str | None,
        typer.Option(
            metavar="MS", help='Before an answer: "50", "uniform:20:80" or "lognormal:50:0.5" (median, sigma). [0]'
        ),
    ] = None,
    token_latency: Annotated[
        float | None, typer.Option(metavar="MS", help="For each token that is written. [0]")
    ] = None,
    rpm: Annotated[int | None, typer.Option(help="Requests a minute for each model.")] = None,
    tpm: Annotated[int | None, typer.Option(help="Tokens a minute for each model.")] = None,
    error_rate: Annotated[
        list[str] | None,
        typer.Option(
            metavar="KIND=SHARE",
            help="Share of requests that fail, such as 429=0.2, 500=0.05, disconnect=0.02; may be repeated.",
        ),
    ] = None,
    retry_after: Annotated[
        float | None, typer.Option(metavar="MS", help="What a 429 or 503 asks to wait. [1000]")
    ] = None,
    allow_remote: Annotated[
        bool, typer.Option("--allow-remote", help="Listen on an address that other machines reach.")
    ] = False,
) -> None:
    """Serve simulated answers over the OpenAI and Azure OpenAI protocols until Ctrl-C."""
    from quire.simulator import SimulatorApp
    from quire.simulator.request_log import RequestLog
    from quire.simulator.server import address, make_server, open_socket

    given = {
        "seed": seed,
        "echo": echo or None,
        "recording": recording,
        "unknown_question": unknown_question,
        "models": tuple(model) if model else None,
        "latency_ms": None if latency is None else _latency(latency),
        "token_latency_ms": token_latency,
        "requests_per_minute": rpm,
        "tokens_per_minute": tpm,
        "error_rates": _shares(error_rate) if error_rate else None,
        "retry_after_ms": retry_after,
    }
    app = SimulatorApp(_behaviour(behaviour, given), RequestLog(0))
    server = make_server(app)
    listener = open_socket(host, port, allow_remote=allow_remote)
    listening = _listening(*address(listener))
    out.emit(listening, lambda console: _show(console, listening))
    sys.stdout.flush()
    server.run(sockets=[listener])


def _behaviour(file: Path | None, given: Mapping[str, Any]) -> Behaviour:
    """What the file says, else the default, changed by the options that were given."""
    from quire.simulator import Behaviour
    from quire.simulator.behaviour_file import read_behaviour

    said = {name: value for name, value in given.items() if value is not None}
    return msgspec.structs.replace(Behaviour() if file is None else read_behaviour(file), **said)


def _latency(text: str) -> float | str:
    try:
        return float(text)
    except ValueError:
        return text


def _shares(texts: list[str]) -> dict[str, float]:
    from quire.domain.errors import InvalidInput

    shares: dict[str, float] = {}
    for text in texts:
        kind, _mark, share = text.partition("=")
        try:
            shares[kind.strip()] = float(share)
        except ValueError:
            raise InvalidInput(f"--error-rate is {text!r}; expected KIND=SHARE, such as 429=0.2.") from None
    return shares


def _listening(host: str, port: int) -> Listening:
    from quire.testing.environment import azure_environment, openai_environment

    shown = f"[{host}]" if ":" in host else host
    return Listening(
        simulator=True,
        base_url=f"http://{shown}:{port}/v1",
        azure_endpoint=f"http://{shown}:{port}",
        environment=openai_environment(port, shown),
        azure_environment=azure_environment(port, shown),
    )


def _show(console: Console, listening: Listening) -> None:
    console.print(styled(f"A simulator of the OpenAI API listens on {listening.base_url}", "bold"))
    console.print("Its answers are made up: no model writes them.\n", soft_wrap=True)
    console.print("To send a program here, set in its shell:\n")
    _show_exports(console, listening.environment)
    console.print("\nor, for Azure OpenAI:\n")
    _show_exports(console, listening.azure_environment)
    console.print("\nCtrl-C stops it.")


def _show_exports(console: Console, environment: dict[str, str]) -> None:
    for name, value in environment.items():
        console.print(f"  export {name}={shlex.quote(value)}", soft_wrap=True)
