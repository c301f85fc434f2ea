"""Loading a prompt, and saying of the run, the model and the trace that are being made here that they use it."""

from __future__ import annotations

import sys
from collections import OrderedDict

from quire.domain.errors import InvalidInput, NotFound
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
    *,
    key: str | None = None,
    namespace: str | None = None,
) -> PromptVersion:
    """A version of a prompt: ``prompts:/name/3``, ``prompts:/name@alias``, or a name, whose newest version it is.

    The run that is active here and the trace that is being made here are linked to it, and the logged model
    ``model_id`` unless ``link_to_model`` is false; :func:`quire.prompt_usage` finds them.

    Raises NotFound, with the versions and aliases that exist (with ``allow_missing`` the answer is None instead), and
    InvalidInput for a URI that is none. With ``cache_ttl_seconds`` a prompt loaded so lately is not asked for again.

    ``prompts:/name@trial`` with a ``key`` (the id of a user, say) is the version that the trial on the prompt assigns
    to it: the same each time, whichever process asks (docs/trials.md). Without a trial that is under way, and for keys
    that take no part, it is what serves: the trial's control, else the alias ``champion``, ``production``, or the
    newest version. The key counts as exposed, and the trace that is being made here notes trial and arm, so that
    feedback on it is the arm's. ``namespace`` names the customer or tenant whose trial it is.
    """
    client = Client()
    if key is not None or namespace is not None:
        found: PromptVersion | None = _of_trial(client, name_or_uri, version, key, namespace, cache_ttl_seconds)
    else:
        found = _named(client, name_or_uri, version, allow_missing, cache_ttl_seconds)
    if found is None:
        # The type is MLflow's: only who asks for it by allow_missing gets None.
        return None  # type: ignore[return-value]
    prompt = found
    _link_to_run(prompt)
    if link_to_model and model_id is not None:
        client.link_prompt_version_to_model(prompt.name, prompt.version, model_id)
    _link_to_trace(prompt)
    return prompt


def _named(
    client: Client, name_or_uri: str, version: str | int | None, allow_missing: bool, cache_ttl_seconds: float | None
) -> PromptVersion | None:
    try:
        return client.load_prompt(name_or_uri, version, allow_missing, cache_ttl_seconds)
    except NotFound as error:
        if str(name_or_uri).endswith("@trial"):
            raise NotFound(f"{error.message} What a trial assigns is asked for with a key: key=user_id.") from None
        raise


def _of_trial(
    client: Client,
    name_or_uri: str,
    version: str | int | None,
    key: str | None,
    namespace: str | None,
    cache_ttl_seconds: float | None,
) -> PromptVersion:
    from quire.trials.prompting import VERSION_TTL_S, note_exposure, note_failure, trial_prompt

    if version is not None:
        raise InvalidInput(f"A key was given with the version {version!r}; ask for prompts:/NAME@trial without one.")
    given = trial_prompt(client.store, client.registry_store, name_or_uri, key, namespace)
    ttl = VERSION_TTL_S[given.is_fixed] if cache_ttl_seconds is None else cache_ttl_seconds
    try:
        prompt = client.load_prompt(given.uri, cache_ttl_seconds=ttl)
    except NotFound:
        if given.is_control:
            raise
        given = note_failure(client.tracking_uri, given)
        prompt = client.load_prompt(given.uri, cache_ttl_seconds=ttl)
    assert prompt is not None
    around = sys.modules.get("quire.tracing.around")
    trace_id = None if around is None else around.note_here(given.metadata)
    note_exposure(client.tracking_uri, given, str(key), trace_id)
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
