"""What an application does, run under some version of the OpenAI SDK: ``python sdk_program.py PART FOLDER``.

The service is named by the environment. Prints what came of it as JSON.
"""

from __future__ import annotations

import asyncio
import json
import sys
from pathlib import Path
from typing import Any

import openai

import quire
from quire.caller import Caller, ServiceSettings
from quire.domain.calls import Answer, Call

MODELS: dict[str, dict[str, Any]] = {
    "chat.completions": {"messages": [{"role": "user", "content": "Joke about {x}"}], "max_tokens": 20},
    "completions": {"prompt": "Once upon {x}", "max_tokens": 20},
    "embeddings": {},
    "responses": {"input": "Joke about {x}", "max_output_tokens": 20},
}
NAMES = {"completions": "gpt-3.5-turbo-instruct", "embeddings": "text-embedding-3-small"}


def resource(task: str) -> Any:
    """The module's own resource, where this SDK has it."""
    found: Any = openai
    for name in task.split("."):
        found = getattr(found, name, None)
    return found


def saved(task: str, folder: str) -> Any:
    path = Path(folder) / task
    named = resource(task) or task
    quire.openai.save_model(path=str(path), model=NAMES.get(task, "gpt-4o-mini"), task=named, **MODELS[task])
    return quire.pyfunc.load_model(str(path))


def tasks(folder: str) -> object:
    """Every task; where the SDK lacks the resource, by the task's name."""
    answers = {task: saved(task, folder).predict(["a cat", "a dog"]) for task in MODELS}
    return {task: [len(answer) > 0 for answer in answered] for task, answered in answers.items()}


def streams(folder: str) -> object:
    """Text by pieces, in sync and in async code."""

    async def pieces(model: Any) -> list[str]:
        return [piece async for piece in model.apredict_stream("a cat")]

    found = {}
    for task in MODELS:
        if task != "embeddings":
            model = saved(task, folder)
            whole = model.predict(["a cat"])[0]
            found[task] = [
                "".join(model.predict_stream("a cat")) == whole,
                "".join(asyncio.run(pieces(model))) == whole,
            ]
    return found


def batch(folder: str) -> object:
    """A batch in bad weather, sync and async."""
    model = saved("chat.completions", folder)
    rows = [f"thing {number}" for number in range(300)]
    there = model.predict(rows, resume=str(Path(folder) / "journal"))
    again = model.predict(rows, resume=str(Path(folder) / "journal"))
    anew = asyncio.run(model.apredict(rows))
    return {
        "answered": len(there),
        "retried": there.report.retries > 0,
        "replayed": again.report.replayed,
        "sent again": again.report.requests,
        "same": list(there) == list(again) == list(anew),
    }


def refusals(folder: str) -> object:
    """What the service refuses, by kind."""
    model = saved("chat.completions", folder)
    answers = model.predict(["a cat"], on_error="return")
    return [failure.kind for failure in answers.failures]


def tokens(folder: str) -> object:
    """Entra ID tokens from a provider."""
    settings = ServiceSettings.from_environment()
    issued = 0

    def issue() -> str:
        nonlocal issued
        issued += 1
        return settings.api_key or ""

    body = {"model": "gpt-4o-mini", "messages": [{"role": "user", "content": "hello"}]}
    calls = [Call("chat.completions", body, (row,)) for row in range(20)]
    signed = ServiceSettings(
        api_type="azure_ad",
        base_url=settings.base_url,
        api_version=settings.api_version,
        deployment=settings.deployment,
        ad_token_provider=issue,
    )
    outcomes = list(Caller(signed).iterate(calls))
    return {"answered": sum(isinstance(outcome, Answer) for outcome in outcomes), "issued": issued > 0}


PARTS = {"tasks": tasks, "streams": streams, "batch": batch, "refusals": refusals, "tokens": tokens}

if __name__ == "__main__":
    print(json.dumps([openai.__version__, PARTS[sys.argv[1]](sys.argv[2])]))
