"""What a gate said as JUnit's XML, which CI systems show: a test case for each check, and one for each variant."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING
from xml.sax.saxutils import escape, quoteattr

from quire.domain.gates import GateResult

if TYPE_CHECKING:
    from quire.evaluate.evaluation import Evaluation

_FORBIDDEN = re.compile(r"[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def as_junit(evaluation: Evaluation, result: GateResult | None) -> str:
    """The XML. A check that did not hold is a failure; a variant of which rows failed is an error."""
    cases = []
    failed = errors = 0
    for name, aggregates in evaluation.aggregates.items():
        lost = int(aggregates.get("failed", 0))
        errors += bool(lost)
        inside = f"<error message={_quoted(f'{lost} rows have no answer')}/>" if lost else ""
        said = ", ".join(f"{key} {value:.6g}" for key, value in sorted(aggregates.items()))
        cases.append(_case("variants", name, inside, said))
    for check in result.checks if result is not None else ():
        failed += not check.passed
        inside = "" if check.passed else f"<failure message={_quoted(check.said)}/>"
        cases.append(_case("gate", check.name, inside, check.said))
    counts = f'tests="{len(cases)}" failures="{failed}" errors="{errors}"'
    suite = f"<testsuite name={_quoted(evaluation.name)} {counts}>{''.join(cases)}</testsuite>"
    return f'<?xml version="1.0" encoding="UTF-8"?>\n<testsuites {counts}>{suite}</testsuites>\n'


def _case(kind: str, name: str, inside: str, said: str) -> str:
    out = f"<system-out>{escape(_clean(said))}</system-out>"
    return f"<testcase classname={_quoted(kind)} name={_quoted(name)}>{inside}{out}</testcase>"


def _quoted(text: str) -> str:
    return quoteattr(_clean(text))


def _clean(text: str) -> str:
    return _FORBIDDEN.sub("�", text)
