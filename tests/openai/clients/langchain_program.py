"""A program on langchain-openai: invoke, stream, tools, structured output, embeddings, also async; says what it got."""

from __future__ import annotations

import asyncio
import json
import sys
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent))
from started import end, start

start()

from langchain_core.messages import AIMessage, HumanMessage, ToolMessage  # noqa: E402
from langchain_core.tools import tool  # noqa: E402
from langchain_openai import ChatOpenAI, OpenAIEmbeddings  # noqa: E402
from pydantic import BaseModel  # noqa: E402

said: dict[str, Any] = {}


class Person(BaseModel):
    """Somebody."""

    name: str
    age: int


@tool
def add(a: int, b: int) -> int:
    """Add two numbers."""
    return a + b


model = ChatOpenAI(model="gpt-4o")


def with_tool() -> list[Any]:
    messages: list[Any] = [HumanMessage("Add one and two.")]
    answer = model.bind_tools([add], tool_choice="add").invoke(messages)
    assert isinstance(answer, AIMessage)
    call = answer.tool_calls[0]
    result = add.invoke(call)
    assert isinstance(result, ToolMessage)
    final = model.bind_tools([add]).invoke([*messages, answer, result])
    return [call["name"], call["args"], final.content]


async def asynchronous() -> list[Any]:
    whole = await model.ainvoke("Say something else.")
    pieces = [piece.content async for piece in model.astream("Say it in pieces.")]
    return [whole.content, "".join(str(piece) for piece in pieces)]


said["invoke"] = model.invoke("Say something.").content
said["usage"] = model.invoke("Say something.").usage_metadata["total_tokens"]
said["stream"] = [piece.content for piece in model.stream("Say it in pieces.")]
said["tool"] = with_tool()
said["structured"] = model.with_structured_output(Person).invoke("Invent somebody.").model_dump()
embeddings = OpenAIEmbeddings(model="text-embedding-3-small", check_embedding_ctx_length=False)
said["embedding"] = embeddings.embed_query("one")[:4]
said["embeddings"] = len(embeddings.embed_documents(["one", "two"]))
said["async"] = asyncio.run(asynchronous())
said["responses"] = ChatOpenAI(model="gpt-4o", use_responses_api=True).invoke("Say something.").text
print(json.dumps(said))
end()
