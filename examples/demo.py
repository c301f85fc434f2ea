"""Route support tickets with two variants of one application, and find out which is better.

Each variant is packaged, tracked in a run, asked about every ticket of a labelled dataset, and registered under an
alias; then the two are compared ticket by ticket. Without OPENAI_API_KEY the simulator answers, from a recording
that was written by hand for this example. Start it with `make demo`; everything it writes is in ./demo.
"""

from __future__ import annotations

import contextlib
import json
import math
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

import quire
from quire.caller.cost import cost_usd
from quire.domain.calls import Usage

DATA = Path(__file__).parent / "data"
FOLDER = Path("demo")
NAME = "ticket-router"
SPEND_LIMIT_USD = 0.05
AT_ONCE = 8
LABELS = "billing, delivery, returns, technical, other"

VARIANTS: dict[str, dict[str, Any]] = {
    "champion": {
        "model": "gpt-4o-mini",
        "messages": [{"role": "user", "content": f"Sort this ticket into one of: {LABELS}.\n\n{{text}}"}],
        "max_tokens": 20,
    },
    "challenger": {
        "model": "gpt-4.1-mini",
        "messages": [
            {
                "role": "system",
                "content": f"You route tickets of a shop. Answer with one word and nothing else: {LABELS}. What a "
                "customer wants back, exchanged or replaced is returns; money is billing; what does not work is "
                "technical.",
            },
            {"role": "user", "content": "{text}"},
        ],
        "max_tokens": 5,
        "temperature": 0,
    },
}

console = Console(highlight=False)


@dataclass(frozen=True)
class Tried:
    """One variant after it answered every ticket."""

    alias: str
    version: str
    run_id: str
    correct: list[bool]
    cost_usd: float | None
    latency_s: float

    @property
    def accuracy(self) -> float:
        """The share of tickets that were routed rightly."""
        return sum(self.correct) / len(self.correct)


def main() -> None:
    """Try both variants, compare them, and say what to look at next."""
    FOLDER.mkdir(exist_ok=True)
    quire.set_tracking_uri(f"sqlite:///{FOLDER / 'quire.db'}")
    quire.set_experiment("support-tickets")
    tickets = [json.loads(line) for line in (DATA / "tickets.jsonl").read_text(encoding="utf-8").splitlines()]
    with service(tickets) as simulated:
        champion, challenger = (try_variant(alias, tickets) for alias in VARIANTS)
    show_comparison(champion, challenger, simulated)
    show_next_steps(champion, challenger)


# -- who answers ---------------------------------------------------------------------------------------------------


@contextlib.contextmanager
def service(tickets: list[dict[str, str]]) -> Iterator[bool]:
    """Have the real service answer if there is a key for it, else the simulator; gives whether it is simulated."""
    if os.environ.get("OPENAI_API_KEY"):
        console.print(
            f"[bold]OPENAI_API_KEY is set: the real service answers.[/] {2 * len(tickets)} short requests, about "
            f"${estimate_usd(tickets):.4f}; each variant stops at ${SPEND_LIMIT_USD:.2f}.\n"
            "To use the simulator instead: OPENAI_API_KEY= make demo\n"
        )
        yield False
        return
    from quire.testing import Behaviour, Simulator
    from quire.testing.environment import VARIABLES

    console.print(
        "[bold]No OPENAI_API_KEY: the simulator answers.[/] Its answers were written by hand for this demo and its "
        "latency is made up, so the figures below say nothing about the models that they name.\n"
    )
    recording = str(DATA / "tickets-recording.jsonl")
    with Simulator(Behaviour(recording=recording, latency_ms="lognormal:120:0.4")) as simulator:
        for name in VARIABLES:
            os.environ.pop(name, None)
        os.environ.update(simulator.environment)
        yield True


def estimate_usd(tickets: list[dict[str, str]]) -> float:
    """What asking both variants should cost: four characters a token, every answer as long as allowed."""
    total = 0.0
    for variant in VARIANTS.values():
        prompt = sum(len(message["content"]) for message in variant["messages"])
        tokens = sum(prompt + len(ticket["text"]) for ticket in tickets) // 4
        usage = Usage(tokens, variant["max_tokens"] * len(tickets))
        total += cost_usd(variant["model"], usage) or 0.0
    return total


# -- one variant ---------------------------------------------------------------------------------------------------


