"""Making and recognising the ids that Quire and MLflow give to things."""

from __future__ import annotations

import os
import re
import time

_RUN_ID = re.compile(r"[0-9a-f]{32}\Z")
_MODEL_ID = re.compile(r"m-[0-9a-f]{32}\Z")


def new_run_id() -> str:
    """32 hexadecimal digits: four that count 64ths of a second, then 28 random ones.

    Runs that are made at once so lie side by side in an index, and storing them touches few of its pages; and short
    beginnings of ids still tell runs apart.
    """
    slot = time.time_ns() // (1_000_000_000 // 64)
    return f"{slot & 0xFFFF:04x}{os.urandom(14).hex()}"


def new_model_id() -> str:
    """``m-`` and 32 random hexadecimal digits."""
    return f"m-{os.urandom(16).hex()}"


def new_trace_id() -> str:
    """``tr-`` and 32 random hexadecimal digits: an OpenTelemetry trace id with MLflow's prefix."""
    return f"tr-{os.urandom(16).hex()}"


def new_assessment_id() -> str:
    """``a-`` and 32 random hexadecimal digits."""
    return f"a-{os.urandom(16).hex()}"


def new_dataset_id() -> str:
    """``d-`` and 32 random hexadecimal digits."""
    return f"d-{os.urandom(16).hex()}"


def new_record_id() -> str:
    """``dr-`` and 32 random hexadecimal digits: one record of an evaluation dataset."""
    return f"dr-{os.urandom(16).hex()}"


def new_trial_id() -> str:
    """``t-`` and 32 random hexadecimal digits: a live A/B test."""
    return f"t-{os.urandom(16).hex()}"


def new_deployment_id() -> str:
    """``dp-`` and 32 random hexadecimal digits."""
    return f"dp-{os.urandom(16).hex()}"


def new_comment_id() -> str:
    """``c-`` and 32 random hexadecimal digits."""
    return f"c-{os.urandom(16).hex()}"


def is_run_id(text: str) -> bool:
    """Whether ``text`` has the form of a run id."""
    return _RUN_ID.match(text) is not None


def is_model_id(text: str) -> bool:
    """Whether ``text`` has the form of a logged model's id."""
    return _MODEL_ID.match(text) is not None


def now_ms() -> int:
    """The time now, in milliseconds since the Unix epoch."""
    return time.time_ns() // 1_000_000
