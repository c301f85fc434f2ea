"""Messages about runs as a table: ``/api/quire/v1/runs/…``."""

from __future__ import annotations

import msgspec

from quire.domain.entities import ViewType
from quire.domain.protojson import Int64, Message


class ListRunRows(Message, frozen=True, kw_only=True):
    """``POST runs/rows``: some rows of the runs of these experiments that match.

    ``columns`` are written ``metrics.KEY``, ``params.KEY`` or ``tags.KEY``. With ``whole`` the answer has the total
    and the name of the list (``order``), which may be given to go on in the same list, and rows are taken from
    ``offset`` on; without it and without an order only the first rows are found, as quickly as that goes. A list of a
    moment ago is used again unless it must be ``fresh``.
    """

    experiment_ids: list[str] = msgspec.field(default_factory=list)
    filter: str = ""
    run_view_type: ViewType = "ACTIVE_ONLY"
    order_by: list[str] = msgspec.field(default_factory=list)
    columns: list[str] = msgspec.field(default_factory=list)
    offset: Int64 = 0
    limit: Int64 = 100
    whole: bool = False
    order: str = ""
    fresh: bool = False


class ListRunColumns(Message, frozen=True, kw_only=True):
    """``POST runs/columns``: what runs of these experiments have values under."""

    experiment_ids: list[str] = msgspec.field(default_factory=list)


class CompareRuns(Message, frozen=True, kw_only=True):
    """``POST runs/compare``: these runs side by side, in this order.

    ``lower`` and ``higher`` name metrics of which less or more is better, where their names do not tell.
    """

    run_ids: list[str]
    lower: list[str] = msgspec.field(default_factory=list)
    higher: list[str] = msgspec.field(default_factory=list)
