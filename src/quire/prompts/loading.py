"""Loading a prompt, and saying of the run, the model and the trace that are being made here that they use it."""

from __future__ import annotations

import sys
from collections import OrderedDict

from quire.domain.prompts import PromptVersion
from quire.tracking import Client, context

_MOST = 4096
_linked: OrderedDict[tuple[str, str, str], None] = OrderedDict()
"""Links that this process made lately: store, run, version. A prompt is often loaded for every row."""


def load_prompt(
    name_or_uri: str,
    version: str | int | None = None,
    allow_missing: bool = False,
    link_to_model: bool = True,
    model_id: str | None = None,
    cache_ttl_seconds: float | None = None,
) -> PromptVersion:
    """A version of a prompt: ``prompts:/name/3``, ``prompts:/name@alias``, or a name, whose newest version it is.

    The run that is active here and the trace that is being made here are linked to it, and the logged model
    ``model_id`` unless ``link_to_model`` is false; :func:`quire.prompt_usage` finds them.

    Raises NotFound, with the versions and aliases that exist (with ``allow_missing`` the answer is None instead), and
    InvalidInput for a URI that is none. With ``cache_ttl_seconds`` a prompt loaded so lately is not asked for again.
    """
    client = Client()
    prompt = client.load_prompt(name_or_uri, version, allow_missing, cache_ttl_seconds)
    if prompt is None:
        # The type is MLflow's: only who asks for it by allow_missing gets None.
        return None  # type: ignore[return-value]
    _link_to_run(prompt)
    if link_to_model and model_id is not None:
        client.link_prompt_version_to_model(prompt.name, prompt.version, model_id)
    _link_to_trace(prompt)
    return prompt


def _link_to_run(prompt: PromptVersion) -> None:
    entry = context.innermost()
    if entry is None:
        return
    key = (entry.uri, entry.run_id, prompt.uri)
    if key in _linked:
        return
    Client(entry.uri).link_prompt_version_to_run(entry.run_id, prompt)
    _linked[key] = None
    if len(_linked) > _MOST:
        _linked.popitem(last=False)


def _link_to_trace(prompt: PromptVersion) -> None:
    around = sys.modules.get("quire.tracing.around")  # where tracing is not loaded no trace is being made
    if around is not None:
        around.link_prompt(prompt.name, prompt.version)
