"""What the parts of the REST store share: the client, and how messages become calls."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, TypeVar
from urllib.parse import quote

from quire.domain import protojson
from quire.domain.entities import Param, Tag
from quire.domain.errors import InvalidInput
from quire.domain.protojson import Message
from quire.domain.redaction import redact
from quire.store.rest.client import Call, RestClient
from quire.store.rest.wire.common import Empty

T = TypeVar("T", bound=Message)
API = "/api/2.0/mlflow"


class RestPart:
    """Base of each part of the store."""

    def __init__(self, client: RestClient) -> None:
        self._client = client

    def _get(self, path: str, message: Message, kind: type[T]) -> T:
        """Read: the fields of the message travel in the query."""
        return self._client.decode(Call(method="GET", path=API + path, query=protojson.encode_query(message)), kind)

    def _ask(self, method: str, path: str, message: Message, kind: type[T], **how: Any) -> T:
        """Make a call whose message travels as JSON and which has an answer. ``how`` goes to :class:`Call`."""
        return self._client.decode(Call(method=method, path=API + path, body=encode(message), **how), kind)

    def _tell(self, method: str, path: str, message: Message, **how: Any) -> None:
        """Make a call whose answer says nothing."""
        self._ask(method, path, message, Empty, **how)


def encode(message: Message) -> bytes:
    """A message as JSON. Raises InvalidInput for text that UTF-8 cannot write."""
    try:
        return protojson.encode(message)
    except UnicodeEncodeError as error:
        raise InvalidInput(f"A text holds half of a surrogate pair, which nothing can store: {error}.") from None


def clean_tags(tags: Sequence[Tag]) -> list[Tag]:
    """Tags with credentials removed; of a key given twice the last counts."""
    values = {tag.key: redact(tag.value) for tag in tags}
    return [Tag(key, value) for key, value in values.items()]


def clean_params(params: Sequence[Param]) -> list[Param]:
    """Params with credentials removed. InvalidInput if one is given twice with different values."""
    values: dict[str, str] = {}
    for param in params:
        value = redact(param.value)
        if values.setdefault(param.key, value) != value:
            raise InvalidInput(
                f"The param {param.key!r} is given twice with different values, {_shown(values[param.key])} and "
                f"{_shown(value)}. Give each param once."
            )
    return [Param(key, value) for key, value in values.items()]


def segment(text: str) -> str:
    """A value as one segment of a path."""
    return quote(text, safe="")


def _shown(value: str) -> str:
    return repr(value) if len(value) <= 100 else f"{value[:100]!r}…"
