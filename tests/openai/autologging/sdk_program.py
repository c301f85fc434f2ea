"""Calls of every kind under some version of the OpenAI SDK: ``python sdk_program.py STORE EXPERIMENT BASE AZURE``.

Prints the version, and what the program itself saw, as JSON.
"""

from __future__ import annotations

import asyncio
import gc
import json
import sys
from typing import Any

import openai

import quire

STORE, EXPERIMENT, BASE, AZURE = sys.argv[1:]
MESSAGES: Any = [{"role": "user", "content": "Say hello"}]
CHAT: dict[str, Any] = {"model": "gpt-4o-mini", "messages": MESSAGES}


def text(pieces: Any) -> str:
    return "".join(piece.choices[0].delta.content or "" for piece in pieces)


def calls(client: openai.OpenAI) -> list[Any]:
    """One span each, in this order."""
    seen: list[Any] = [client.chat.completions.create(**CHAT).choices[0].message.content]
    client.completions.create(model="gpt-3.5-turbo-instruct", prompt="Once")
    seen.append(len(client.embeddings.create(model="text-embedding-3-small", input="a").data[0].embedding))
    stream = client.chat.completions.create(**CHAT, stream=True)
    seen.append([type(stream).__name__, text(stream)])
    early = client.chat.completions.create(**CHAT, stream=True)
    next(early)
    early.close()
    dropped = client.chat.completions.create(**CHAT, stream=True)
    next(dropped)
    del dropped
    gc.collect()
    raw: Any = client.chat.completions.with_raw_response.create(**CHAT)
    seen.append(raw.parse().choices[0].message.content)
    raw = client.chat.completions.with_raw_response.create(**CHAT, stream=True)
    seen.append(text(raw.parse()))
    with client.chat.completions.with_streaming_response.create(**CHAT) as response:
        seen.append(json.loads(response.read())["choices"][0]["message"]["content"])
    try:
        client.chat.completions.create(model="gpt-4o-mini", messages=[])
    except openai.BadRequestError as error:
        seen.append(type(error).__name__)
    if hasattr(client, "responses"):
        seen.append(client.responses.create(model="gpt-4o-mini", input="Say hello").output_text)
    return seen


async def asynchronous() -> list[Any]:
    async with openai.AsyncOpenAI(base_url=BASE, api_key="any") as client:
        await client.chat.completions.create(**CHAT)
        stream: Any = await client.chat.completions.create(**CHAT, stream=True)
        pieces = [piece async for piece in stream]
        return [type(stream).__name__, text(pieces)]


def main() -> None:
    from openai._base_client import AsyncAPIClient, SyncAPIClient

    kinds: list[Any] = [SyncAPIClient, AsyncAPIClient, openai.Stream, openai.AsyncStream]
    before = [dict(kind.__dict__) for kind in kinds]
    quire.set_tracking_uri(STORE)
    quire.set_experiment(EXPERIMENT)
    quire.openai.autolog()
    with openai.OpenAI(base_url=BASE, api_key="any", max_retries=0) as client:
        seen = calls(client)
    seen.append(asyncio.run(asynchronous()))
    with openai.AzureOpenAI(azure_endpoint=AZURE, api_key="any", api_version="2024-10-21") as azure:
        seen.append(all(piece.choices for piece in azure.chat.completions.create(**CHAT, stream=True)))
    quire.openai.autolog(disable=True)
    left_as_found = [dict(kind.__dict__) for kind in kinds] == before
    print(json.dumps([openai.__version__, seen, left_as_found]))


if __name__ == "__main__":
    main()
