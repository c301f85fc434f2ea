"""From the bytes of a request to what is asked: which model, by whom, with which variables."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec

from quire.serving.errors import Refused
from quire.serving.request import Ask, Caller, Route

Headers = Sequence[tuple[bytes, bytes]]

_decode = msgspec.json.Decoder().decode
_SHOWN = 120
_LISTED = 20
_LIKE = {
    "chat.completions": '{"model": "NAME", "messages": [{"role": "user", "content": "…"}]}',
    "responses": '{"model": "NAME", "input": "…"}',
    "completions": '{"model": "NAME", "prompt": "…"}',
    "embeddings": '{"model": "NAME", "input": "…"}',
}
_MUST_BE: dict[str, tuple[type | tuple[type, ...], str]] = {
    "model": (str, "the name of a model"),
    "stream": (bool, "true or false"),
    "stream_options": (dict, "an object"),
    "metadata": (dict, "an object of texts"),
    "user": (str, "text"),
    "safety_identifier": (str, "text"),
    "variables": (dict, "an object of texts, one for each variable of the template"),
    "messages": (list, "a list of messages"),
    "instructions": (str, "text"),
}
"""What is read here, with its type and how to say it; null counts as absent. All else is for the upstream to judge."""


def read_ask(route: Route, headers: Headers, raw: bytes, caller: Caller) -> Ask:
    """What is asked. Refused (400) for a body that is no JSON object, or a field of the wrong type."""
    body = _object(route, headers, raw)
    for name, (kind, said) in _MUST_BE.items():
        value = body.get(name)
        if value is not None and not isinstance(value, kind):
            raise _wrong_type(name, value, said)
    stored = _stored_prompt(route, body)
    ask = Ask(
        route=route,
        endpoint=_endpoint(route, body, stored),
        body=body,
        stream=body.get("stream") is True,
        caller=caller,
        version=_version(stored),
        raw=raw,
    )
    ask.variables = _variables(body, stored)
    _read_headers(ask, headers)
    if not ask.key:
        ask.key = body.get("safety_identifier") or body.get("user") or ""
    return ask


def _object(route: Route, headers: Headers, raw: bytes) -> dict[str, Any]:
    try:
        body = _decode(raw)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise _not_json(route, headers, raw, error) from None
    if not isinstance(body, dict):
        raise Refused(f"The body is {_kind(body)}; expected a JSON object such as {_LIKE[route]}.", code="invalid_json")
    return body


def _not_json(route: Route, headers: Headers, raw: bytes, error: Exception) -> Refused:
    encoding = _header(headers, b"content-encoding")
    if encoding and encoding.lower() != "identity":
        return Refused(
            f"The body is encoded as {encoding[:40]!r}; expected plain JSON. Send it without content-encoding.",
            status=415,
            code="unsupported_encoding",
        )
    if not raw:
        return Refused(f"The body is empty; expected a JSON object such as {_LIKE[route]}.", code="invalid_json")
    try:
        raw.decode()
    except UnicodeDecodeError as wrong:
        return Refused(
            f"The body is not UTF-8: byte {raw[wrong.start]:#04x} at position {wrong.start} belongs to no character. "
            "Encode the JSON as UTF-8.",
            code="invalid_utf8",
        )
    if isinstance(error, RecursionError):
        return Refused("The body is nested too deeply to be read. Send a flatter object.", code="invalid_json")
    return Refused(f"The body is not JSON: {error}. Expected an object such as {_LIKE[route]}.", code="invalid_json")


def _stored_prompt(route: Route, body: dict[str, Any]) -> dict[str, Any] | None:
    """The stored prompt that is referred to: ``prompt={"id", "version", "variables"}``."""
    prompt = body.get("prompt")
    if isinstance(prompt, dict):
        return prompt
    if prompt is not None and route in ("responses", "chat.completions"):
        raise _wrong_type("prompt", prompt, 'an object such as {"id": "NAME", "version": "3", "variables": {…}}')
    return None


def _endpoint(route: Route, body: dict[str, Any], stored: dict[str, Any] | None) -> str:
    model = body.get("model")
    name = stored.get("id") if stored is not None else None
    if stored is not None and (not isinstance(name, str) or not name):
        raise _wrong_type("prompt.id", name, "the name of a served model")
    chosen = name or model
    if not chosen:
        raise Refused(
            f"Missing required parameter: 'model'. Name a served model, as in {_LIKE[route]}; GET /v1/models lists "
            "them.",
            param="model",
            code="missing_required_parameter",
        )
    return str(chosen)


def _version(stored: dict[str, Any] | None) -> str:
    version = stored.get("version") if stored is not None else None
    if version is None:
        return ""
    if isinstance(version, int) and not isinstance(version, bool):
        return str(version)
    if not isinstance(version, str):
        raise _wrong_type("prompt.version", version, "a version such as '3', or an alias")
    return version.removeprefix("@")


def _variables(body: dict[str, Any], stored: dict[str, Any] | None) -> dict[str, str]:
    found: dict[str, str] = {}
    if body.get("variables"):
        found.update(_texts("variables", body["variables"]))
    given = stored.get("variables") if stored is not None else None
    if given is not None:
        if not isinstance(given, dict):
            raise _wrong_type("prompt.variables", given, "an object of texts, one for each variable of the template")
        found.update(_texts("prompt.variables", given))
    return found


def _texts(where: str, given: dict[str, Any]) -> dict[str, str]:
    return {name: value if isinstance(value, str) else _text(where, name, value) for name, value in given.items()}


def _text(where: str, name: str, value: Any) -> str:
    """A variable's text, also from OpenAI's longer form for it."""
    if isinstance(value, dict) and value.get("type") == "input_text" and isinstance(value.get("text"), str):
        text: str = value["text"]
        return text
    raise _wrong_type(
        f"{where}.{name}",
        value,
        "text: a variable stands inside of a template's text, so send numbers as text, and "
        "images and files as messages",
    )


def _read_headers(ask: Ask, headers: Headers) -> None:
    for name, value in headers:
        if name == b"x-quire-key":
            ask.key = _text_of(value)
        elif name == b"x-quire-namespace":
            ask.namespace = _text_of(value)
        elif name == b"traceparent":
            ask.traceparent = value.decode("latin-1")


def _text_of(value: bytes) -> str:
    """A header's text: a key is the same one whether a header or the body holds it."""
    try:
        return value.decode()
    except UnicodeDecodeError:
        return value.decode("latin-1")


