"""A program on the official SDK, from its first version to its last, that knows nothing of Quire; says what it got."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import openai

client: Any = openai.OpenAI(max_retries=0)
said: dict[str, Any] = {"version": openai.__version__}
MESSAGES: list[Any] = [{"role": "user", "content": "Tell me a joke about a cat."}]
PERSON = {
    "type": "object",
    "properties": {"name": {"type": "string"}, "age": {"type": "integer"}},
    "required": ["name", "age"],
    "additionalProperties": False,
}
ADD: dict[str, Any] = {
    "type": "object",
    "properties": {"a": {"type": "integer"}, "b": {"type": "integer"}},
    "required": ["a", "b"],
    "additionalProperties": False,
}
TOOL = {"type": "function", "function": {"name": "add", "description": "Add two numbers.", "parameters": ADD}}


def chat(**more: Any) -> Any:
    return client.chat.completions.create(model="joker", messages=MESSAGES, **more)


def tools() -> list[Any]:
    message = chat(tools=[TOOL], tool_choice="required").choices[0].message
    call = message.tool_calls[0]
    answer = {"role": "tool", "tool_call_id": call.id, "content": "3"}
    final = client.chat.completions.create(
        model="joker", messages=[*MESSAGES, message.model_dump(exclude_none=True), answer], tools=[TOOL]
    )
    return [call.function.name, sorted(json.loads(call.function.arguments)), final.choices[0].message.content]


def streamed(**more: Any) -> list[Any]:
    text, usage = "", None
    for chunk in chat(stream=True, **more):
        text += (chunk.choices[0].delta.content or "") if chunk.choices else ""
        usage = getattr(chunk, "usage", None) or usage
    return [text, (usage if usage is None or isinstance(usage, dict) else usage.model_dump())]


def streamed_tool() -> str:
    pieces = chat(stream=True, tools=[TOOL], tool_choice="required")
    calls = [call for piece in pieces if piece.choices for call in piece.choices[0].delta.tool_calls or []]
    return "".join(call.function.arguments or "" for call in calls)


def refused(ask: Any) -> list[Any]:
    try:
        ask()
    except openai.APIStatusError as error:
        body: Any = error.body
        return [type(error).__name__, error.status_code, body.get("code"), body.get("param"), body.get("message")]
    return ["answered"]


def responses() -> dict[str, Any]:
    whole = client.responses.create(model="joker", input="Tell me a joke about a dog.")
    events = [event.type for event in client.responses.create(model="joker", input="And one more.", stream=True)]
    stored = client.responses.create(
        model="fable", input=[], extra_body={"prompt": {"id": "fable", "variables": {"animal": "fox"}}}
    )
    tool = {"type": "function", "name": "add", "parameters": ADD, "strict": True}
    called = client.responses.create(model="joker", input="Add them.", tools=[tool], tool_choice="required")
    return {
        "whole": whole.output_text,
        "events": [events[0], events[-1]],
        "stored": stored.output_text,
        "tool": [item.name for item in called.output if item.type == "function_call"],
    }


async def asynchronous() -> list[str]:
    asked: Any = openai.AsyncOpenAI(max_retries=0)
    whole = await asked.chat.completions.create(model="joker", messages=MESSAGES)
    pieces = await asked.chat.completions.create(model="joker", messages=MESSAGES, stream=True)
    text = [piece.choices[0].delta.content or "" async for piece in pieces if piece.choices]
    return [whole.choices[0].message.content, "".join(text)]


whole = chat()
said["models"] = sorted(model.id for model in client.models.list())
said["model"] = client.models.retrieve("joker").id
said["chat"] = whole.choices[0].message.content
said["usage"] = whole.usage.total_tokens
said["streamed"] = streamed()[0]
said["streamed usage"] = streamed(extra_body={"stream_options": {"include_usage": True}})[1]["total_tokens"]
said["tools"] = tools()
said["streamed tool"] = streamed_tool()
said["schema"] = json.loads(
    chat(
        extra_body={
            "response_format": {
                "type": "json_schema",
                "json_schema": {"name": "person", "schema": PERSON, "strict": True},
            }
        }
    )
    .choices[0]
    .message.content
)
said["variables"] = (
    client.chat.completions.create(model="fable", messages=[], extra_body={"variables": {"animal": "fox"}})
    .choices[0]
    .message.content
)
said["completion"] = client.completions.create(model="writer", prompt="Once upon a time").choices[0].text
said["embedding"] = len(client.embeddings.create(model="embedder", input=["one", "two"]).data[1].embedding)
said["unknown"] = refused(lambda: client.chat.completions.create(model="nobody", messages=MESSAGES))
said["closed"] = refused(lambda: chat(temperature=1.5))
said["missing"] = refused(lambda: client.chat.completions.create(model="fable", messages=[]))
said["raw"] = dict(client.chat.completions.with_raw_response.create(model="joker", messages=MESSAGES).headers)
said["async"] = asyncio.run(asynchronous())
if hasattr(client, "responses"):
    said["responses"] = responses()
print(json.dumps(said))
