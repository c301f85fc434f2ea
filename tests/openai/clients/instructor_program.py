"""A program on instructor: structured output by tools and by JSON, a retry, a stream, also async; says what it got."""

from __future__ import annotations

import asyncio
import json
import sys
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent))
from started import end, start

start()

import instructor  # noqa: E402
import openai  # noqa: E402
from pydantic import BaseModel, field_validator  # noqa: E402

said: dict[str, Any] = {}
seen: list[str] = []
MESSAGES: list[Any] = [{"role": "user", "content": "Invent somebody."}]


class Person(BaseModel):
    """Somebody."""

    name: str
    age: int


class Picky(Person):
    """Somebody who is refused at first."""

    @field_validator("name")
    @classmethod
    def not_at_once(cls, name: str) -> str:
        seen.append(name)
        if len(seen) == 1:
            raise ValueError("another name, please")
        return name


client = instructor.from_openai(openai.OpenAI())
by_schema = instructor.from_openai(openai.OpenAI(), mode=instructor.Mode.JSON_SCHEMA)


async def asynchronous() -> dict[str, Any]:
    person = await instructor.from_openai(openai.AsyncOpenAI()).chat.completions.create(
        model="gpt-4o", response_model=Person, messages=MESSAGES
    )
    return person.model_dump()


def ask(asked: Any, kind: type[Person], **options: Any) -> Any:
    return asked.chat.completions.create(model="gpt-4o", response_model=kind, messages=MESSAGES, **options)


said["tools"] = ask(client, Person).model_dump()
said["schema"] = ask(by_schema, Person).model_dump()
said["retried"] = ask(client, Picky, max_retries=2).model_dump()
said["attempts"] = len(seen)
partial = client.chat.completions.create_partial(model="gpt-4o", response_model=Person, messages=MESSAGES)
said["partial"] = [piece.model_dump() for piece in partial][-1]
said["async"] = asyncio.run(asynchronous())
print(json.dumps(said))
end()
