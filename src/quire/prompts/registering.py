"""Registering a prompt, or its next version."""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from typing import Any

from quire.domain.errors import QuireError
from quire.domain.prompt_config import PromptModelConfig
from quire.domain.prompt_text import PromptTemplate
from quire.domain.prompts import PromptVersion
from quire.domain.schema import ParamSchema, ParamSpec
from quire.tracking import Client, context
from quire.tracking.experiments import current_experiment_id


def register_prompt(
    name: str,
    template: PromptTemplate,
    commit_message: str | None = None,
    tags: Mapping[str, Any] | None = None,
    response_format: Any = None,
    model_config: PromptModelConfig | Mapping[str, Any] | None = None,
    *,
    params: ParamSchema | Sequence[ParamSpec] | None = None,
) -> PromptVersion:
    """Add the next version of a prompt, and the prompt if there is none of that name.

    See :meth:`quire.Client.register_prompt`. The prompt is listed in the active experiment, as in MLflow.
    """
    client = Client()
    made = client.register_prompt(name, template, commit_message, tags, response_format, model_config, params=params)
    try:
        client.add_prompt_to_experiment(name, _experiment_id())
    except QuireError as error:  # the version is there; that it is not listed in an experiment must not hide it
        warnings.warn(f"{made.uri} was registered, but is not listed in the experiment: {error}", stacklevel=2)
    return made


def _experiment_id() -> str:
    entry = context.innermost()
    return entry.run.info.experiment_id if entry else current_experiment_id()
