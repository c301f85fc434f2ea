"""Records calls of every kind under some version of the OpenAI SDK, and replays them: ``python … BASE FILE``.

Prints the version, and how many answers were recorded and replayed, as JSON.
"""

from __future__ import annotations

import asyncio
import json
import sys
from typing import Any

import openai

from quire.openai import RecordingMiss, record, replay

BASE, FILE = sys.argv[1:]
CHAT: Any = {"model": "gpt-4o-mini", "messages": [{"role": "user", "content": "Say hello."}]}


def calls(client: openai.OpenAI) -> list[Any]:
    raw: Any = client.chat.completions.with_raw_response.create(**CHAT)
    with client.chat.completions.with_streaming_response.create(**CHAT) as response:
        read = response.read()
    refused: Any = None
    try:
        client.chat.completions.create(**CHAT, temperature=7)
    except openai.BadRequestError as error:
        refused = error.message
    return [
        client.chat.completions.create(**CHAT).model_dump(),
        [piece.model_dump() for piece in client.chat.completions.create(**CHAT, stream=True)],
        client.embeddings.create(model="text-embedding-3-small", input="a").model_dump(),
        raw.parse().model_dump(),
        json.loads(read),
        refused,
    ]


async def asynchronous(**options: Any) -> list[Any]:
    async with openai.AsyncOpenAI(**options) as client:  # one that is left open complains when it is collected
        whole = await client.chat.completions.create(**CHAT)
        stream = await client.chat.completions.create(**CHAT, stream=True)
        return [whole.model_dump(), [piece.model_dump() async for piece in stream]]


def everything(**options: Any) -> list[Any]:
    return [*calls(openai.OpenAI(**options)), *asyncio.run(asynchronous(**options))]


with record(FILE) as recorder:
    recorded = everything(base_url=BASE, api_key="sk-abcdefghijklmnopqrstuvwxyz")
with replay(FILE) as replayer:
    assert everything() == recorded
    try:
        openai.OpenAI().chat.completions.create(**CHAT, seed=1)
    except RecordingMiss:
        print(json.dumps([openai.__version__, recorder.count, replayer.count]))
