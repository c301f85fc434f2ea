"""A program on the OpenAI Agents SDK: tools, a handoff, guardrails, streams, both APIs. Says what it got, as JSON."""

from __future__ import annotations

import asyncio
import json
import sys
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent))
from started import MODE, end, start

start()

import openai  # noqa: E402
from agents import (  # noqa: E402
    Agent,
    GuardrailFunctionOutput,
    InputGuardrailTripwireTriggered,
    Model,
    ModelResponse,
    ModelSettings,
    OpenAIChatCompletionsModel,
    RunConfig,
    Runner,
    TracingProcessor,
    Usage,
    add_trace_processor,
    custom_span,
    function_tool,
    generation_span,
    input_guardrail,
    trace,
)
from agents.tracing import get_trace_provider  # noqa: E402
from openai.types.responses import ResponseOutputMessage, ResponseOutputText  # noqa: E402

said: dict[str, Any] = {}


class Counting(TracingProcessor):
    """A processor of the program's own."""

    def __init__(self) -> None:
        self.kinds: dict[str, int] = {}

    def on_trace_start(self, trace: Any) -> None:
        """Not counted."""

    def on_trace_end(self, trace: Any) -> None:
        """Not counted."""

    def on_span_start(self, span: Any) -> None:
        """Not counted."""

    def on_span_end(self, span: Any) -> None:
        self.kinds[span.span_data.type] = self.kinds.get(span.span_data.type, 0) + 1

    def shutdown(self) -> None:
        """Holds nothing."""

    def force_flush(self) -> None:
        """Holds nothing."""


class Parrot(Model):
    """A model that asks no OpenAI client."""

    async def get_response(self, system_instructions: Any, input: Any, *args: Any, **kwargs: Any) -> ModelResponse:
        with generation_span(model="gpt-4o-mini", input=[{"role": "user", "content": str(input)}]) as span:
            span.span_data.output = [{"role": "assistant", "content": "Polly!"}]
            span.span_data.usage = {"input_tokens": 7, "output_tokens": 2}
        text = ResponseOutputText(type="output_text", text="Polly!", annotations=[])
        message = ResponseOutputMessage(id="m", type="message", role="assistant", status="completed", content=[text])
        return ModelResponse(output=[message], usage=Usage(), response_id=None)

    def stream_response(self, *args: Any, **kwargs: Any) -> Any:
        raise NotImplementedError


counting = Counting()
add_trace_processor(counting)


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
    result = Runner.run_sync(calculator, "Add one and two.")
    said["tokens of tool"] = result.context_wrapper.usage.total_tokens
    return str(result.final_output)


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
said["parrot"] = str(Runner.run_sync(Agent(name="Parrot", model=Parrot()), "Who is a good bird?").final_output)
said["counted"] = counting.kinds
print(json.dumps(said))
end()

if MODE == "trace":
    import quire

    provider = get_trace_provider()
    on = [type(one).__name__ for one in provider._multi_processor._processors]
    assert on == ["AgentTraces", "Counting"], on
    quire.openai.autolog(disable_openai_agent_tracer=False)
    again = [type(one).__name__ for one in provider._multi_processor._processors]
    assert again == ["BatchTraceProcessor", "Counting", "AgentTraces"], again
    quire.openai.autolog(disable=True)
    off = [type(one).__name__ for one in provider._multi_processor._processors]
    assert off == ["BatchTraceProcessor", "Counting"], off
