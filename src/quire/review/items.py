"""What a queue holds: answers, or pairs of answers, and what a reviewer sees of them."""

from __future__ import annotations

import hashlib
import itertools
from collections.abc import Iterable, Iterator
from typing import Any

import msgspec

from quire.domain.errors import InvalidInput
from quire.domain.scores import ScoredRow, ScoreValue

_ASKED = ("messages", "input", "prompt")
"""Where the question of a request stands; models and parameters stand beside it."""
_GIVES = ("quire.model_version", "quire.arm", "mlflow.modelId")
"""Labels of a trace that say what answered, the one that says most first."""


class Item(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One answer to review, or two to compare (then ``other`` names who gave ``second``).

    ``trace_id`` is the trace that its labels are assessments of. ``variant`` gave ``outputs``; ``scores`` are what
    scorers said of it, which reviewers are not shown.
    """

    item_id: str
    trace_id: str = ""
    inputs: Any = None
    outputs: Any = None
    second: Any = None
    expectations: dict[str, Any] | None = None
    variant: str = ""
    other: str = ""
    run_id: str = ""
    record_id: str = ""
    repeat: int = 0
    scores: dict[str, ScoreValue] = msgspec.field(default_factory=dict)

    @property
    def is_pair(self) -> bool:
        """Whether two answers are compared."""
        return bool(self.other)


class Shown(msgspec.Struct, frozen=True, kw_only=True):
    """An item as one reviewer sees it: ``outputs`` is one answer, or ``first`` and ``second`` are two, in an order
    that is drawn for each item and reviewer.

    In a blind queue ``variants`` is empty and ``trace_id`` is None; else ``variants`` names who gave the answers, in
    the order shown.
    """

    item_id: str
    inputs: Any
    outputs: Any = None
    first: Any = None
    second: Any = None
    expectations: dict[str, Any] | None = None
    variants: list[str] = msgspec.field(default_factory=list)
    trace_id: str | None = None


def shown(item: Item, reviewer: str, *, queue: str, blind: bool) -> Shown:
    """An item as a reviewer sees it."""
    names = [item.variant, item.other] if item.is_pair else [item.variant] if item.variant else []
    answers: dict[str, Any] = {"outputs": item.outputs}
    if item.is_pair:
        first, second = item.outputs, item.second
        if is_swapped(queue, item.item_id, reviewer):
            first, second, names = second, first, names[::-1]
        answers = {"first": first, "second": second}
    return Shown(
        item_id=item.item_id,
        inputs=item.inputs,
        expectations=item.expectations,
        variants=[] if blind else names,
        trace_id=None if blind else item.trace_id,
        **answers,
    )


def is_swapped(queue: str, item_id: str, reviewer: str) -> bool:
    """Whether a reviewer sees the second answer first: half of the time, always the same for one item and person."""
    return bool(hashed("order", queue, item_id, reviewer)[0] & 1)


def hashed(*parts: str) -> bytes:
    """32 bytes that follow from the parts."""
    return hashlib.sha256("\0".join(parts).encode()).digest()


def row_items(rows: Iterable[ScoredRow], variant: str, run_id: str) -> Iterator[Item | None]:
    """Rows of an evaluation as items; None for one without an answer."""
    for row in rows:
        if not isinstance(row, ScoredRow):
            raise InvalidInput(f"{row!r:.80} is no row of an evaluation; expected a ScoredRow (evaluation.rows(name)).")
        if row.error is not None:
            yield None
            continue
        yield Item(
            item_id=_id(run_id, variant, row.record_id, str(row.repeat)),
            trace_id=row.trace_id or "",
            inputs=row.inputs,
            outputs=row.outputs,
            expectations=row.expectations,
            variant=variant,
            run_id=run_id,
            record_id=row.record_id,
            repeat=row.repeat,
            scores={score.name: score.value for score in row.scores if score.value is not None},
        )


def pair_items(
    first: Iterable[ScoredRow], second: Iterable[ScoredRow], a: str, b: str, run_id: str
) -> Iterator[Item | None]:
    """The answers of two variants to the same records, as pairs; None where one side has no answer."""
    if not a or not b or a == b:
        raise InvalidInput(f"The variants of a pair are {a!r} and {b!r}; expected two different names.")
    others = {(row.record_id, row.repeat): row for row in second}
    for item in row_items(first, a, run_id):
        other = None if item is None else others.get((item.record_id, item.repeat))
        if item is None or other is None or other.error is not None:
            yield None
            continue
        yield msgspec.structs.replace(
            item, item_id=_id(item.item_id, b), trace_id="", second=other.outputs, other=b, scores={}
        )


def trace_items(traces: Iterable[Any]) -> Iterator[Item | None]:
    """Stored traces as items: what went in, what came out, the expectations; None for one without an answer."""
    for trace in traces:
        inputs, outputs = _root(trace, "inputs"), _root(trace, "outputs")
        if outputs is None:
            yield None
            continue
        known = {one.name: one.value for one in trace.search_assessments(type="expectation")}
        yield Item(
            item_id=_id(trace.trace_id),
            trace_id=trace.trace_id,
            inputs=inputs,
            outputs=outputs,
            expectations=known or None,
        )


def trace_pair_items(traces: Iterable[Any]) -> Iterator[Item | None]:
    """Stored traces as pairs: those that were asked the same and answered by two variants; None for each other trace.

    What was asked are the messages of the root's inputs (``messages``, ``input`` or ``prompt``), or all of its inputs
    where it has none. What answered is a model version, else an arm of a trial, a logged model, or the models that
    were called.
    """
    asked: dict[bytes, dict[str, list[Any]]] = {}
    for trace in traces:
        variant = _answered_by(trace)
        if variant and _root(trace, "outputs") is not None:
            asked.setdefault(_question(_root(trace, "inputs")), {}).setdefault(variant, []).append(trace)
        else:
            yield None
    for answers in asked.values():
        paired = set()
        for a, b in itertools.combinations(sorted(answers), 2):
            for first, second in zip(answers[a], answers[b], strict=False):
                paired |= {first.trace_id, second.trace_id}
                yield _trace_pair(first, second, a, b)
        yield from (None for one in itertools.chain(*answers.values()) if one.trace_id not in paired)


def _trace_pair(first: Any, second: Any, a: str, b: str) -> Item:
    known = {one.name: one.value for trace in (second, first) for one in trace.search_assessments(type="expectation")}
    return Item(
        item_id=_id(first.trace_id, second.trace_id),
        inputs=_root(first, "inputs"),
        outputs=_root(first, "outputs"),
        second=_root(second, "outputs"),
        expectations=known or None,
        variant=a,
        other=b,
    )


def _answered_by(trace: Any) -> str:
    labels = trace.info.trace_metadata
    named = next((labels[label] for label in _GIVES if labels.get(label)), "")
    models = sorted({span.record.model for span in trace.data.spans if span.record.model})
    return named or ", ".join(models)


def _question(inputs: Any) -> bytes:
    asked = next((inputs[key] for key in _ASKED if inputs.get(key)), inputs) if isinstance(inputs, dict) else inputs
    return msgspec.json.encode(asked, order="deterministic", enc_hook=repr)


def _root(trace: Any, what: str) -> Any:
    root = next((span for span in trace.data.spans if span.parent_id is None), None)
    return None if root is None else getattr(root, what)


def _id(*parts: str) -> str:
    return hashed("item", *parts).hex()[:16]
