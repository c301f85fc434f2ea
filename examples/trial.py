"""An A/B test on live traffic: two versions of a ticket router, real requests, thumbs of users, and a promotion.

The champion asks a small model; the challenger asks with a clearer prompt. A server gives each user one of them, users
say whether their ticket went the right way, and once the challenger is shown better the server promotes it. Without
OPENAI_API_KEY the simulator answers, from a recording that was written by hand for these examples. Start it with
``python examples/trial.py``; everything it writes is in ./tried.
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
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from openai import OpenAI
from rich.console import Console

import quire

DATA = Path(__file__).parent / "data"
FOLDER = Path("tried").absolute()
LABELS = "billing, delivery, returns, technical, other"
MOST_USERS = 2_000
USERS_AT_ONCE = 8

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
        "max_tokens": 5,
        "temperature": 0,
    },
]

console = Console(highlight=False)


def main() -> None:
    """Serve the champion, try the challenger on users, and print what came of it."""
    FOLDER.mkdir(exist_ok=True)
    quire.set_tracking_uri(f"sqlite:///{FOLDER / 'quire.db'}")
    with service(), server() as address:
        trial = quire.trials.start(
            "router",
            arms={"careful": f"models:/router/{newest()}"},
            metrics=["thumb", "latency_s", "cost_usd"],
            guardrails={"latency_s": 2.0},
            on_win="promote",
        )
        console.print(f"Trial {trial.trial_id}: {quire.trials.report(trial).rule}\n")
        answer_users(address, trial)
        console.print(quire.trials.report(trial))
        for event in quire.promotions("router")[-1:]:
            console.print(str(event), soft_wrap=True)
    quire.rollback("models:/router@champion", reason="the example is over")


def register() -> None:
    """Two versions of the router; the first is the champion, unless there was one before."""
    for number, package in enumerate(MODELS):
        quire.openai.log_model(task="chat.completions", name="router", registered_model_name="router", **package)
        if number == 0 and not quire.promotions("router"):
            quire.promote("models:/router/1", reason="the first")


def newest() -> str:
    """The newest version of the router."""
    return quire.Client().get_model_version_by_alias("router", "latest").version


def answer_users(address: str, trial: quire.trials.Trial) -> None:
    """Have users ask and judge, some at once, until the trial has ended."""
    tickets = [json.loads(line) for line in (DATA / "tickets.jsonl").read_text(encoding="utf-8").splitlines()]
    client = OpenAI(base_url=f"{address}/v1", api_key="any")

    def answer_user(number: int) -> None:
        """A thumb is up where the answer is the ticket's label."""
        ticket = tickets[number * 7 % len(tickets)]
        answer = client.chat.completions.create(
            model="router",
            messages=[],
            extra_body={"variables": {"text": ticket["text"]}},
            extra_headers={"x-quire-key": f"user-{number}"},
        )
        said = (answer.choices[0].message.content or "").strip().rstrip(".").lower()
        give_thumb(address, answer.id, up=said == ticket["label"])

    with ThreadPoolExecutor(USERS_AT_ONCE) as pool:
        for first in range(0, MOST_USERS, 50):
            list(pool.map(answer_user, range(first, first + 50)))
            if quire.trials.get(trial.trial_id).state == "ended":
                return


def give_thumb(address: str, response_id: str, *, up: bool) -> None:
    """Feedback as any application gives it: by the id of the answer."""
    body = json.dumps({"response_id": response_id, "name": "thumb", "value": up}).encode()
    request = urllib.request.Request(f"{address}/api/quire/v1/feedback", body, {"content-type": "application/json"})
    urllib.request.urlopen(request, timeout=60).close()


@contextlib.contextmanager
def server() -> Iterator[str]:
    """``quire serve`` in a process of its own; the address at which it answers."""
    register()
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
        console.print(f"OPENAI_API_KEY is set: the real service answers, up to {MOST_USERS:,} short requests.\n")
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
