"""What may be evaluated: a packaged model, a prompt with a model name, a function, or outputs that are there."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Protocol, runtime_checkable

import msgspec

from quire.domain.calls import Call, Origin
from quire.domain.errors import InvalidInput, SchemaError
from quire.domain.package import BATCHED_TASKS, Package, Planner

SEED_PARAM = "seed"


@runtime_checkable
class Prompt(Protocol):
    """A version of a registered prompt, as :mod:`quire.prompts` gives it."""

    name: str
    version: int
    template: Any

    @property
    def uri(self) -> str:
        """``prompts:/NAME/VERSION``."""

    def format(self, **values: Any) -> Any:
        """The template with its variables filled: text, or a list of messages."""


class Described(msgspec.Struct, frozen=True, omit_defaults=True):
    """What is kept of a variant: its name, what kind of thing it is, and where it comes from."""

    name: str
    kind: str
    source: str | None = None
    model: str | None = None
    model_id: str | None = None
    registered_name: str | None = None
    registered_version: str | None = None
    prompt: str | None = None
    fingerprint: str = ""

    @property
    def prompt_version(self) -> tuple[str, str] | None:
        """Name and version of the prompt."""
        if self.prompt is None:
            return None
        name, _, version = self.prompt.removeprefix("prompts:/").rpartition("/")
        return name, version


class CallVariant(Protocol):
    """A variant that is asked through the caller."""

    described: Described
    caller_params: Mapping[str, Any]

    def call(
        self, index: int, inputs: Mapping[str, Any], repeat: int, rows: tuple[int, ...], origin: Origin | None = None
    ) -> Call:
        """The request for the record at ``index``. Raises SchemaError for inputs that do not fit."""


class ModelVariant:
    """A packaged model. Each record is one request, so that what it cost is known of each."""

    def __init__(self, described: Described, package: Package, params: Mapping[str, Any] | None, seed: int) -> None:
        self._package = package
        self._params = dict(params or {})
        opened = {spec.name for spec in package.signature.params or ()}
        self._seeded = SEED_PARAM in opened and package.task not in ("embeddings", "responses")
        self._first_seed = int(self._params.get(SEED_PARAM, seed)) if self._seeded else 0
        self._planners: dict[int, Planner] = {}
        first = self._planner(0)
        self.caller_params: Mapping[str, Any] = first.caller_params
        self.described = msgspec.structs.replace(
            described, kind="model", model=package.model, fingerprint=_digest(self._asked())
        )

    def _asked(self) -> Any:
        signature = self._package.signature.to_dict()
        return [self._package.saved(), signature, self._params, self._first_seed]

    def _planner(self, repeat: int) -> Planner:
        key = repeat if self._seeded else 0
        if key not in self._planners:
            params = {**self._params, SEED_PARAM: self._first_seed + key} if self._seeded else self._params
            self._planners[key] = self._package.planner(params or None, default_batch_size=1)
        return self._planners[key]

    def call(
        self, index: int, inputs: Mapping[str, Any], repeat: int, rows: tuple[int, ...], origin: Origin | None = None
    ) -> Call:
        """The request for one record."""
        planner = self._planner(repeat)
        if self._package.task in BATCHED_TASKS:
            planned = next(planner.plan_numbered([(index, inputs)]))
        else:
            planned = planner.call(index, inputs)
        return Call(planned.task, planned.body, rows, origin)


class PromptVariant:
    """A version of a registered prompt, sent as a chat to a model."""

    def __init__(self, name: str, prompt: Prompt, model: str, params: Mapping[str, Any] | None, seed: int) -> None:
        self._prompt = prompt
        config = _model_config(prompt)
        config.pop("model_name", None)
        config.pop("model", None)
        self._constant = {**config, **dict(params or {})}
        response_format = _response_format(prompt)
        if response_format is not None:
            self._constant.setdefault("response_format", response_format)
        self._model = model
        self._variables = frozenset(getattr(prompt, "variables", ()) or ())
        self.caller_params: Mapping[str, Any] = {}
        uri = f"prompts:/{prompt.name}/{prompt.version}"
        fingerprint = _digest([prompt.template, model, self._constant])
        self.described = Described(name, "prompt", uri, model, prompt=uri, fingerprint=fingerprint)

    def call(
        self, index: int, inputs: Mapping[str, Any], repeat: int, rows: tuple[int, ...], origin: Origin | None = None
    ) -> Call:
        """The request for one record."""
        lacking = sorted(self._variables - set(inputs))
        if lacking:
            raise SchemaError(
                f"Row {index} lacks the column(s) {lacking}; it has {list(inputs)[:20]}. The prompt "
                f"{self.described.prompt} needs {sorted(self._variables)}."
            )
        given = {name: inputs[name] for name in self._variables} if self._variables else dict(inputs)
        filled = self._prompt.format(**given)
        messages = [{"role": "user", "content": filled}] if isinstance(filled, str) else list(filled)
        return Call("chat.completions", {"model": self._model, "messages": messages, **self._constant}, rows, origin)


class FunctionVariant:
    """A function from inputs to outputs, ordinary or async."""

    def __init__(self, name: str, function: Callable[..., Any], model_id: str | None = None) -> None:
        self.function = function
        place = getattr(function, "__qualname__", type(function).__qualname__)
        source = f"{getattr(function, '__module__', '')}.{place}"
        self.described = Described(name, "function", source, model_id=model_id)


class RecordedVariant:
    """Outputs that the data brings along; nothing is called."""

    def __init__(self, name: str) -> None:
        self.described = Described(name, "recorded")


Variant = ModelVariant | PromptVariant | FunctionVariant | RecordedVariant


def read_variants(given: Any, params: Mapping[str, Any] | None, seed: int) -> list[Variant]:
    """The variants that a user names: a mapping from names, or one.

    Raises InvalidInput for a name that is empty or something that cannot be evaluated, NotFound for a model that
    does not exist, PolicyError for a parameter that a model does not open.
    """
    named = given if isinstance(given, Mapping) else {_name_of(given): given}
    if not named:
        raise InvalidInput("No variants were given; expected a mapping from names to models, prompts or functions.")
    for name in named:
        if not isinstance(name, str) or not name.strip():
            raise InvalidInput(f"A variant's name is {name!r}; expected text that is not empty.")
    return [_read(name, thing, params, seed) for name, thing in named.items()]


def _name_of(thing: Any) -> str:
    if thing is None:
        return "recorded"
    if isinstance(thing, str | Path):
        return str(thing)
    if isinstance(thing, tuple) and thing:
        return _name_of(thing[0])
    return str(getattr(thing, "__name__", "") or getattr(thing, "name", "") or "variant")


def _read(name: str, thing: Any, params: Mapping[str, Any] | None, seed: int) -> Variant:
    from quire.pyfunc.model import PyFuncModel

    if thing is None:
        return RecordedVariant(name)
    if isinstance(thing, Variant):
        return thing
    if isinstance(thing, str) and thing.startswith("prompts:/"):
        return _prompt_variant(name, thing, None, params, seed)
    if isinstance(thing, str | Path):
        return _stored_model(name, thing, params, seed)
    if isinstance(thing, PyFuncModel):
        described = Described(name, "model", model_id=thing.model_id)
        return ModelVariant(described, thing.package, params, seed)
    if isinstance(thing, Package):
        return ModelVariant(Described(name, "model"), thing, params, seed)
    if isinstance(thing, tuple) and len(thing) == 2 and isinstance(thing[1], str):
        return _prompt_variant(name, thing[0], thing[1], params, seed)
    if _is_prompt(thing):
        return _prompt_variant(name, thing, None, params, seed)
    if isinstance(thing, type) or not callable(thing):
        raise InvalidInput(
            f"The variant {name!r} is {_shown(thing)}; expected a model URI, a loaded model, a prompt version with a "
            "model's name as a pair, a function, or None for outputs that the data holds."
        )
    return FunctionVariant(name, thing)


def _stored_model(name: str, uri: str | Path, params: Mapping[str, Any] | None, seed: int) -> ModelVariant:
    from quire.pyfunc import load_model
    from quire.registry import resolve_model_uri

    found = resolve_model_uri(str(uri))
    registered = found.model_version is not None
    loaded = load_model(f"models:/{found.name}/{found.version}" if registered else uri)
    described = Described(
        name,
        "model",
        str(uri),
        model_id=found.model_id or loaded.model_id,
        registered_name=found.name if registered else None,
        registered_version=found.version if registered else None,
    )
    return ModelVariant(described, loaded.package, params, seed)


def _is_prompt(thing: Any) -> bool:
    return not callable(thing) and isinstance(thing, Prompt)


def _prompt_variant(
    name: str, prompt: Any, model: str | None, params: Mapping[str, Any] | None, seed: int
) -> PromptVariant:
    if isinstance(prompt, str):
        from quire.prompts import load_prompt

        prompt = load_prompt(prompt)
    if not isinstance(prompt, Prompt):
        raise InvalidInput(
            f"The variant {name!r} is the pair ({_shown(prompt)}, {model!r}); expected a prompt version and a model."
        )
    chosen = model or _model_config(prompt).get("model_name") or _model_config(prompt).get("model")
    if not chosen:
        raise InvalidInput(
            f"The variant {name!r} is the prompt {prompt.name!r}, and no model is named to answer it. Give a pair, "
            f"such as (prompt, 'gpt-4o-mini'), or register the prompt with a model configuration."
        )
    return PromptVariant(name, prompt, str(chosen), params, seed)


def _model_config(prompt: Prompt) -> dict[str, Any]:
    given = getattr(prompt, "model_config", None)
    if given is None:
        return {}
    if not isinstance(given, Mapping):
        given = given.model_dump(exclude_none=True) if hasattr(given, "model_dump") else msgspec.to_builtins(given)
    known = {key: value for key, value in given.items() if value not in (None, [], {})}
    known.pop("provider", None)
    known.update(known.pop("extra_params", None) or {})
    if "stop_sequences" in known:
        known["stop"] = known.pop("stop_sequences")
    return known


def _response_format(prompt: Prompt) -> Any:
    given = getattr(prompt, "response_format", None)
    if not isinstance(given, Mapping) or not given:
        return None
    if "type" in given and ("json_schema" in given or given["type"] in ("json_object", "text")):
        return dict(given)
    return {"type": "json_schema", "json_schema": {"name": "answer", "schema": dict(given)}}


def _digest(said: Any) -> str:
    return hashlib.sha256(msgspec.json.encode(said, order="deterministic", enc_hook=repr)).hexdigest()


def _shown(thing: Any) -> str:
    text = repr(thing)
    return text if len(text) <= 80 else f"{text[:77]}..."
