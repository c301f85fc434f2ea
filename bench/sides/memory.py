"""Predict rows out of a generator, dropping the answers; seconds and the process's peak memory so far."""

from __future__ import annotations

import sys
import time
from pathlib import Path

import quire.openai
import quire.pyfunc
from bench.worker import peak_memory, serve

FOLDER = Path.cwd() / "model"
quire.openai.save_model(
    model="gpt-4o-mini",
    task="chat.completions",
    path=str(FOLDER),
    messages=[{"role": "user", "content": "Tell me a {adjective} joke about {animal}."}],
)
model = quire.pyfunc.load_model(str(FOLDER))


def predict(rows: int) -> dict[str, float]:
    """Answer all rows, in order, keeping none."""
    inputs = ({"adjective": f"funny-{n}", "animal": f"cat-{n}"} for n in range(rows))
    started = time.perf_counter()
    answered = sum(1 for _answer in model.predict_iter(inputs))
    if answered != rows:
        raise AssertionError(f"{answered} answers to {rows} rows")
    print(f"{rows} rows", file=sys.stderr)
    return {"seconds": time.perf_counter() - started, "memory": peak_memory()}


serve(predict=predict)
