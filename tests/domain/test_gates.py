"""Gates as data: what is refused, and that they read back."""

from __future__ import annotations

from typing import Any

import pytest

from quire.domain.errors import InvalidInput
from quire.domain.gates import Check, Gate, GateResult, gate, read_gate


def test_a_gate_reads_back_from_a_mapping() -> None:
    made = gate("exact_answer", confidence=0.9, not_worse={"cost_usd": 1.2}, min_rows=50)
    data = {"scorer": "exact_answer", "confidence": 0.9, "not_worse": {"cost_usd": 1.2}, "min_rows": 50}
    assert read_gate(data) == made
    assert read_gate(made) is made


@pytest.mark.parametrize(
    ("data", "said"),
    [
        ({}, "scorer"),
        ({"scorer": ""}, "expected the name of a score"),
        ({"scorer": "a", "confidence": 1}, "confidence is 1"),
        ({"scorer": "a", "confidence": 95}, "confidence is 95"),
        ({"scorer": "a", "confidence": True}, "confidence"),
        ({"scorer": "a", "min_rows": 0}, "min_rows is 0"),
        ({"scorer": "a", "max_missing": 1.5}, "max_missing is 1.5"),
        ({"scorer": "a", "not_worse": {"b": 0}}, r"not_worse\['b'\] is 0"),
        ({"scorer": "a", "not_worse": {"b": float("inf")}}, "not_worse"),
        ({"scorer": "a", "not_worse": {"a": 1.1}}, "say one of them"),
        ({"scorer": "a", "betterthan": "x"}, r"betterthan.*Its fields: scorer, better_than"),
        ("exact_answer", "expected a mapping"),
    ],
)
def test_a_gate_that_makes_no_sense_is_refused(data: Any, said: str) -> None:
    with pytest.raises(InvalidInput, match=said):
        read_gate(data)


def test_values_of_the_wrong_type_are_refused_from_code_too() -> None:
    for wrong in ({"not_worse": {"b": "cheap"}}, {"min_rows": "many"}, {"min_rows": True}):
        with pytest.raises(InvalidInput):
            gate("a", **wrong)  # type: ignore[arg-type]
    with pytest.raises(InvalidInput):
        gate(3)  # type: ignore[arg-type]


def test_a_result_passes_if_every_check_does() -> None:
    checks = [Check(name="a", passed=True, said="x"), Check(name="b", passed=False, said="y")]
    result = GateResult(champion="1", challenger="2", checks=checks)
    assert not result.passed
    assert str(result).splitlines() == ["Gate FAILED: 2 against 1", "passed  a: x", "FAILED  b: y"]
    assert GateResult(champion="1", challenger="2", checks=checks[:1]).passed
    assert Gate(scorer="a").better_than == "@champion"
