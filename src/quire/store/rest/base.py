"""What the parts of the REST store share: the client, and how fields become calls."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, TypeVar
from urllib.parse import quote

import msgspec

from quire.domain.entities import Metric, Param, Tag
from quire.domain.errors import InvalidInput
from quire.domain.redaction import redact
from quire.store.rest.client import Call, RestClient

T = TypeVar("T")
API = "/api/2.0/mlflow"
LOOK = "Look whether it is there before you repeat the call."


class Nothing(msgspec.Struct):
    """An answer of which nothing is read."""


class RestPart:
    """Base of each part of the store."""

    def __init__(self, client: RestClient) -> None:
        self._client = client

    def _get(self, path: str, kind: type[T], fields: dict[str, Any]) -> T:
        """Read: fields travel in the query, lists as the same name repeated."""
        query = [
            (name, str(item))
            for name, value in fields.items()
            if value is not None
            for item in (value if isinstance(value, list) else [value])
        ]
        return self._client.decode(Call(method="GET", path=API + path, query=query), kind)

    def _post(self, path: str, kind: type[T], fields: dict[str, Any], **how: Any) -> T:
        return self._send("POST", path, kind, fields, **how)

    def _send(self, method: str, path: str, kind: type[T], fields: dict[str, Any], **how: Any) -> T:
        """Change: fields travel as JSON; those that are None are left out. ``how`` goes to :class:`Call`."""
        return self._client.decode(Call(method=method, path=API + path, body=encode(fields), **how), kind)


def encode(fields: dict[str, Any]) -> bytes:
    """Fields as JSON, without those that are None. Raises InvalidInput for text that UTF-8 cannot write."""
    try:
        return msgspec.json.encode({name: value for name, value in fields.items() if value is not None})
    except UnicodeEncodeError as error:
        raise InvalidInput(
            f"A text holds half of a surrogate pair, which no file or database can hold: {error}."
        ) from None


def wire_metrics(metrics: Sequence[Metric]) -> list[Any]:
    """Metrics as they travel: NaN and infinities are words, as in protobuf's JSON."""
    return [metric if math.isfinite(metric.value) else _with_word(metric) for metric in metrics]


def _with_word(metric: Metric) -> dict[str, Any]:
    value = metric.value
    word = "NaN" if value != value else "Infinity" if value > 0 else "-Infinity"
    return {**msgspec.to_builtins(metric), "value": word}


def clean_tags(tags: Sequence[Tag]) -> list[Tag] | None:
    """Tags with credentials removed; of a key given twice the last counts. None if there are none."""
    values = {tag.key: redact(tag.value) for tag in tags}
    return [Tag(key, value) for key, value in values.items()] or None


def clean_params(params: Sequence[Param]) -> list[Param] | None:
    """Params with credentials removed; None if there are none."""
    return [Param(param.key, redact(param.value)) for param in params] or None


def segment(text: str) -> str:
    """A value as one segment of a path."""
    return quote(text, safe="")
