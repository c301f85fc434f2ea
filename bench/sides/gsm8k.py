"""Package the four recorded models, ask each every question, count the right answers; seconds of the asking."""

from __future__ import annotations

import importlib
import sys
import time
from pathlib import Path
from typing import Any

from bench.gsm8k import MODELS, is_correct, read
from bench.worker import serve

library_name, recording = sys.argv[1:]
flavor = importlib.import_module(f"{library_name}.openai")
pyfunc = importlib.import_module(f"{library_name}.pyfunc")

ROWS = read(Path(recording))


def package(name: str) -> Any:
    """A model that passes the question on as it is."""
    folder = Path.cwd() / name
    message = {"role": "user", "content": "{question}"}
    flavor.save_model(model=name, task="chat.completions", path=str(folder), messages=[message])
    return pyfunc.load_model(str(folder))


packaged = {name: package(name) for name in MODELS}


def evaluate(questions: int) -> dict[str, Any]:
    """Seconds for all four models, and how many answers of each end in the right number."""
    rows = ROWS[:questions]
    inputs = [row["question"] for row in rows]
    started = time.perf_counter()
    answers = {name: model.predict(inputs) for name, model in packaged.items()}
    seconds = time.perf_counter() - started
    correct = {
        name: sum(is_correct(given, row["ground_truth"]) for given, row in zip(found, rows, strict=True))
        for name, found in answers.items()
    }
    return {"seconds": seconds, "correct": correct}


serve(evaluate=evaluate)
