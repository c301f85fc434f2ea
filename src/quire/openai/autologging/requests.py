"""What a program asked for, as a request of the SDK tells of it."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from typing import Any

from quire.openai.autologging.calls import TracedCall


def asked_body(call: TracedCall, options: Any) -> Mapping[str, Any]:
    """The body of a request as the program gave it, ``extra_body`` included. It is not to be changed."""
    given = options.json_data
    body: Mapping[str, Any] = given if isinstance(given, Mapping) else {} if given is None else {"body": given}
    extra = getattr(options, "extra_json", None)
    if isinstance(extra, Mapping) and extra:
        body = {**body, **extra}
    if call.kind == "embeddings" and body.get("encoding_format") == "base64" and not _chose_format(options):
        return {key: value for key, value in body.items() if key != "encoding_format"}
    files = getattr(options, "files", None)
    if files:
        return {**body, **_named(files)}
    return body


def _chose_format(options: Any) -> bool:
    """Whether the program itself asked for embeddings in base64; the SDK does so of its own accord to save time.

    What the program gave is held by the function that turns the answer back into numbers.
    """
    parser = getattr(options, "post_parser", None)
    if isinstance(parser, functools.partial):
        given = parser.keywords.get("encoding_format")
    else:
        names = getattr(getattr(parser, "__code__", None), "co_freevars", ())
        cells = dict(zip(names, getattr(parser, "__closure__", None) or (), strict=True))
        if "encoding_format" not in cells:
            return True
        given = cells["encoding_format"].cell_contents
    return isinstance(given, str)


def _named(files: Any) -> dict[str, str]:
    """The files of a request: their names and sizes, not their bytes."""
    pairs = files.items() if isinstance(files, Mapping) else files
    return {str(field): _described(file) for field, file in pairs}


def _described(file: Any) -> str:
    name, content = (file[0], file[1]) if isinstance(file, tuple) and len(file) > 1 else (None, file)
    name = name or getattr(content, "name", None) or "file"
    size = f", {len(content)} bytes" if isinstance(content, bytes | bytearray) else ""
    return f"<{name}{size}>"
