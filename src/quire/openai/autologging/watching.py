"""One traced call: its span from the request to the end of the answer, however the program reads that.

Nothing here may hurt the program's call: what goes wrong with recording is logged and the call goes on.
"""

from __future__ import annotations

import atexit
import os
import time
from collections.abc import Mapping
from typing import Any

import msgspec

from quire.caller.watching import model_asking
from quire.domain.span_names import MODEL_ID
from quire.domain.trace_views import FIRST_TOKEN
from quire.domain.traces import SOURCE_RUN
from quire.domain.unreadable import UNREADABLE
from quire.openai.autologging.assembling import assembler
from quire.openai.autologging.attributes import request_attributes
from quire.openai.autologging.calls import TracedCall
from quire.openai.autologging.encoding import encoded
from quire.openai.autologging.options import complain
from quire.openai.autologging.options import options as autolog_options
from quire.openai.autologging.requests import asked_body
from quire.tracing import Span, begin
from quire.tracing.around import note_model
from quire.tracing.markers import SHAPES_ONLY
from quire.tracing.values import to_json

SECONDS = "quire.stream.seconds"
FIRST_MS = FIRST_TOKEN
PIECES = "quire.stream.pieces"
_now_ns = time.time_ns
_open: set[Watch] = set()
"""Recordings of streams that have not ended. They are held here, not by their streams alone: the collector would end
the span of a forgotten stream before what is known of it is in it."""


def begin_span(
    call: TracedCall,
    body: Mapping[str, Any],
    host: str | None,
    provider: str,
    *,
    asynchronous: bool,
    model_id: str | None = None,
    run_id: str | None = None,
) -> Span:
    """A span for a call that is about to be made; ``model_id`` is the logged model that makes it.

    A trace that begins with it belongs to the active run, unless ``run_id`` names another.
    """
    said = autolog_options()
    attributes = request_attributes(call, body, host, provider)
    if not said.capture_content:
        attributes[SHAPES_ONLY] = True
    name = f"Async{call.name}" if asynchronous else call.name
    span = begin(name, call.span_type, inputs=to_json(body), attributes=attributes, run_id=run_id)
    if said.exclusive and span.parent_id is None:
        span.live_trace.metadata.pop(SOURCE_RUN, None)
    if model_id is not None:
        span.set_attribute(MODEL_ID, model_id)
        note_model(span.live_trace, model_id)
    return span


class Watch:
    """The recording of one call."""

    __slots__ = (
        "_assembler",
        "_call",
        "_first_ns",
        "_last_ns",
        "_pieces",
        "asked_body",
        "reading",
        "span",
    )

    def __init__(self, call: TracedCall, client: Any, options: Any, *, asynchronous: bool) -> None:
        self._call = call
        # The property of newer SDKs imports a module at each call.
        host = getattr(getattr(client, "_base_url", None) or client.base_url, "host", None)
        provider = "openai" if getattr(client, "_api_version", None) is None else "azure.ai.openai"
        self.span: Span = begin_span(
            call, asked_body(call, options), host, provider, asynchronous=asynchronous, model_id=model_asking.get()
        )
        self._assembler: Any = None
        self._first_ns = 0
        self._last_ns = 0
        self._pieces = 0
        self.asked_body: Any = None
        self.reading = False

    @property
    def is_over(self) -> bool:
        """Whether the span has ended."""
        return self.span.end_time_ns is not None

    # -- whole answers -----------------------------------------------------------------------------

    def answered(self, answer: Any) -> None:
        """The whole answer is here."""
        try:
            self.span.finish(outputs=encoded(answer, self._call), attributes=self._call.answered)
        except Exception:
            self.lost()

    def body(self, body: bytes) -> None:
        """The answer is here as bytes that the program reads by itself."""
        try:
            answer = msgspec.json.decode(body)
        except (*UNREADABLE, ValueError):
            answer = f"<{len(body)} bytes>"
        self.answered(answer)

    def failed(self, error: BaseException) -> None:
        """The call raised."""
        self.ended(error)

    def lost(self) -> None:
        """Recording itself failed: say so, and end the span."""
        complain("A call of the OpenAI SDK could not be recorded")
        _open.discard(self)
        self.span.finish(attributes={"quire.incomplete": True})

    # -- streams -----------------------------------------------------------------------------------

    def streams(self) -> None:
        """The answer comes in pieces. If the program ends before the stream, what has come is recorded."""
        self._assembler = assembler(self._call)
        _open.add(self)

    def ask_for_usage(self, body: Any) -> None:
        """The request was made to end with a piece that counts tokens; ``body`` is what the program asked."""
        self.asked_body = body

    def piece(self, piece: Any) -> bool:
        """Take a piece of the answer, now; whether the program is to see it."""
        try:
            now = self._last_ns = _now_ns()
            self._pieces += 1
            if self._assembler.add(piece):
                self._first_ns = self._first_ns or now
                return True
        except Exception:
            complain("A piece of a stream could not be recorded")
        return self.asked_body is None or not _only_counts(piece)

    def pass_by(self) -> None:
        """Some of the answer came, now, which is read later."""
        self._last_ns = time.time_ns()
        self._first_ns = self._first_ns or self._last_ns

    def take(self, piece: Any) -> bool:
        """Take a piece of the answer; whether it holds any of the answer's words."""
        self._pieces += 1
        has_words: bool = self._assembler.add(piece)
        return has_words

    def closed(self) -> None:
        """The response was closed: by the program, unless a piece is just being read."""
        if not self.reading:
            self.ended()

    def dropped(self) -> None:
        """Nobody can read on: the answer ended with the last piece that was read."""
        self.ended(end_ns=self._last_ns)

    def ended(self, error: BaseException | None = None, end_ns: int = 0) -> None:
        """The call is over: read to its end, closed, given up, or broken."""
        try:
            if self.span.end_time_ns:
                return
            if error is not None:
                self._note_status(error)
            self._finish(error, end_ns)
        except Exception:
            self.lost()

    def _note_status(self, error: BaseException) -> None:
        self.span.set_attribute("error.type", type(error).__qualname__)
        status = getattr(error, "status_code", None)
        if isinstance(status, int):
            self.span.set_attribute("http.response.status_code", status)

    def _finish(self, error: BaseException | None, end_ns: int) -> None:
        _open.discard(self)
        if not self._pieces:
            self.span.finish(error=error, end_time_ns=end_ns or None)
            return
        answer = self._assembler.answer()
        self.span.finish(
            outputs=encoded(answer, self._call),
            attributes={**self._timing(), **self._call.answered},
            error=error,
            end_time_ns=end_ns or None,
        )

    def _timing(self) -> dict[str, Any]:
        made: dict[str, Any] = {PIECES: self._pieces}
        if self._first_ns:
            made[FIRST_MS] = round((self._first_ns - self.span.start_time_ns) / 1e6, 3)
            made[SECONDS] = (self._last_ns - self._first_ns) / 1e9
        return made


def _only_counts(piece: Any) -> bool:
    """Whether a piece has nothing but the token counts for which the program did not ask."""
    return not getattr(piece, "choices", None) and getattr(piece, "usage", None) is not None


def _end_all() -> None:
    """At the end of the program: record what has come of streams that nobody has read to their end."""
    for watch in list(_open):
        watch.dropped()


atexit.register(_end_all)
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_open.clear)
