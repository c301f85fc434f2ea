"""What is known around a request of the OpenAI SDK: the model call of an agent that it belongs to.

The OpenAI Agents SDK has a span for each model call, the request inside has one of ours, and both tell the same: only
one may be recorded. The request's is, because it knows more; see :mod:`quire.openai.autologging.agents`.
"""

from __future__ import annotations

from contextvars import ContextVar


class ModelCall:
    """A model call of an agent that is under way. ``requests`` is how many recorded requests it has made."""

    __slots__ = ("requests",)

    def __init__(self) -> None:
        self.requests = 0


model_call: ContextVar[ModelCall | None] = ContextVar("quire_model_call", default=None)


def note_request() -> None:
    """A request is recorded: the model call around it need not be."""
    around = model_call.get()
    if around is not None:
        around.requests += 1
