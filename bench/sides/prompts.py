"""Load prompts out of many, by alias, and compare their versions; seconds of each."""

from __future__ import annotations

import os
import random
import time
from collections.abc import Iterator
from pathlib import Path

import quire
from bench.bulk import Row, open_bulk
from bench.worker import serve
from quire.domain import prompt_tags
from quire.domain.prompts import PromptVersion
from quire.store.current import current_store

CREATED = 1_700_000_000_000
COLUMNS = {
    "registered_models": "id, name, creation_timestamp, last_updated_timestamp, description, last_version",
    "registered_model_tags": "registered_model_id, key, value",
    "model_versions": "registered_model_id, version, creation_timestamp, last_updated_timestamp, user_id, "
    "current_stage, description, source, run_id, run_link, model_id",
    "model_version_tags": "registered_model_id, version, key, value",
    "aliases": "registered_model_id, alias, version",
}
SENTENCES = 40
"""Of a system message: some 2,500 characters."""


def fill(prompts: int, versions: int) -> float:
    """Fill the store with chat prompts, each with an alias that points at one of its versions; seconds that took."""
    current_store().get_experiment("0")  # makes the tables
    started = time.perf_counter()
    with open_bulk(os.environ["QUIRE_TRACKING_URI"]) as bulk:
        for first in range(1, prompts + 1, 50):
            numbers = range(first, min(first + 50, prompts + 1))
            bulk.begin()
            for table, columns in COLUMNS.items():
                bulk.insert(table, columns, (row for number in numbers for row in _rows(table, number, versions)))
            bulk.commit()
    return time.perf_counter() - started


def _rows(table: str, number: int, versions: int) -> Iterator[Row]:
    match table:
        case "registered_models":
            yield (number, f"prompt-{number}", CREATED, CREATED, "", versions)
        case "registered_model_tags":
            yield (number, prompt_tags.IS_PROMPT, "true")
        case "aliases":
            yield (number, "production", 1 + number % versions)
        case "model_versions":
            for version in range(1, versions + 1):
                yield (number, version, CREATED, CREATED, "", "None", "a change", prompt_tags.SOURCE, "", "", None)
        case _:
            for version in range(1, versions + 1):
                for key, value in prompt_tags.version_tags(_made(number, version)).items():
                    yield (number, version, key, value)


def _made(number: int, version: int) -> PromptVersion:
    source = random.Random(number)
    words = ["answer", "briefly", "and", "cite", "every", "source", "that", "you", "use", "in", "order"]
    sentences = [" ".join(source.choices(words, k=10)).capitalize() + "." for _ in range(SENTENCES)]
    for step in range(version):
        sentences[(step * 7) % SENTENCES] = (
            f"Rule {step}: {source.choice(words)} the {{{{topic}}}} {source.random():.3f}."
        )
    template = [
        {"role": "system", "content": " ".join(sentences)},
        {"role": "user", "content": "{{question}}\nAnswer:"},
    ]
    config = {"model_name": "gpt-4o-mini", "temperature": round(version / 100, 2)}
    return PromptVersion(f"prompt-{number}", version, template, tags={"team": "a"}, model_config=config)


def load(prompts: int, times: int) -> list[float]:
    """Load prompts by alias, one after another."""
    seconds = []
    for turn in range(times):
        uri = f"prompts:/prompt-{1 + turn * 37 % prompts}@production"
        started = time.perf_counter()
        prompt = quire.load_prompt(uri)
        seconds.append(time.perf_counter() - started)
        assert len(prompt.template) == 2
    return seconds


def diff(prompts: int, versions: int, times: int) -> list[float]:
    """Compare the first version of prompts with the last, both loaded before."""
    seconds = []
    for turn in range(times):
        name = f"prompt-{1 + turn * 37 % prompts}"
        old, new = quire.load_prompt(name, 1), quire.load_prompt(name, versions)
        started = time.perf_counter()
        changed = old.diff(new)
        seconds.append(time.perf_counter() - started)
        assert changed
    return seconds


def size() -> int:
    """Bytes of the database."""
    return Path(os.environ["QUIRE_TRACKING_URI"].removeprefix("sqlite:///")).stat().st_size


serve(fill=fill, load=load, diff=diff, size=size)