def _header(headers: Headers, wanted: bytes) -> str:
    return next((value.decode("latin-1") for name, value in headers if name == wanted), "")


def _wrong_type(name: str, value: Any, expected: str) -> Refused:
    return Refused(
        f"Invalid type for '{name}': expected {expected}, but got {_kind(value)} instead.",
        param=name,
        code="invalid_type",
    )


def _kind(value: Any) -> str:
    """A value as a person would name it, with its beginning."""
    if value is None:
        return "null"
    words = {bool: "a boolean", int: "a number", float: "a number", str: "text", list: "a list", dict: "an object"}
    shown = msgspec.json.encode(value).decode(errors="replace")
    return f"{words.get(type(value), type(value).__name__)} ({shown[:_SHOWN]}{'…' if len(shown) > _SHOWN else ''})"


def unknown_endpoint(name: str, known: Sequence[str], param: str = "model") -> Refused:
    """404: no such model is served, with those that are."""
    listed = ", ".join(repr(each) for each in sorted(known)[:_LISTED]) or "none yet"
    more = f" and {len(known) - _LISTED} more" if len(known) > _LISTED else ""
    return Refused(
        f"The model {name[:_SHOWN]!r} does not exist here. Served are: {listed}{more}.",
        status=404,
        param=param,
        code="model_not_found",
    )
