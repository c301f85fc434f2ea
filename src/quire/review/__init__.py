"""Human feedback: queues of answers, or of pairs of answers, that people review; their labels and agreement."""

from __future__ import annotations

from typing import TYPE_CHECKING

from quire.domain.faces import face

if TYPE_CHECKING:
    from quire.review.agreement import RaterAgreement
    from quire.review.items import Item, Shown
    from quire.review.labels import Label
    from quire.review.questions import Question
    from quire.review.queue import Added, Progress, Queue
    from quire.review.queues import create_queue, get_queue, open_queue, search_queues

__all__ = [
    "Added",
    "Item",
    "Label",
    "Progress",
    "Question",
    "Queue",
    "RaterAgreement",
    "Shown",
    "create_queue",
    "get_queue",
    "open_queue",
    "search_queues",
]

_HOME = {
    "Added": "quire.review.queue",
    "Item": "quire.review.items",
    "Label": "quire.review.labels",
    "Progress": "quire.review.queue",
    "Question": "quire.review.questions",
    "Queue": "quire.review.queue",
    "RaterAgreement": "quire.review.agreement",
    "Shown": "quire.review.items",
    "create_queue": "quire.review.queues",
    "get_queue": "quire.review.queues",
    "open_queue": "quire.review.queues",
    "search_queues": "quire.review.queues",
}

__getattr__, __dir__ = face(__name__, _HOME)
