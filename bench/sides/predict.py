"""Package a chat model with two variables, load it, and predict dataframes with it; seconds of each ``predict``."""

from __future__ import annotations

import importlib
import sys
import time
from pathlib import Path

import pandas as pd

from bench.worker import serve

library = importlib.import_module(sys.argv[1])
flavor = importlib.import_module(f"{sys.argv[1]}.openai")
pyfunc = importlib.import_module(f"{sys.argv[1]}.pyfunc")

FOLDER = Path.cwd() / "model"
flavor.save_model(
    model="gpt-4o-mini",
    task="chat.completions",
    path=str(FOLDER),
    messages=[{"role": "user", "content": "Tell me a {adjective} joke about {animal}."}],
)
model = pyfunc.load_model(str(FOLDER))


def predict(rows: int) -> float:
    """Answer ``rows`` rows, all different, and check that there are as many answers."""
    frame = pd.DataFrame(
        {"adjective": [f"funny-{n}" for n in range(rows)], "animal": [f"cat-{n}" for n in range(rows)]}
    )
    started = time.perf_counter()
    answers = model.predict(frame)
    seconds = time.perf_counter() - started
    if len(answers) != rows or not all(answers):
        raise AssertionError(f"{len(answers)} answers to {rows} rows")
    return seconds


serve(predict=predict)
