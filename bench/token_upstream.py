"""``python -m bench.token_upstream PORT``: an OpenAI service that answers chats at once, token by token when streamed.

Raw asyncio and bytes made beforehand, so that it stays far faster than what is measured in front of it. A request is
read as far as its length; ``"stream": true`` is answered with an event for each token, ``gap_ms`` apart, the first at
once. Each token holds :data:`MARK`, by which a client counts them, whatever a proxy makes of the events.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

from bench.ports import free_port, wait_for_port
from bench.worker import clean_environment

MARK = b"leaf"
TOKENS = 16
_CUT = b"\r\n\r\n"
_COMMON = {"id": "chatcmpl-bench", "created": 1_700_000_000, "model": "gpt-4o-mini"}
_JSON = "application/json"


class Answers:
    """What is sent, made once: a whole answer, and a stream's pieces with and without its usage."""

    def __init__(self, tokens: int) -> None:
        self.usage = {"prompt_tokens": 24, "completion_tokens": tokens, "total_tokens": 24 + tokens}
        message: dict[str, Any] = {"role": "assistant", "content": "leaf " * tokens, "refusal": None, "annotations": []}
        choice = {"index": 0, "message": message, "logprobs": None, "finish_reason": "stop"}
        body = {**_COMMON, "object": "chat.completion", "choices": [choice], "usage": self.usage}
        self.whole = _whole(body)
        self.models = _whole({"object": "list", "data": []})
        self.pieces = self._pieces(tokens, with_usage=False)
        self.pieces_with_usage = self._pieces(tokens, with_usage=True)

    def _pieces(self, tokens: int, *, with_usage: bool) -> list[bytes]:
        more = {"usage": None} if with_usage else {}
        begin = _event([_delta({"role": "assistant", "content": "", "refusal": None})], more)
        events = [_event([_delta({"content": "leaf "})], more) for _ in range(tokens)]
        end = [_event([_delta({}, "stop")], more)]
        if with_usage:
            end.append(_event([], {"usage": self.usage}))
        events[0] = begin + events[0]
        events[-1] += b"".join(end) + b"data: [DONE]\n\n"
        pieces = [_chunk(event) for event in events]
        pieces[0] = _STREAM_HEAD + pieces[0]
        pieces[-1] += b"0\r\n\r\n"
        return pieces


_STREAM_HEAD = (
    b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream; charset=utf-8\r\n"
    b"x-request-id: req_bench\r\ntransfer-encoding: chunked\r\n\r\n"
)


def _whole(body: dict[str, Any]) -> bytes:
    data = json.dumps(body).encode()
    head = f"HTTP/1.1 200 OK\r\ncontent-type: {_JSON}\r\nx-request-id: req_bench\r\ncontent-length: {len(data)}\r\n\r\n"
    return head.encode() + data


def _delta(delta: dict[str, Any], finish_reason: str | None = None) -> dict[str, Any]:
    return {"index": 0, "delta": delta, "logprobs": None, "finish_reason": finish_reason}


def _event(choices: list[dict[str, Any]], more: dict[str, Any]) -> bytes:
    data = {**_COMMON, "object": "chat.completion.chunk", "choices": choices, **more}
    return b"data: " + json.dumps(data).encode() + b"\n\n"


def _chunk(data: bytes) -> bytes:
    return f"{len(data):x}\r\n".encode() + data + b"\r\n"


class _Service(asyncio.Protocol):
    def __init__(self, answers: Answers, gap_s: float) -> None:
        self._answers, self._gap = answers, gap_s
        self._loop = asyncio.get_running_loop()
        self._buffer = b""
        self._pieces: list[bytes] = []
        self._sent = 0
        self._began = 0.0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport: Any = transport

    def data_received(self, data: bytes) -> None:
        self._buffer = self._buffer + data if self._buffer else data
        head, cut, rest = self._buffer.partition(_CUT)
        if not cut:
            return
        length = int(head.lower().partition(b"content-length:")[2].split(b"\r\n", 1)[0] or 0)
        if len(rest) < length:
            return
        self._buffer = rest[length:]
        self._answer(head, rest[:length])

    def _answer(self, head: bytes, body: bytes) -> None:
        if head.startswith(b"GET"):
            self._transport.write(self._answers.models)
        elif b'"stream":true' not in body and b'"stream": true' not in body:
            self._transport.write(self._answers.whole)
        else:
            asks = b'"include_usage":true' in body or b'"include_usage": true' in body
            self._pieces = self._answers.pieces_with_usage if asks else self._answers.pieces
            self._sent, self._began = 0, self._loop.time()
            self._next()

    def _next(self) -> None:
        if self._transport.is_closing():
            return
        self._transport.write(self._pieces[self._sent])
        self._sent += 1
        if self._sent == len(self._pieces):
            return
        if self._gap:
            self._loop.call_at(self._began + self._sent * self._gap, self._next)
        else:
            self._loop.call_soon(self._next)


async def _serve(port: int, tokens: int, gap_s: float) -> None:
    answers = Answers(tokens)
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: _Service(answers, gap_s), "127.0.0.1", port, backlog=4096)
    await server.serve_forever()


@contextlib.contextmanager
def token_upstream(*, tokens: int = TOKENS, gap_ms: float = 0, core: int | None = None) -> Iterator[int]:
    """Start the service, on a processor's core of its own if one is named; gives its port."""
    port = free_port()
    command = [
        sys.executable,
        "-m",
        "bench.token_upstream",
        str(port),
        "--tokens",
        str(tokens),
        "--gap-ms",
        str(gap_ms),
    ]
    if core is not None:
        command += ["--core", str(core)]
    process = subprocess.Popen(command, env=clean_environment())
    try:
        wait_for_port(port, "The upstream")
        yield port
    finally:
        process.kill()
        process.wait()


def main() -> None:
    """Serve until killed."""
    import uvloop

    parser = argparse.ArgumentParser(prog="python -m bench.token_upstream", description=__doc__)
    parser.add_argument("port", type=int)
    parser.add_argument("--tokens", type=int, default=TOKENS)
    parser.add_argument("--gap-ms", type=float, default=0)
    parser.add_argument("--core", type=int)
    options = parser.parse_args()
    if options.core is not None:
        os.sched_setaffinity(0, {options.core})
    uvloop.run(_serve(options.port, options.tokens, options.gap_ms / 1000))


if __name__ == "__main__":
    main()