def try_variant(alias: str, tickets: list[dict[str, str]]) -> Tried:
    """Package a variant, register it, and score its answers to every ticket, all in one run."""
    variant = VARIANTS[alias]
    with quire.start_run(run_name=alias) as run:
        quire.log_params({"model": variant["model"], "max_tokens": variant["max_tokens"], "tickets": len(tickets)})
        info = quire.openai.log_model(task="chat.completions", name="model", registered_model_name=NAME, **variant)
        version = str(info.registered_model_version)
        quire.Client().set_registered_model_alias(NAME, alias, version)

        model = quire.pyfunc.load_model(f"models:/{NAME}@{alias}")
        answers = model.predict(
            [{"text": ticket["text"]} for ticket in tickets], max_cost_usd=SPEND_LIMIT_USD, max_concurrency=AT_ONCE
        )
        correct = [is_correct(answer, ticket) for answer, ticket in zip(answers, tickets, strict=True)]

        tried = Tried(
            alias, version, run.info.run_id, correct, answers.report.cost_usd, answers.report.mean_latency_s or 0.0
        )
        quire.log_metrics({"accuracy": tried.accuracy, "latency_s": tried.latency_s})
        if tried.cost_usd is not None:
            quire.log_metric("cost_usd", tried.cost_usd)
        columns = {key: [ticket[key] for ticket in tickets] for key in ("text", "label")}
        quire.log_table({**columns, "answer": list(answers), "correct": correct}, "answers.json")
    return tried


def is_correct(answer: str, ticket: dict[str, str]) -> bool:
    """Whether the answer is the label and nothing else; capitals and a full stop are forgiven."""
    return answer.strip().rstrip(".").lower() == ticket["label"]


# -- the comparison ------------------------------------------------------------------------------------------------


def exact_p(wins: int, losses: int) -> float:
    """Two-sided p-value of the exact McNemar (sign) test: were wins and losses equally likely?

    Source: Q. McNemar, Psychometrika 12 (1947), with the exact binomial distribution instead of chi-squared.
    """
    unequal = wins + losses
    tail = sum(math.comb(unequal, k) for k in range(min(wins, losses) + 1))
    return min(1.0, 2 * tail / 2**unequal)


def show_comparison(champion: Tried, challenger: Tried, simulated: bool) -> None:
    """The two variants side by side, then the test of their difference on the same tickets."""
    title = f"{NAME}, {len(champion.correct)} tickets" + (" (simulated answers)" if simulated else "")
    table = Table(title=title, title_justify="left")
    for heading, justify in (("", "left"), ("champion", "right"), ("challenger", "right"), ("difference", "right")):
        table.add_column(heading, justify=justify)
    table.add_row("model", VARIANTS["champion"]["model"], VARIANTS["challenger"]["model"], "")
    table.add_row("version", champion.version, challenger.version, "")
    table.add_row(
        "accuracy",
        f"{champion.accuracy:.1%}",
        f"{challenger.accuracy:.1%}",
        f"{challenger.accuracy - champion.accuracy:+.1%}",
    )
    table.add_row("cost", *_money(champion.cost_usd, challenger.cost_usd))
    table.add_row(
        "mean latency",
        f"{champion.latency_s * 1000:.0f} ms",
        f"{challenger.latency_s * 1000:.0f} ms",
        f"{(challenger.latency_s - champion.latency_s) * 1000:+.0f} ms",
    )
    console.print(table)

    pairs = list(zip(champion.correct, challenger.correct, strict=True))
    wins, losses = pairs.count((False, True)), pairs.count((True, False))
    p = exact_p(wins, losses)
    console.print(
        f"Ticket by ticket: the challenger alone is right on {wins}, the champion alone on {losses}; exact McNemar "
        f"test: p = {p:.3f}."
    )
    if p >= 0.05:
        console.print("That could well be chance (p is not below 0.05): more tickets are needed to tell.")
    else:
        better = "challenger" if wins > losses else "champion"
        console.print(f"A difference this large is unlikely to be chance: the {better} is better on such tickets.")


def _money(champion: float | None, challenger: float | None) -> tuple[str, str, str]:
    if champion is None or challenger is None:
        return "unknown", "unknown", ""
    return f"${champion:.5f}", f"${challenger:.5f}", f"{challenger / champion:.1f} times" if champion else ""


def show_next_steps(champion: Tried, challenger: Tried) -> None:
    """Commands that look further into what was stored."""
    console.print(f"\nEverything is in ./{FOLDER}. To look further:\n", soft_wrap=True)
    for line in (
        "source .venv/bin/activate",
        f"export QUIRE_TRACKING_URI=sqlite:///{FOLDER}/quire.db",
        "quire runs list -e support-tickets",
        f"quire runs compare {champion.run_id[:8]} {challenger.run_id[:8]}",
        f"quire models show {NAME}",
        f"quire models diff models:/{NAME}@champion models:/{NAME}@challenger",
    ):
        console.print(f"  {line}", soft_wrap=True)
    console.print("\nOr look at it in a browser, at http://127.0.0.1:5000/ once this runs:\n", soft_wrap=True)
    console.print(f"  .venv/bin/quire ui --tracking-uri sqlite:///{FOLDER}/quire.db", soft_wrap=True)
    console.print("\nTo put the challenger in the champion's place:\n", soft_wrap=True)
    console.print(f"  quire models alias set {NAME} champion {challenger.version}", soft_wrap=True)


if __name__ == "__main__":
    main()
