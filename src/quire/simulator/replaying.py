"""Answers that were recorded as they came: a request that equals a recorded one gets its answer, byte for byte."""

from __future__ import annotations

from typing import Any

import msgspec

from quire.domain.recordings import Answer, AskedFor, asked_for
from quire.simulator.errors import ApiError
from quire.simulator.http import Reply, Stream
from quire.simulator.recording import RecordingIndex

_PREFIXES = ("/openai/v1/", "/openai/", "/v1/")
_OWN = frozenset({"content-type", "x-request-id"})
"""Headers that the server writes itself."""


def replayed(recording: RecordingIndex | None, scope: Any, body: bytes, *, strict: bool) -> Reply | Stream | None:
    """The recorded answer to a request; None if there is none. Raises ApiError (404) for that if ``strict``."""
    if recording is None or not recording.exchanges:
        return None
    asked = _asked(scope, body)
    answer = recording.exchanges.find(asked)
    if answer is not None:
        return _reply(answer)
    if strict and not recording.has_questions:
        raise ApiError(404, recording.exchanges.miss(asked).message, code="recording_missing", param="messages")
    return None


def _asked(scope: Any, body: bytes) -> AskedFor:
    path: str = scope["path"]
    below = next((path.removeprefix(prefix) for prefix in _PREFIXES if path.startswith(prefix)), path)
    try:
        said = msgspec.json.decode(body) if body else None
    except msgspec.DecodeError:
        said = None
    return asked_for(scope["method"], below, scope["query_string"].decode("latin-1"), said)


def _reply(answer: Answer) -> Reply | Stream:
    headers = tuple((name, value) for name, value in answer.headers.items() if name not in _OWN)
    if answer.pieces is not None and answer.status == 200:
        return Stream(answer.parts, headers)
    return Reply(b"".join(answer.parts), answer.status, answer.content_type, headers)
