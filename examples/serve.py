"""A packaged ticket router behind OpenAI's API: asked by the official client, many rows at once, then replaced.

A server answers under the name ``router``. The client gives the ticket as a variable and never sees the prompt. While
the server runs, ``@champion`` moves to a better version, and the next answers are that version's. Without
OPENAI_API_KEY the simulator answers, from a recording that was written by hand for these examples. Start it with
``python examples/serve.py``; everything it writes is in ./served.
"""

from __future__ import annotations

import contextlib
import json
import os
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import openai
from rich.console import Console

import quire

DATA = Path(__file__).parent / "data"
FOLDER = Path("served").absolute()
LABELS = "billing, delivery, returns, technical, other"

MODELS: list[dict[str, Any]] = [
    {
        "model": "gpt-4o-mini",
        "messages": [{"role": "user", "content": f"Sort this ticket into one of: {LABELS}.\n\n{{text}}"}],
        "max_tokens": 20,
    },
    {
        "model": "gpt-4.1-mini",
        "messages": [
            {"role": "system", "content": f"You route tickets of a shop. Answer with one word: {LABELS}."},
            {"role": "user", "content": "{text}"},
        ],
        "max_tokens": 20,
        "temperature": 0,
    },
]

console = Console(highlight=False)


def main() -> None:
    """Serve the first version, ask it in every way, and put the second in its place."""
    FOLDER.mkdir(exist_ok=True)
    quire.set_tracking_uri(f"sqlite:///{FOLDER / 'quire.db'}")
    tickets = [json.loads(line)["text"] for line in (DATA / "tickets.jsonl").read_text(encoding="utf-8").splitlines()]
    with service():
        first, second = register()
        with server() as address:
            client = openai.OpenAI(base_url=f"{address}/v1", api_key="any")
            ask(client, tickets[0])
            console.print(f"Streamed: {stream(client, tickets[0])}")
            console.print(f"Refused: {refusal(client, tickets[0])}", soft_wrap=True)
            predict(address, tickets)
            quire.promote(f"models:/router/{second}", reason="answers with one word", force=True)
            console.print(f"\nPromoted version {second} while the server runs.")
            wait_for(client, second, tickets[0])
            ask(client, tickets[0])
            quire.rollback("models:/router@champion", reason="the example is over")
            wait_for(client, first, tickets[0])
            console.print(f"Rolled back to version {first}.")


def register() -> tuple[str, str]:
    """Two new versions of the router, the first of which is the champion."""
    versions = []
    for package in MODELS:
        info = quire.openai.log_model(task="chat.completions", name="router", registered_model_name="router", **package)
        versions.append(str(info.registered_model_version))
    quire.promote(f"models:/router/{versions[0]}", reason="the first", force=True)
    return versions[0], versions[1]


def version(client: openai.OpenAI, text: str) -> tuple[str, str]:
    """Which version answers, and what it says. The answer is the upstream's; what Quire adds stands in headers."""
    raw = client.chat.completions.with_raw_response.create(
        model="router", messages=[], extra_body={"variables": {"text": text}}
    )
    return raw.headers["x-quire-model-version"], raw.parse().choices[0].message.content or ""


def ask(client: openai.OpenAI, text: str) -> None:
    """Ask once, by chat completions and by a stored prompt of the responses API."""
    number, answer = version(client, text)
    console.print(f"Version {number} says: {answer}")
    stored: Any = {"id": "router", "variables": {"text": text}}
    console.print(f"By responses: {client.responses.create(prompt=stored).output_text}")


def stream(client: openai.OpenAI, text: str) -> str:
    """The answer in pieces, as they come."""
    pieces = client.chat.completions.create(
        model="router", messages=[], stream=True, extra_body={"variables": {"text": text}}
    )
    return "|".join(piece.choices[0].delta.content or "" for piece in pieces if piece.choices)


def refusal(client: openai.OpenAI, text: str) -> str:
    """What a caller is told who sets what the package does not open."""
    try:
        client.chat.completions.create(
            model="router", messages=[], temperature=2, extra_body={"variables": {"text": text}}
        )
    except openai.BadRequestError as error:
        return f"{error.code}, {error.body['message']}" if isinstance(error.body, dict) else str(error)
    return "nothing"


def predict(address: str, tickets: list[str]) -> None:
    """Many rows at once, as MLflow's model server takes them."""
    body = json.dumps({"dataframe_split": {"columns": ["text"], "data": [[ticket] for ticket in tickets]}}).encode()
    request = urllib.request.Request(f"{address}/invocations", body, {"content-type": "application/json"})
    with urllib.request.urlopen(request, timeout=120) as answer:
        found = json.loads(answer.read())["predictions"]
    console.print(f"{len(found)} tickets at once: {', '.join(found[:3])}, …", soft_wrap=True)


def wait_for(client: openai.OpenAI, wanted: str, text: str) -> None:
    """Ask until that version answers: servers follow an alias within two seconds."""
    deadline = time.monotonic() + 30
    while version(client, text)[0] != wanted:
        if time.monotonic() > deadline:
            raise SystemExit(f"Version {wanted} does not answer.")
        time.sleep(0.2)


@contextlib.contextmanager
def server() -> Iterator[str]:
    """``quire serve`` in a process of its own; the address at which it answers."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [sys.executable, "-m", "quire", "serve", "--endpoint", "router=models:/router@champion"]
    with (FOLDER / "serve.log").open("w") as log:
        process = subprocess.Popen([*command, "--port", str(port)], stdout=log, stderr=log)
    address = f"http://127.0.0.1:{port}"
    try:
        while not answers(f"{address}/health"):
            if process.poll() is not None:
                raise SystemExit((FOLDER / "serve.log").read_text())
            time.sleep(0.05)
        yield address
    finally:
        process.terminate()
        process.wait(60)


def answers(url: str) -> bool:
    """Whether somebody answers there."""
    try:
        urllib.request.urlopen(url, timeout=5).close()
    except OSError:
        return False
    return True


@contextlib.contextmanager
def service() -> Iterator[None]:
    """Have the real service answer if there is a key for it, else the simulator."""
    if os.environ.get("OPENAI_API_KEY"):
        console.print("OPENAI_API_KEY is set: the real service answers, some fifty short requests.\n")
        yield
        return
    from quire.testing import Behaviour, Simulator
    from quire.testing.environment import VARIABLES

    console.print("[bold]No OPENAI_API_KEY: the simulator answers.[/] Its answers were written by hand.\n")
    with Simulator(Behaviour(recording=str(DATA / "tickets-recording.jsonl"))) as simulator:
        for name in VARIABLES:
            os.environ.pop(name, None)
        os.environ.update(simulator.environment)
        yield


if __name__ == "__main__":
    main()
