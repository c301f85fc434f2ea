"""What came of a version of a prompt or a model, as a graph: models, runs, evaluations, endpoints."""

from __future__ import annotations

from typing import Literal

import msgspec

LineageKind = Literal["prompt", "model", "model_version", "run", "evaluation", "endpoint"]


class LineageNode(msgspec.Struct, frozen=True, kw_only=True):
    """One thing in a lineage. ``id`` is unique in it; ``key`` names it in the store, ``version`` which of several.

    ``title`` is what people call it; ``aliases`` are those of a version.
    """

    id: str
    kind: LineageKind
    key: str
    title: str
    version: str | None = None
    experiment_id: str | None = None
    aliases: list[str] = msgspec.field(default_factory=list)


class LineageEdge(msgspec.Struct, frozen=True, kw_only=True):
    """That ``target`` came of ``source``, by their ids."""

    source: str
    target: str


class Lineage(msgspec.Struct, frozen=True, kw_only=True):
    """A graph; the first node is what was asked about. ``traces`` counts requests that used it.

    ``complete`` says whether there is no more of it than was asked for.
    """

    nodes: list[LineageNode]
    edges: list[LineageEdge]
    traces: int = 0
    complete: bool = True
