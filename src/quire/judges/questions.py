"""What a judge is shown of a row: the values of its template's variables, as text."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import msgspec

from quire.domain.errors import InvalidInput

_MAX_TRACE = 60_000
"""Characters of a trace that a judge is shown."""


class Judged(msgspec.Struct, frozen=True, kw_only=True):
    """One answer to judge, with what it answers and what was expected of it. ``trace`` may be a trace or its id."""

    inputs: Any = None
    outputs: Any = None
    expectations: Mapping[str, Any] | None = None
    trace: Any = None


def shown_values(names: frozenset[str], judged: Judged) -> dict[str, str]:
    """The values of these variables for one answer. Raises InvalidInput for what the record lacks."""
    return {name: VARIABLES[name](judged) for name in names}


def as_text(value: Any) -> str:
    """A value as a judge is shown it: text as it is, the one text of a mapping, else JSON."""
    if isinstance(value, str):
        return value
    if isinstance(value, Mapping) and len(value) == 1:
        (only,) = value.values()
        if isinstance(only, str):
            return only
    return msgspec.json.encode(value, enc_hook=repr).decode()


def listed(value: Any) -> str:
    """Sentences, one a line, numbered; a single one as it is."""
    if isinstance(value, str):
        return value
    if isinstance(value, Sequence) and value:
        return "\n".join(f"{number}. {as_text(item)}" for number, item in enumerate(value, 1))
    return as_text(value)


def _expectation(judged: Judged, name: str) -> Any:
    found = (judged.expectations or {}).get(name)
    if found is None or found == []:
        has = sorted(map(str, judged.expectations or {})) or "none"
        raise InvalidInput(f"The judge needs the expectation {name!r}; the record has {has}.")
    return found


def _outputs(judged: Judged) -> str:
    if judged.outputs is None:
        raise InvalidInput("There is no answer to judge.")
    return as_text(judged.outputs)


def _reference(judged: Judged) -> str:
    """The expected response, or the facts that are expected in one."""
    given = judged.expectations or {}
    if given.get("expected_facts"):
        return "Facts that the answer must state:\n" + listed(given["expected_facts"])
    if "expected_response" in given or len(given) != 1:
        return "A right answer:\n" + as_text(_expectation(judged, "expected_response"))
    return "A right answer:\n" + as_text(next(iter(given.values())))


def _trace(judged: Judged) -> str:
    trace = judged.trace
    if isinstance(trace, str) and trace.startswith("tr-"):
        from quire.tracing.stored import get_trace

        trace = get_trace(trace, silent=True)
    if trace is None:
        raise InvalidInput("The judge needs the answer's trace, and there is none. Trace the model (quire.autolog).")
    text = trace.to_json() if hasattr(trace, "to_json") else as_text(trace)
    return text if len(text) <= _MAX_TRACE else f"{text[:_MAX_TRACE]}… ({len(text) - _MAX_TRACE} characters left out)"


VARIABLES: dict[str, Callable[[Judged], str]] = {
    "inputs": lambda judged: as_text(judged.inputs),
    "outputs": _outputs,
    "expectations": lambda judged: as_text(judged.expectations or {}),
    "trace": _trace,
    "expected_response": lambda judged: as_text(_expectation(judged, "expected_response")),
    "expected_facts": lambda judged: listed(_expectation(judged, "expected_facts")),
    "guidelines": lambda judged: listed(_expectation(judged, "guidelines")),
    "reference": _reference,
}
"""What a judge's instructions may name, and how it is read; the first four are MLflow's."""
