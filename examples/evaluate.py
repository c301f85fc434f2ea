"""Compare three ways of routing support tickets: which is better, by how much, at what cost, and is it chance?

Two prompts and a plain rule are asked about the same tickets, scored, and compared ticket by ticket. Without
OPENAI_API_KEY the simulator answers, from a recording that was written by hand for these examples. Start it with
``python examples/evaluate.py``; everything it writes is in ./evaluated.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from rich.console import Console

import quire
from quire.scorers import Cost, Latency

DATA = Path(__file__).parent / "data"
FOLDER = Path("evaluated")
SPEND_LIMIT_USD = 0.05
LABELS = "billing, delivery, returns, technical, other"

MODELS: dict[str, dict[str, Any]] = {
    "plain": {
        "model": "gpt-4o-mini",
        "messages": [{"role": "user", "content": f"Sort this ticket into one of: {LABELS}.\n\n{{text}}"}],
        "max_tokens": 20,
    },
    "careful": {
        "model": "gpt-4.1-mini",
        "messages": [
            {"role": "system", "content": f"You route tickets of a shop. Answer with one word: {LABELS}."},
            {"role": "user", "content": "{text}"},
        ],
        "max_tokens": 5,
        "temperature": 0,
    },
}

console = Console(highlight=False)


@quire.scorer
def right_label(outputs: str, expectations: Mapping[str, Any]) -> bool:
    """Whether the answer is the label and nothing else; capitals and a full stop are forgiven."""
    return outputs.strip().rstrip(".").lower() == expectations["label"]


def by_words(text: str) -> str:
    """A rule for comparison: the first word that gives a ticket away."""
    words = {"invoice": "billing", "charge": "billing", "parcel": "delivery", "return": "returns", "error": "technical"}
    return next((label for word, label in words.items() if word in text.lower()), "other")


def main() -> None:
    """Evaluate the variants, print what came of it, and write the report."""
    FOLDER.mkdir(exist_ok=True)
    quire.set_tracking_uri(f"sqlite:///{FOLDER / 'quire.db'}")
    quire.set_experiment("support-tickets")
    with service():
        result = quire.evaluate(
            quire.datasets.open(DATA / "tickets.jsonl", inputs=["text"], expectations=["label"]),
            {"plain": package("plain"), "careful": package("careful"), "rule": by_words},
            scorers=[right_label, Latency(), Cost()],
            max_cost_usd=SPEND_LIMIT_USD,
        )
    console.print(result)
    console.print(result.compare("plain", "careful", scorers=["right_label", "cost_usd"]))
    console.print(result.ranking("right_label", baseline="plain"))
    result.report(FOLDER / "report.html")
    console.print(f"The report is {FOLDER / 'report.html'}; the runs are in {FOLDER / 'quire.db'}.", soft_wrap=True)


def package(name: str) -> str:
    """A packaged model as a folder."""
    folder = FOLDER / name
    if not folder.exists():
        quire.openai.save_model(path=folder, task="chat.completions", **MODELS[name])
    return str(folder)


@contextlib.contextmanager
def service() -> Iterator[None]:
    """Have the real service answer if there is a key for it, else the simulator."""
    if os.environ.get("OPENAI_API_KEY"):
        yield
        return
    from quire.testing import Behaviour, Simulator
    from quire.testing.environment import VARIABLES

    console.print("[bold]No OPENAI_API_KEY: the simulator answers.[/] Its answers were written by hand.\n")
    recording = str(DATA / "tickets-recording.jsonl")
    with Simulator(Behaviour(recording=recording, latency_ms="lognormal:120:0.4")) as simulator:
        for name in VARIABLES:
            os.environ.pop(name, None)
        os.environ.update(simulator.environment)
        yield


if __name__ == "__main__":
    main()
