"""Stored evaluations as the calls of a server give them: opened once, compared, and read row by row.

Each name is loaded from its own module when it is first used: what compares is much, and many servers never do.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from quire.domain.faces import face

if TYPE_CHECKING:
    from quire.server.evaluations.describing import compared, described, ranked, unfinished
    from quire.server.evaluations.giving_traces import traced
    from quire.server.evaluations.opened import find_evaluation, open_evaluation, rows_are_ready
    from quire.server.evaluations.people import agreed, judged, people_of
    from quire.server.evaluations.rows import Sides, listed, ratings_in, whole

__all__ = [
    "Sides",
    "agreed",
    "compared",
    "described",
    "find_evaluation",
    "judged",
    "listed",
    "open_evaluation",
    "people_of",
    "ranked",
    "ratings_in",
    "rows_are_ready",
    "traced",
    "unfinished",
    "whole",
]

_HOME = {
    "Sides": "quire.server.evaluations.rows",
    "agreed": "quire.server.evaluations.people",
    "compared": "quire.server.evaluations.describing",
    "described": "quire.server.evaluations.describing",
    "find_evaluation": "quire.server.evaluations.opened",
    "judged": "quire.server.evaluations.people",
    "listed": "quire.server.evaluations.rows",
    "open_evaluation": "quire.server.evaluations.opened",
    "people_of": "quire.server.evaluations.people",
    "ranked": "quire.server.evaluations.describing",
    "ratings_in": "quire.server.evaluations.rows",
    "rows_are_ready": "quire.server.evaluations.opened",
    "traced": "quire.server.evaluations.giving_traces",
    "unfinished": "quire.server.evaluations.describing",
    "whole": "quire.server.evaluations.rows",
}

__getattr__, __dir__ = face(__name__, _HOME)
