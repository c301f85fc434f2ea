"""Evaluate two functions by three local scorers, as an evaluation of many rows that pages are then made of."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Mapping
from typing import Any

import quire
from bench.worker import serve


def _chance(*about: object) -> float:
    """A number from 0 to 1 that follows from what it is about."""
    return int.from_bytes(hashlib.blake2b(repr(about).encode(), digest_size=6).digest(), "big") / 2**48


def _variant(name: str, share: float) -> Callable[..., str]:
    def answer(number: int) -> str:
        return f"It is {number * 2}." if _chance(name, number) < share else f"Perhaps it is {number}?"

    return answer


@quire.scorer
def right(outputs: str, expectations: Mapping[str, Any]) -> bool:
    """Whether the answer holds the expected one."""
    return expectations["expected_response"] in outputs


@quire.scorer
def letters(outputs: str) -> int:
    """Characters of the answer."""
    return len(outputs)


@quire.scorer
def closeness(inputs: Mapping[str, Any], outputs: str) -> float:
    """A number that no two answers share."""
    return _chance(inputs["number"], outputs)


def fill(rows: int) -> dict[str, str]:
    """Evaluate on so many rows; the run, and the database that it is in."""
    data = [{"inputs": {"number": n}, "expectations": {"expected_response": f"is {n * 2}."}} for n in range(rows)]
    variants = {"first": _variant("first", 0.6), "second": _variant("second", 0.61)}
    scorers = [right, letters, closeness]
    made = quire.evaluate(data, variants, scorers, primary="right", cache=False, log_assessments=False)
    return {"run_id": made.run_id, "database": os.environ["QUIRE_TRACKING_URI"]}


serve(fill=fill)
