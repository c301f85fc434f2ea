"""Reading a ``multipart/form-data`` body (RFC 7578). Pure."""

from __future__ import annotations

from email.message import Message

import msgspec

from quire.simulator.errors import ApiError


class Field(msgspec.Struct, frozen=True):
    """One field of a form; ``filename`` is None for a plain value."""

    content: bytes
    filename: str | None = None


def parse_form(content_type: str, body: bytes) -> dict[str, Field]:
    """The fields by name, the last of each name. Raises ApiError (400) for a body that is no form."""
    boundary = _parameter(content_type, "boundary")
    if not content_type.lower().startswith("multipart/form-data") or not boundary:
        raise ApiError(400, f"Expected a body of type multipart/form-data with a boundary, got '{content_type}'.")
    fields: dict[str, Field] = {}
    for part in (b"\r\n" + body).split(b"\r\n--" + boundary.encode())[1:]:
        head, found, content = part.removeprefix(b"\r\n").partition(b"\r\n\r\n")
        if found:
            disposition = _header(head, "content-disposition")
            fields[_parameter(disposition, "name") or ""] = Field(content, _parameter(disposition, "filename"))
    return fields


def _header(head: bytes, wanted: str) -> str:
    for line in head.decode("utf-8", "replace").split("\r\n"):
        name, _, value = line.partition(":")
        if name.strip().lower() == wanted:
            return value.strip()
    return ""


def _parameter(header: str, name: str) -> str | None:
    message = Message()
    message["content-type"] = header
    value = message.get_param(name)
    return str(value) if value is not None and not isinstance(value, tuple) else None
