"""What one simulator holds while it runs: its behaviour, the parts made from it, and the stored objects."""

from __future__ import annotations

import itertools
import time
from collections import OrderedDict
from typing import Any

from quire.simulator.answers import Question, Written, write
from quire.simulator.behaviour import Behaviour
from quire.simulator.draws import digest, uniform
from quire.simulator.errors import ApiError
from quire.simulator.faults import Faults
from quire.simulator.http import Headers
from quire.simulator.limits import Limits
from quire.simulator.recording import RecordingIndex, read_recording

_MOST_OBJECTS = 10_000


class Objects(OrderedDict[str, Any]):
    """Stored objects of one kind by id, oldest first; the oldest go when there are too many."""

    def add(self, name: str, value: Any) -> None:
        """Store an object."""
        self[name] = value
        while len(self) > _MOST_OBJECTS:
            self.popitem(last=False)


class Simulation:
    """The state behind every handler."""

    behaviour: Behaviour
    recording: RecordingIndex | None

    def __init__(self, behaviour: Behaviour) -> None:
        self._started = time.time()
        self._numbers = itertools.count(1)
        self.forget()
        self.behave(behaviour)

    def behave(self, behaviour: Behaviour) -> None:
        """Change the behaviour; stored objects stay, limits and fault counts begin anew."""
        self.recording = None if behaviour.recording is None else read_recording(behaviour.recording)
        self.limits = Limits(behaviour.requests_per_minute, behaviour.tokens_per_minute, time.monotonic)
        self.faults = Faults(behaviour)
        self.latency = behaviour.latency
        self.arrived = 0
        self.behaviour = behaviour

    def forget(self) -> None:
        """Drop every stored object."""
        self.responses, self.completions = Objects(), Objects()
        self.files, self.batches, self.jobs = Objects(), Objects(), Objects()
        self.tuned: dict[str, None] = {}  # a set that keeps its order

    def write(self, question: Question, choice: int = 0) -> Written:
        """The answer to a question."""
        return write(question, self.behaviour, self.recording, choice)

    def admit(self, model: str, tokens: int) -> Headers:
        """Let a request for a model pass. Raises ApiError: 404 for an unknown model, 429 beyond a limit."""
        if not self.has_model(model):
            raise unknown_model(model)
        return self.limits.admit(model, tokens)

    def has_model(self, name: str) -> bool:
        """Whether a model exists: every one does, unless the behaviour lists those that do."""
        models = self.behaviour.models
        return models is None or name in models or name in self.tuned

    def delay(self, body: bytes, generated_tokens: int) -> float:
        """Seconds before a generated answer: its latency, and its tokens' where it comes as a whole."""
        latency = self.latency
        if latency.kind == "fixed":
            seconds = latency.a / 1000
        else:
            seconds = latency.draw(uniform(b"latency", str(self.behaviour.seed).encode(), body))
        return seconds + generated_tokens * self.behaviour.token_latency_ms / 1000

    def now(self) -> int:
        """Seconds since the epoch, or the behaviour's clock."""
        clock = self.behaviour.clock
        return int(time.time()) if clock is None else clock

    def new_id(self, prefix: str, key: bytes = b"") -> str:
        """An id of its own; with a fixed clock, one that depends on ``key`` alone, or without a key on its number."""
        if self.behaviour.clock is None:
            key = f"{self._started} {next(self._numbers)}".encode()
        return prefix + digest(b"id", key or b"%d" % next(self._numbers), size=12).hex()


def unknown_model(model: str) -> ApiError:
    """404 for a model that does not exist."""
    message = f"The model `{model}` does not exist or you do not have access to it."
    return ApiError(404, message, code="model_not_found", param="model")
