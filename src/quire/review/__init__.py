"""Human feedback: queues of answers, or of pairs of answers, that people review; their labels and agreement."""

from __future__ import annotations

from quire.review.agreement import RaterAgreement
from quire.review.items import Item, Shown
from quire.review.labels import Label
from quire.review.questions import Question
from quire.review.queue import Added, Progress, Queue
from quire.review.queues import create_queue, get_queue, search_queues

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
    "search_queues",
]
