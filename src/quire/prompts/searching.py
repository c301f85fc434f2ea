"""Finding prompts, their versions, and what used them, across pages."""

from __future__ import annotations

from collections.abc import Sequence

from quire.domain.errors import NotFound
from quire.domain.prompt_links import PromptUsage
from quire.domain.prompts import Prompt, PromptVersion
from quire.tracking import Client
from quire.tracking.experiments import collect


def search_prompts(
    filter_string: str | None = None, max_results: int | None = None, order_by: Sequence[str] | None = None
) -> list[Prompt]:
    """Every prompt that matches (at most ``max_results``), by name unless ordered otherwise.

    The filter takes ``name``, ``tags.KEY`` and ``experiment_id = '1'``.
    """
    client = Client()
    return collect(lambda size, token: client.search_prompts(filter_string, size, token, order_by), max_results)


def search_prompt_versions(name: str, max_results: int | None = None) -> list[PromptVersion]:
    """Every version of a prompt (at most ``max_results``), newest first."""
    client = Client()
    return collect(lambda size, token: client.search_prompt_versions(name, size, token), max_results)


def get_prompt(name: str) -> Prompt | None:
    """A prompt without its versions; None if there is none of that name."""
    return Client().get_prompt(name)


def get_prompt_tags(name: str) -> dict[str, str]:
    """The tags of a prompt. NotFound if there is none of that name."""
    found = Client().get_prompt(name)
    if found is None:
        raise NotFound(f"There is no prompt {name!r}. List the names with search_prompts.")
    return found.tags


def prompt_usage(prompt: str | PromptVersion, max_results: int = 1000) -> PromptUsage:
    """Which runs, evaluations, logged models and traces used a version of a prompt; so many of each at most.

    ``prompt`` is a version or its URI; an alias stands for the version that it points at now.
    """
    return Client().prompt_usage(prompt, max_results)
