"""A program on the OpenAI Agents SDK: tools, a handoff, guardrails, streams, both APIs. Says what it got, as JSON."""

from __future__ import annotations

import asyncio
import json
import sys
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent))
from started import end, start

start()

import openai  # noqa: E402
from agents import (  # noqa: E402
    Agent,
    GuardrailFunctionOutput,
    InputGuardrailTripwireTriggered,
    ModelSettings,
    OpenAIChatCompletionsModel,
    RunConfig,
    Runner,
    custom_span,
    function_tool,
    input_guardrail,
    trace,
)

said: dict[str, Any] = {}


@function_tool
def add(a: int, b: int) -> int:
    """Add two numbers."""
    return a + b


@function_tool
def fail(what: str) -> str:
    """Never works."""
    raise ValueError("no such thing")


@input_guardrail
async def polite(context: Any, agent: Any, given: Any) -> GuardrailFunctionOutput:
    """Refuses what is rude."""
    return GuardrailFunctionOutput(output_info=None, tripwire_triggered="rude" in str(given))


TOOL_ONCE = ModelSettings(tool_choice="required")
calculator = Agent(name="Calculator", model="gpt-4o", tools=[add], model_settings=TOOL_ONCE)
clumsy = Agent(name="Clumsy", model="gpt-4o", tools=[fail], model_settings=TOOL_ONCE)
chat = OpenAIChatCompletionsModel("gpt-4o-mini", openai.AsyncOpenAI())
chatty = Agent(name="Chatty", model=chat, tools=[add], model_settings=TOOL_ONCE)
desk = Agent(name="Desk", model="gpt-4o", handoffs=[calculator], input_guardrails=[polite], model_settings=TOOL_ONCE)


def tool() -> str:
    return str(Runner.run_sync(calculator, "Add one and two.").final_output)


def failing_tool() -> str:
    return str(Runner.run_sync(clumsy, "Try.").final_output)


def handoff() -> list[str]:
    result = Runner.run_sync(desk, "Add, please.", run_config=RunConfig(group_id="a conversation"))
    return [result.last_agent.name, str(result.final_output)]


def guarded() -> str:
    try:
        Runner.run_sync(desk, "A rude word.")
    except InputGuardrailTripwireTriggered as error:
        return type(error).__name__
    return "nothing"


async def streamed(agent: Agent[Any]) -> list[Any]:
    result = Runner.run_streamed(agent, "Add two and three.")
    kinds = [event.type async for event in result.stream_events()]
    return [str(result.final_output), len(kinds)]


def own_trace() -> str:
    with trace("Two steps"):
        with custom_span("prepare", {"a": 1}):
            first = Runner.run_sync(calculator, "Add one and one.")
        return str(Runner.run_sync(chatty, str(first.final_output)).final_output)


async def together() -> list[str]:
    results = await asyncio.gather(*(Runner.run(calculator, f"Add {n} and one.") for n in range(4)))
    return [str(result.final_output) for result in results]


said["tool"] = tool()
said["failing tool"] = failing_tool()
said["handoff"] = handoff()
said["guarded"] = guarded()
said["streamed"] = asyncio.run(streamed(calculator))
said["chat streamed"] = asyncio.run(streamed(chatty))
said["own trace"] = own_trace()
said["together"] = asyncio.run(together())
print(json.dumps(said))
end()
