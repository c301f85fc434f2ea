"""``python -m bench.instant PORT``: an OpenAI service that answers at once, always the same.

It reads a request as far as its length and writes bytes that were made beforehand, so that a call costs what its
client costs. A request with ``"stream": true`` is answered with ``CHUNKS`` events.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

from bench.ports import free_port, wait_for_port
from bench.worker import clean_environment

CHUNKS = 200
_USAGE = {"prompt_tokens": 12, "completion_tokens": CHUNKS, "total_tokens": 12 + CHUNKS}
_COMMON = {"id": "chatcmpl-1", "created": 1_700_000_000, "model": "gpt-4o-mini"}
_CUT = b"\r\n\r\n"


def whole_answer() -> bytes:
    """The answer to a request that is not streamed."""
    message = {"role": "assistant", "content": "word " * 40, "refusal": None}
    choice = {"index": 0, "message": message, "finish_reason": "stop", "logprobs": None}
    return json.dumps({**_COMMON, "object": "chat.completion", "choices": [choice], "usage": _USAGE}).encode()


def _events() -> bytes:
    made = [_event([{"index": 0, "delta": {"content": f"word{n} "}, "finish_reason": None}]) for n in range(CHUNKS)]
    made += [_event([{"index": 0, "delta": {}, "finish_reason": "stop"}]), _event([], usage=_USAGE)]
    return b"".join(made) + b"data: [DONE]\n\n"


def _event(choices: list[dict[str, Any]], **more: Any) -> bytes:
    data = {**_COMMON, "object": "chat.completion.chunk", "choices": choices, **more}
    return b"data: " + json.dumps(data).encode() + b"\n\n"


def _answer(kind: str, body: bytes) -> bytes:
    return f"HTTP/1.1 200 OK\r\nContent-Type: {kind}\r\nContent-Length: {len(body)}\r\n\r\n".encode() + body


class _Service(asyncio.Protocol):
    whole = _answer("application/json", whole_answer())
    streamed = _answer("text/event-stream", _events())

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport: Any = transport
        self._buffer = b""

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        while True:
            head, cut, rest = self._buffer.partition(_CUT)
            if not cut:
                return
            length = int(head.lower().partition(b"content-length:")[2].split(b"\r\n", 1)[0] or 0)
            if len(rest) < length:
                return
            body, self._buffer = rest[:length], rest[length:]
            streamed = b'"stream":true' in body or b'"stream": true' in body
            self._transport.write(self.streamed if streamed else self.whole)


async def _serve(port: int) -> None:
    server = await asyncio.get_running_loop().create_server(_Service, "127.0.0.1", port)
    await server.serve_forever()


@contextlib.contextmanager
def instant_upstream() -> Iterator[dict[str, str]]:
    """Start the service; gives the environment variables that point an OpenAI client at it."""
    port = free_port()
    process = subprocess.Popen([sys.executable, "-m", "bench.instant", str(port)], env=clean_environment())
    try:
        wait_for_port(port, "The upstream")
        yield {"OPENAI_BASE_URL": f"http://127.0.0.1:{port}/v1", "OPENAI_API_KEY": "none"}
    finally:
        process.kill()
        process.wait()


if __name__ == "__main__":
    asyncio.run(_serve(int(sys.argv[1])))
