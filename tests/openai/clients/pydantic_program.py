"""A program on pydantic-ai: a tool, structured output, a stream, both APIs; says what it got."""

from __future__ import annotations

import asyncio
import json
import sys
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent))
from started import end, start

start()

from pydantic import BaseModel  # noqa: E402
from pydantic_ai import Agent  # noqa: E402
from pydantic_ai.models.openai import OpenAIChatModel, OpenAIResponsesModel  # noqa: E402

said: dict[str, Any] = {}


class Person(BaseModel):
    """Somebody."""

    name: str
    age: int


def with_tool(model: Any) -> Agent[None, str]:
    agent = Agent(model)

    @agent.tool_plain
    def add(a: int, b: int) -> int:
        """Add two numbers."""
        return a + b

    return agent


async def streamed(model: Any) -> str:
    async with with_tool(model).run_stream("Add two and three.") as result:
        pieces = [piece async for piece in result.stream_text(delta=True, debounce_by=None)]
    return "".join(pieces)


chat, responses = OpenAIChatModel("gpt-4o"), OpenAIResponsesModel("gpt-4o")
result = with_tool(chat).run_sync("Add one and two.")
said["tool"] = [result.output, result.usage.requests if not callable(result.usage) else result.usage().requests]
said["responses"] = with_tool(responses).run_sync("Add one and two.").output
said["structured"] = Agent(chat, output_type=Person).run_sync("Invent somebody.").output.model_dump()
said["streamed"] = asyncio.run(streamed(chat))
said["responses streamed"] = asyncio.run(streamed(responses))
print(json.dumps(said))
end()
