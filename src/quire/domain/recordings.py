"""Recorded requests to an OpenAI API and their answers: the file's format, and which answer a request gets.

A recording is a JSONL file. Each line holds a request (``method``, ``path`` below the API's base, ``body``) and its
answer: ``status``, ``headers``, and either ``text`` or, for a stream, ``pieces`` as they came. Answers that are no text
stand in base64 under ``bytes``. Lines written by hand may give an object under ``json`` instead of ``text``.
"""

from __future__ import annotations

import base64
import codecs
import difflib
import re
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlencode

import msgspec

from quire.domain.errors import InvalidInput, NotFound
from quire.domain.redaction import redact, redact_value

KEPT_HEADERS = frozenset(
    {"content-type", "content-encoding", "x-request-id", "retry-after", "retry-after-ms", "x-should-retry"}
)
"""Headers of an answer that mean something to a client; the others say who asked, and when."""
_DEPLOYMENT = re.compile(r"^/deployments/[^/]+(?=/)")
_SHOWN = 160
_LOOKED_AT, _COMPARED = 2000, 200


class RecordingMiss(NotFound):
    """A request was replayed that the recording lacks."""


class AskedFor(msgspec.Struct, frozen=True, omit_defaults=True):
    """A request: ``path`` is below the API's base, ``body`` is what its JSON holds, or a digest of another body."""

    method: str
    path: str
    body: Any = None


class Answer(msgspec.Struct, frozen=True, omit_defaults=True, rename={"data": "bytes"}):
    """An answer: ``text``, ``json`` or ``data`` (base64) as a whole, or ``pieces`` of a stream.

    ``complete`` is False for a stream that the program gave up.
    """

    status: int
    headers: dict[str, str] = {}
    text: str | None = None
    json: Any = None
    data: str | None = None
    pieces: list[str] | None = None
    complete: bool = True

    @property
    def parts(self) -> list[bytes]:
        """The body in the pieces in which it came."""
        if self.pieces is not None:
            return [piece.encode() for piece in self.pieces]
        if self.data is not None:
            return [base64.b64decode(self.data)]
        return [self.text.encode() if self.text is not None else msgspec.json.encode(self.json)]

    @property
    def content_type(self) -> str:
        """What the body is."""
        return self.headers.get("content-type", "text/event-stream" if self.pieces is not None else "application/json")


class Exchange(msgspec.Struct, frozen=True):
    """A request and its answer: one line of a recording."""

    request: AskedFor
    response: Answer


def answer_of(status: int, headers: Mapping[str, str], pieces: list[bytes], *, complete: bool = True) -> Answer:
    """An answer as it is recorded, its credentials replaced."""
    kept = {name.lower(): redact(value) for name, value in headers.items() if name.lower() in KEPT_HEADERS}
    streamed = kept.get("content-type", "").startswith("text/event-stream")
    decoder = codecs.getincrementaldecoder("utf-8")()  # a piece may end in the middle of a character
    try:
        texts = [redact(text) for text in (decoder.decode(piece) for piece in pieces) if text]
        decoder.decode(b"", final=complete)
    except UnicodeDecodeError:
        data = base64.b64encode(b"".join(pieces)).decode()
        return Answer(status, kept, data=data, complete=complete)
    if streamed:
        return Answer(status, kept, pieces=texts, complete=complete)
    return Answer(status, kept, text=redact("".join(texts)), complete=complete)


def asked_for(method: str, path: str, query: str, body: Any) -> AskedFor:
    """A request as it is recorded and looked for: without credentials, Azure's deployment and API version."""
    kept = sorted((name, value) for name, value in parse_qsl(query) if name != "api-version")
    path = _DEPLOYMENT.sub("", "/" + path.strip("/"))
    whole = f"{path}?{urlencode(kept)}" if kept else path
    return AskedFor(method.upper(), redact(whole), redact_value(body))


class Exchanges:
    """Finds the answers to requests. Like requests get their answers in recorded order, and the last one after that."""

    def __init__(self, exchanges: Iterable[Exchange] = ()) -> None:
        self._answers: dict[bytes, list[Exchange]] = {}
        self._given: dict[bytes, int] = {}
        for exchange in exchanges:
            self._answers.setdefault(_key(exchange.request), []).append(exchange)

    def __len__(self) -> int:
        return sum(len(found) for found in self._answers.values())

    def find(self, asked: AskedFor) -> Answer | None:
        """The next answer to a request; None if it was never recorded."""
        key = _key(asked)
        found = self._answers.get(key)
        if found is None:
            return None
        place = self._given.get(key, 0)
        self._given[key] = place + 1
        exchange = found[min(place, len(found) - 1)]
        if wants_usage(exchange.request.body) and not wants_usage(asked.body):
            return _without_usage(exchange.response)
        return exchange.response

    def miss(self, asked: AskedFor) -> RecordingMiss:
        """The error for a request that was never recorded: what was asked, and what comes nearest to it."""
        same = [found[0].request for found in self._answers.values() if found[0].request.path == asked.path]
        return RecordingMiss(
            f"The recording holds no answer to {asked.method} {asked.path} with {_shown(asked.body)}. "
            f"{_nearest(asked, same)} Record again with quire.openai.record(), or make the request as it was recorded."
        )


