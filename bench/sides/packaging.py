"""Save, log and load one chat model; each command answers the seconds of one call."""

from __future__ import annotations

import importlib
import itertools
import sys
import time
from pathlib import Path
from typing import Any

from bench.worker import serve

library = importlib.import_module(sys.argv[1])
importlib.import_module(f"{sys.argv[1]}.openai")
importlib.import_module(f"{sys.argv[1]}.pyfunc")

MODEL: dict[str, Any] = {
    "model": "gpt-4o-mini",
    "task": "chat.completions",
    "messages": [
        {"role": "system", "content": "You are a careful editor of {language} texts."},
        {"role": "user", "content": "Improve this: {text}"},
    ],
}
_numbers = itertools.count()


def save() -> float:
    """``save_model`` into a new folder."""
    folder = Path.cwd() / f"saved-{next(_numbers)}"
    started = time.perf_counter()
    library.openai.save_model(path=str(folder), **MODEL)
    return time.perf_counter() - started


def log() -> float:
    """``log_model`` to a run that is already active."""
    with library.start_run():
        started = time.perf_counter()
        library.openai.log_model(name="model", **MODEL)
        return time.perf_counter() - started


def load() -> float:
    """``pyfunc.load_model`` of a saved folder."""
    folder = Path.cwd() / "to-load"
    if not folder.exists():
        library.openai.save_model(path=str(folder), **MODEL)
    started = time.perf_counter()
    library.pyfunc.load_model(str(folder))
    return time.perf_counter() - started


serve(save=save, log=log, load=load)
