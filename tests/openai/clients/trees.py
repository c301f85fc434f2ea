"""Traces as trees of spans, easy to compare."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from typing import Any

from quire.domain.traces import Trace


class Tree:
    """A span and those below it, in the order in which they began."""

    def __init__(self, trace: Trace, span: Any, below: dict[str | None, list[Any]]) -> None:
        self.name: str = span.name
        self.type: str = span.span_type
        self.inputs, self.outputs = span.inputs, span.outputs
        self.attributes: dict[str, Any] = span.attributes
        self.status: str = span.status.status_code
        self.message: str = span.status.description
        self.usage: dict[str, int] = span.attributes.get("mlflow.chat.tokenUsage") or {}
        self.cost: float = (span.attributes.get("mlflow.llm.cost") or {}).get("total_cost", 0.0)
        self.metadata = trace.info.trace_metadata
        self.state = str(trace.info.state)
        self.total_tokens = json.loads(self.metadata.get("mlflow.trace.tokenUsage", "{}")).get("total_tokens", 0)
        children = sorted(below.get(span.span_id, []), key=lambda child: child.start_time_ns)
        self.children = [Tree(trace, child, below) for child in children]

    def walk(self) -> Iterator[Tree]:
        """This span and all below it."""
        yield self
        for child in self.children:
            yield from child.walk()

    def named(self, name: str) -> list[Tree]:
        """Spans of a name."""
        return [span for span in self.walk() if span.name == name]

    @property
    def text(self) -> str:
        """All inputs and outputs."""
        return json.dumps([[span.inputs, span.outputs] for span in self.walk()])

    @property
    def shape(self) -> str:
        """Names and types, as a text."""
        inner = " ".join(child.shape for child in self.children)
        return f"{self.name}:{self.type}" + (f"({inner})" if inner else "")

    def __repr__(self) -> str:
        return self.shape


def trees(traces: Sequence[Trace]) -> list[Tree]:
    """Each trace as the tree below its root."""
    made = []
    for trace in traces:
        below: dict[str | None, list[Any]] = {}
        for span in trace.data.spans:
            below.setdefault(span.parent_id, []).append(span)
        made += [Tree(trace, root, below) for root in below[None]]
    return made
