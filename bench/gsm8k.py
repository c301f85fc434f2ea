"""The recorded GSM8K answers: questions, what four models answered, and whether that is right."""

from __future__ import annotations

import json
import re
from decimal import Decimal
from pathlib import Path
from typing import Any

MODELS = ("6b_finetuning", "6b_verification", "175b_finetuning", "175b_verification")
CORRECT = {"6b_finetuning": 177, "6b_verification": 322, "175b_finetuning": 274, "175b_verification": 461}

_NUMBER = re.compile(r"-?\d*\.?\d+")


def read(path: Path) -> list[dict[str, Any]]:
    """The recorded questions: ``question``, ``ground_truth``, and for each model ``solution`` and ``is_correct``."""
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def final_number(text: str) -> Decimal | None:
    """The number after the last ``A:``, without thousands separators and units; None if there is none."""
    _before, marker, after = text.rpartition("A:")
    found = _NUMBER.search(after.replace(",", "")) if marker else None
    return Decimal(found.group()) if found else None


def is_correct(answer: str, ground_truth: str) -> bool:
    """Whether an answer ends in the same number as the ground truth."""
    given = final_number(answer)
    return given is not None and given == final_number(ground_truth)
