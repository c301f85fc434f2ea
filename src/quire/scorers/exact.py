"""Exact match: the answer is what was expected, letter for letter."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from quire.scorers.base import Scorer
from quire.scorers.reading import EXPECTED, accepted, expected, json_equal


@dataclass(frozen=True, kw_only=True)
class ExactMatch(Scorer):
    """Whether the answer equals the expectation ``field``. Binary.

    Accepts ``outputs`` that are text (equal to the expected text, or to one of a list of them, character by
    character; an expected number or boolean counts as its JSON text), or any JSON value (equal as JSON: 1 is 1.0 and
    is not true, keys have no order). Without ``expected_response``, the only expectation of a record is taken. A record
    without the expectation gets an error.
    """

    name: str = "exact_match"
    field: str = EXPECTED
    kind = "binary"

    def __call__(self, *, outputs: Any, expectations: Mapping[str, Any] | None) -> bool:
        """Whether they are equal."""
        if isinstance(outputs, str):
            return outputs in accepted(expectations, self.field)
        return json_equal(outputs, expected(expectations, self.field))
