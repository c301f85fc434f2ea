"""Evaluate four chat variants with four local scorers; seconds, and the process's peak memory so far.

MLflow's side asks the service as its guide does, by a function over the OpenAI client, and evaluates one variant after
another: it has no other way.
"""

from __future__ import annotations

import importlib
import itertools
import json
import os
import re
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from bench.worker import peak_memory, serve

name = sys.argv[1]
library = importlib.import_module(name)
VERBS = ("Tell", "Say", "Repeat", "Write")
_NUMBER = re.compile(r"\d+")


def exact(outputs: str, expectations: Mapping[str, Any]) -> bool:
    """Whether the answer is the expected text."""
    return outputs.strip() == expectations["expected_response"]


def contains(outputs: str, expectations: Mapping[str, Any]) -> bool:
    """Whether the answer holds the expected text."""
    return expectations["expected_response"].lower() in outputs.lower()


def length(outputs: str) -> int:
    """Characters of the answer."""
    return len(outputs)


def last_number(outputs: str, expectations: Mapping[str, Any]) -> bool:
    """Whether the last number of the answer is the expected one's."""
    found = _NUMBER.findall(outputs)
    return bool(found) and found[-1] == expectations["expected_response"].removeprefix("w")


FUNCTIONS = (exact, contains, length, last_number)


def scorers() -> list[Any]:
    """The four functions as the library's scorers."""
    if name == "quire":
        return [library.scorer(function) for function in FUNCTIONS]
    from mlflow.genai.scorers import scorer

    return [scorer(function) for function in FUNCTIONS]


def data(rows: int, start: int) -> list[dict[str, Any]]:
    """Records that no earlier round had, so that no answer is there already."""
    return [
        {"inputs": {"word": f"w{n}"}, "expectations": {"expected_response": f"w{n}"}}
        for n in range(start, start + rows)
    ]


def packaged() -> dict[str, Any]:
    """Quire's variants: packaged models that differ in one word."""
    for verb in VERBS:
        message = {"role": "user", "content": verb + " {word}, please."}
        library.openai.save_model("gpt-4o-mini", "chat.completions", str(Path.cwd() / verb), messages=[message])
    return {verb: str(Path.cwd() / verb) for verb in VERBS}


def functions() -> dict[str, Callable[..., Any]]:
    """MLflow's variants."""
    import openai

    client = openai.OpenAI()

    def make(verb: str) -> Callable[..., Any]:
        def predict(word: str) -> str:
            message = {"role": "user", "content": f"{verb} {word}, please."}
            answer = client.chat.completions.create(model="gpt-4o-mini", messages=[message])
            return str(answer.choices[0].message.content)

        return predict

    return {verb: make(verb) for verb in VERBS}


os.environ["QUIRE_CACHE_DIR"] = str(Path.cwd() / "cache")
variants = packaged() if name == "quire" else functions()
_given = itertools.count()


def evaluate(rows: int) -> dict[str, float]:
    """Evaluate all variants on ``rows`` new records, and check that every row was scored."""
    records = data(rows, next(_given) * 1_000_000)
    started = time.perf_counter()
    if name == "quire":
        result = library.evaluate(records, variants, scorers())
        scored = [result.aggregates[verb]["length/missing"] == 0 for verb in VERBS]
        result.compare(*VERBS[:2])
    else:
        results = [library.genai.evaluate(data=records, scorers=scorers(), predict_fn=variants[verb]) for verb in VERBS]
        scored = ["length/mean" in result.metrics for result in results]
    seconds = time.perf_counter() - started
    if not all(scored):
        raise AssertionError(f"rows without scores: {json.dumps(scored)}")
    return {"seconds": seconds, "memory": peak_memory()}


serve(evaluate=evaluate)