def _key(asked: AskedFor) -> bytes:
    body = asked.body
    if isinstance(body, Mapping):  # what is only asked for besides changes no answer: see wants_usage
        body = {name: value for name, value in body.items() if name != "stream_options"}
    return msgspec.json.encode((asked.method.upper(), asked.path, _without_nulls(body)), order="deterministic")


def _without_nulls(value: Any) -> Any:
    """A body without the fields that are null, which say no more to the API than if they were left out.

    Programs send back what they were answered, and a trace does not tell a null that came from a field that did not.
    """
    if isinstance(value, Mapping):
        return {name: _without_nulls(item) for name, item in value.items() if item is not None}
    return [_without_nulls(item) for item in value] if isinstance(value, list) else value


def wants_usage(body: Any) -> bool:
    """Whether a request asks for a last piece that counts tokens, as tracing may do where a program does not."""
    options = body.get("stream_options") if isinstance(body, Mapping) else None
    return isinstance(options, Mapping) and bool(options.get("include_usage"))


def _without_usage(answer: Answer) -> Answer:
    """A stream without the piece that counts tokens."""
    if answer.pieces is None:
        return answer
    events = [event + "\n\n" for event in "".join(answer.pieces).split("\n\n") if event.strip()]
    return msgspec.structs.replace(answer, pieces=[event for event in events if not _only_counts(event)])


def _only_counts(event: str) -> bool:
    try:
        held = msgspec.json.decode(event.strip().removeprefix("data:"))
    except msgspec.DecodeError:
        return False
    return isinstance(held, Mapping) and held.get("usage") is not None and held.get("choices") == []


def _nearest(asked: AskedFor, recorded: list[AskedFor]) -> str:
    if not recorded:
        return f"Nothing was recorded for {asked.path}."
    wanted = _text(asked.body)
    nearest = max(recorded[:_COMPARED], key=lambda one: _likeness(_text(one.body), wanted))
    return f"The nearest that was recorded differs in {_difference(nearest.body, asked.body)}."


def _likeness(one: str, other: str) -> float:
    return difflib.SequenceMatcher(None, one[:_LOOKED_AT], other[:_LOOKED_AT]).ratio()


def _difference(recorded: Any, asked: Any) -> str:
    if not isinstance(recorded, Mapping) or not isinstance(asked, Mapping):
        return f"its body: {_shown(recorded)}"
    names = [name for name in {**recorded, **asked} if recorded.get(name) != asked.get(name)]
    said = [f"{name!r}: {_shown(recorded.get(name))} was recorded, {_shown(asked.get(name))} asked" for name in names]
    return "; ".join(said[:3])


def _text(value: Any) -> str:
    return msgspec.json.encode(value, order="deterministic").decode()


def _shown(value: Any) -> str:
    text = _text(value)
    return text if len(text) <= _SHOWN else f"{text[: _SHOWN // 2]}...{text[-_SHOWN // 2 :]}"


def parse_lines(text: bytes, name: str) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """The objects in the lines of a recording, each with where it stands. Raises InvalidInput, which says where."""
    for number, line in enumerate(text.splitlines(), 1):
        if not line.strip():
            continue
        where = f"Line {number} of the recording {name}"
        try:
            record = msgspec.json.decode(line)
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            raise InvalidInput(f"{where} is not JSON: {error}.") from error
        yield where, require_record(record, where)


def require_record(record: object, where: str) -> Mapping[str, Any]:
    """A line's object. Raises InvalidInput for another value."""
    if not isinstance(record, Mapping):
        raise InvalidInput(f"{where} is {type(record).__name__}. Give an object with 'question' and answers.")
    return record


def read_file(path: Path) -> bytes:
    """What a recording holds. Raises NotFound, or InvalidInput for what cannot be read."""
    try:
        return path.read_bytes()
    except FileNotFoundError:
        raise NotFound(f"The recording {str(path)!r} does not exist (looked in {str(Path.cwd())!r}).") from None
    except OSError as error:
        raise InvalidInput(f"The recording {path} cannot be read: {error.strerror}. Give a JSONL file.") from error


def read_exchange(record: Mapping[str, Any], where: str) -> Exchange:
    """One line of a recording. Raises InvalidInput, which says where."""
    try:
        return msgspec.convert(record, Exchange)
    except msgspec.ValidationError as error:
        raise InvalidInput(f"{where} is no recorded request: {error}. It has 'request' and 'response'.") from None
