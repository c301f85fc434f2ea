"""One traced call: its span from the request to the end of the answer, however the program reads that.

Nothing here may hurt the program's call: what goes wrong with recording is logged and the call goes on.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Mapping
from typing import Any

import msgspec

from quire.openai.autologging.assembling import assembler
from quire.openai.autologging.attributes import answer_attributes, request_attributes
from quire.openai.autologging.calls import TracedCall
from quire.tracing import Span, begin
from quire.tracing.values import to_json

log = logging.getLogger("quire")


class Watch:
    """The recording of one call."""

    __slots__ = ("_asked_for_usage", "_assembler", "_call", "_first_ns", "_pieces", "_wants_floats", "span")

    def __init__(self, call: TracedCall, client: Any, options: Any, *, asynchronous: bool) -> None:
        body = options.json_data if isinstance(options.json_data, Mapping) else {}
        self._call = call
        self._wants_floats = call.kind == "embeddings" and body.get("encoding_format") == "base64"
        url = client.base_url
        provider = "azure.ai.openai" if "azure" in type(client).__name__.lower() else "openai"
        self.span: Span = begin(
            f"Async{call.name}" if asynchronous else call.name,
            call.span_type,
            inputs=to_json(body),
            attributes=request_attributes(call, body, getattr(url, "host", None), provider),
        )
        self._assembler: Any = None
        self._first_ns = 0
        self._pieces = 0
        self._asked_for_usage = False

    # -- whole answers -----------------------------------------------------------------------------

    def answered(self, answer: Any) -> None:
        """The whole answer is here."""
        try:
            self.span.finish(outputs=_encoded(answer), attributes=answer_attributes(answer))
        except Exception:
            self.lost()

    def body(self, body: bytes) -> None:
        """The answer is here as bytes that the program reads by itself."""
        try:
            answer = msgspec.json.decode(body)
        except msgspec.DecodeError:
            answer = f"<{len(body)} bytes>"
        self.answered(answer)

    def failed(self, error: BaseException) -> None:
        """The call raised."""
        try:
            self._note_status(error)
            if self._assembler is not None:
                self._finish_stream(error)
            else:
                self.span.finish(error=error)
        except Exception:
            self.lost()

    def _note_status(self, error: BaseException) -> None:
        self.span.set_attribute("error.type", type(error).__qualname__)
        status = getattr(error, "status_code", None)
        if isinstance(status, int):
            self.span.set_attribute("http.response.status_code", status)

    def lost(self) -> None:
        """Recording itself failed: say so, and end the span."""
        log.warning("A call of the OpenAI SDK could not be recorded", exc_info=True)
        self.span.finish(attributes={"quire.incomplete": True})

    # -- streams -----------------------------------------------------------------------------------

    def ask_for_usage(self) -> None:
        """The request was made to end with a piece that counts tokens, for which the program did not ask."""
        self._asked_for_usage = True

    def piece(self, piece: Any) -> bool:
        """Take a piece of the answer; whether the program is to see it."""
        try:
            if not self._first_ns:
                self._first_ns = time.time_ns()
                self._assembler = assembler(self._call)
            self._pieces += 1
            self._assembler.add(piece)
        except Exception:
            log.debug("a piece of a stream could not be recorded", exc_info=True)
        return not (self._asked_for_usage and _only_counts(piece))

    def ended(self, error: BaseException | None = None) -> None:
        """The stream is over: read to its end, closed, given up, or broken."""
        if self.span.end_time_ns:
            return
        try:
            if error is not None:
                self._note_status(error)
            self._finish_stream(error)
        except Exception:
            self.lost()

    def _finish_stream(self, error: BaseException | None) -> None:
        answer = None if self._assembler is None else self._assembler.answer()
        attributes = self._timing()
        if answer is not None:
            attributes.update(answer_attributes(answer))
        self.span.finish(outputs=None if answer is None else _encoded(answer), attributes=attributes, error=error)

    def _timing(self) -> dict[str, Any]:
        if not self._first_ns:
            return {}
        first = (self._first_ns - self.span.start_time_ns) / 1e6
        return {"quire.stream.pieces": self._pieces, "quire.stream.first_token_ms": round(first, 3)}


def _only_counts(piece: Any) -> bool:
    """Whether a piece has nothing but the token counts for which the program did not ask."""
    return not getattr(piece, "choices", None) and getattr(piece, "usage", None) is not None


def _encoded(answer: Any) -> bytes | None:
    """An answer as JSON text: an object of the SDK, bytes of audio, text."""
    if answer is None:
        return None
    dump = getattr(answer, "model_dump_json", None)
    if callable(dump):
        try:
            text: str = dump(warnings=False)
        except TypeError:
            text = dump()
        return text.encode()
    if isinstance(answer, bytes | bytearray):
        return to_json(f"<{len(answer)} bytes>")
    content = getattr(answer, "content", None)
    if isinstance(content, bytes):
        return to_json(f"<{len(content)} bytes>")
    return to_json(answer)
