"""The input file of a batch: one request a line. Pure."""

from __future__ import annotations

import msgspec

MOST_LINES = 50_000


class BatchLine(msgspec.Struct, frozen=True):
    """One request: its name in the output, its URL and its JSON body."""

    custom_id: str
    url: str
    body: bytes


class LineError(msgspec.Struct, frozen=True):
    """Why a file is refused, with OpenAI's code and the line (from 1) where there is one."""

    code: str
    message: str
    line: int | None = None


class _Line(msgspec.Struct):
    custom_id: str
    method: str
    url: str
    body: msgspec.Raw


_DECODER = msgspec.json.Decoder(_Line)


def read_lines(content: bytes, endpoint: str) -> list[BatchLine] | LineError:
    """Every request of the file, or the first thing that is wrong with it."""
    lines: list[BatchLine] = []
    seen: set[str] = set()
    for number, text in enumerate(content.splitlines(), 1):
        if not text.strip():
            continue
        try:
            line = _DECODER.decode(text)
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            return LineError("invalid_json_line", f"This line is no valid request: {error}.", number)
        url = line.url if line.url.startswith("/v1/") else "/v1" + line.url
        if line.method != "POST" or url != endpoint:
            message = f"The request goes to {line.method} {line.url}, but the batch is for POST {endpoint}."
            return LineError("invalid_url", message, number)
        if line.custom_id in seen:
            return LineError("duplicate_custom_id", f"The custom_id '{line.custom_id}' was used before.", number)
        seen.add(line.custom_id)
        lines.append(BatchLine(line.custom_id, url, bytes(line.body)))
    if not lines:
        return LineError("empty_file", "The file holds no request.")
    if len(lines) > MOST_LINES:
        return LineError("too_many_tasks", f"The file holds {len(lines)} requests; {MOST_LINES} are allowed.")
    return lines
