"""A real evaluation: 800 GSM8K questions to each of four models, the service adding 50 ms to an answer."""

from __future__ import annotations

from typing import Any

from bench.context import SHARED, Benchmark, Context, in_turn
from bench.figures import Bar, Figure, Sample
from bench.gsm8k import CORRECT, MODELS
from bench.simulators import upstream

LATENCY = 0.05
_RECORDING = SHARED / "data" / "gsm8k_recorded.jsonl"


def measure(context: Context) -> list[Figure]:
    """All four models in turn are one round; the answers are scored and must be the recorded ones."""
    if not _RECORDING.exists():
        context.say("left out: the recorded answers are not on this machine")
        return []
    questions = context.choose(800, 100)
    with (
        upstream(latency_ms=LATENCY * 1000, recording=str(_RECORDING)) as service,
        context.workers(context.libraries, "gsm8k", str(_RECORDING), environment=service) as workers,
    ):
        in_turn(workers, 1, "evaluate", questions=32)
        results = in_turn(workers, context.choose(3, 1), "evaluate", questions=questions)
    if not context.quick:
        _check_scores(results["quire"])
    samples = {name: Sample("s", [found["seconds"] for found in rounds]) for name, rounds in results.items()}
    rows = questions * len(MODELS)
    label = f"{questions} questions × {len(MODELS)} models, 50 ms"
    limit = Sample("s", [rows * LATENCY / 64])
    return [
        Figure(what=label, quire=samples["quire"], peer=samples.get("mlflow"), bar=Bar("≥ 5× as fast", times=5)),
        Figure(
            what=label,
            quire=samples["quire"],
            peer=limit,
            peer_name="rows × latency ÷ 64",
            bar=Bar("≥ 85% of the limit", times=0.85),
        ),
    ]


def _check_scores(results: list[dict[str, Any]]) -> None:
    for found in results:
        if found["correct"] != CORRECT:
            raise AssertionError(f"correct answers are {found['correct']}; the recording has {CORRECT}")


BENCHMARK = Benchmark("gsm8k", "GSM8K, recorded answers", measure)
