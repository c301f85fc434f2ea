"""The least that a program can do: workers over one ``AsyncOpenAI``, no checks, no retries, nothing kept."""

from __future__ import annotations

import asyncio
import sys
import time

import openai

from bench.worker import serve

side, concurrency = sys.argv[1], int(sys.argv[2])


def make_client() -> openai.AsyncOpenAI:
    """A client over the SDK's default transport, or over aiohttp; connections enough for every worker."""
    if side == "bare-aiohttp":
        return openai.AsyncOpenAI(max_retries=0, http_client=openai.DefaultAioHttpClient())
    return openai.AsyncOpenAI(max_retries=0)


async def answer_all(client: openai.AsyncOpenAI, rows: int) -> list[str | None]:
    """The text of every answer, in order."""
    answers: list[str | None] = [None] * rows
    numbers = iter(range(rows))

    async def work() -> None:
        for n in numbers:
            content = f"Tell me a funny-{n} joke about cat-{n}."
            response = await client.chat.completions.create(
                model="gpt-4o-mini", messages=[{"role": "user", "content": content}]
            )
            answers[n] = response.choices[0].message.content

    await asyncio.gather(*(work() for _ in range(concurrency)))
    return answers


loop = asyncio.new_event_loop()
client = make_client()


def predict(rows: int) -> float:
    """Seconds until every row is answered."""
    started = time.perf_counter()
    answers = loop.run_until_complete(answer_all(client, rows))
    seconds = time.perf_counter() - started
    if not all(answers):
        raise AssertionError("an answer is missing")
    return seconds


serve(predict=predict)
