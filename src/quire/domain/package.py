"""A packaged OpenAI application: task, model name, template, fixed parameters, signature.

It is pure data. Planning turns input rows into calls, reading turns answers into outputs; neither touches the
network or the disk.
"""

from __future__ import annotations

import functools
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import msgspec

from quire.domain.calls import Call, Task
from quire.domain.errors import InvalidInput, PolicyError, TemplateError
from quire.domain.outputs import OUTPUT_SCHEMAS
from quire.domain.policy import CALLER_PARAMS, OnUnknown, refuse_fixed_and_open, resolve_params
from quire.domain.redaction import redact
from quire.domain.rows import Row, RowReader
from quire.domain.schema import ColSpec, DataType, Schema
from quire.domain.signature import ModelSignature
from quire.domain.template import StructuredTemplate, Verbatim, iter_strings

BATCHED_TASKS: frozenset[Task] = frozenset({"completions", "embeddings"})
"""Tasks whose requests carry many inputs each."""

MAX_BATCH_BYTES = 600_000
"""Text in one request at most: OpenAI refuses embeddings requests of more than 300,000 tokens in all, and two bytes
a token is dense text."""

TEMPLATE_KEYS: dict[Task, tuple[str, ...]] = {
    "chat.completions": ("messages",),
    "completions": ("prompt",),
    "embeddings": (),
    "responses": ("input", "instructions"),
}

_MESSAGE_TEMPLATE_KEYS = ("role", "content", "name")
_CREDENTIAL = "a credential; credentials come from the environment (OPENAI_API_KEY) when the model is used"
_DELIVERY = "how an answer is delivered, which the caller of predict or predict_stream chooses"
_SERVICE = "where requests go, which the environment says when the model is used (OPENAI_BASE_URL and the like)"
NEVER_FIXED: dict[str, str] = {
    **dict.fromkeys(("api_key", "api_token", "azure_ad_token", "azure_ad_token_provider"), _CREDENTIAL),
    **dict.fromkeys(("extra_headers", "default_headers", "headers"), "a place for credentials"),
    **dict.fromkeys(("stream", "stream_options"), _DELIVERY),
    **dict.fromkeys(("api_base", "base_url", "api_type", "api_version", "azure_endpoint", "organization"), _SERVICE),
    **dict.fromkeys(("engine", "deployment_id", "deployment_name", "azure_deployment"), _SERVICE),
    **dict.fromkeys(("extra_query", "default_query", "http_client"), _SERVICE),
    "request_timeout": "the old name of `timeout`",
}
"""Keywords that no package may fix, with what each is. Some packages written by MLflow hold them, never sent."""


class Package(msgspec.Struct, frozen=True, kw_only=True):
    """A model name and task with its template, the parameters it fixes, and its signature.

    ``template`` holds the task's template keys (``messages``; ``prompt``; ``input`` and ``instructions``); ``fixed``
    all other keywords, sent with every request.
    """

    model: str
    task: Task
    template: dict[str, Any] = msgspec.field(default_factory=dict)
    fixed: dict[str, Any] = msgspec.field(default_factory=dict)
    signature: ModelSignature = msgspec.field(default_factory=ModelSignature)

    @property
    def variables(self) -> frozenset[str]:
        """The names of the template's variables. Raises TemplateError if it cannot be compiled."""
        return compile_template(self).variables

    def saved(self) -> dict[str, Any]:
        """The content of ``model.yaml``: model, task and every keyword."""
        return {"model": self.model, "task": self.task, **self.template, **self.fixed}

    def planner(
        self,
        params: Mapping[str, Any] | None = None,
        *,
        on_unknown: OnUnknown = "raise",
        default_batch_size: int = 1024,
    ) -> Planner:
        """A planner of calls with these parameters. Raises PolicyError for one that is not allowed."""
        return Planner(self, params, on_unknown, default_batch_size)


def make_package(
    model: str, task: Task, keywords: Mapping[str, Any], signature: ModelSignature | None = None
) -> Package:
    """A package from what a user gave to save or log it; checked so that prediction cannot fail for its sake.

    The signature's inputs and outputs are inferred from the template where they are absent. Raises InvalidInput,
    TemplateError, SchemaError or PolicyError.
    """
    _refuse_nameless(model)
    package = split_keywords(model, task, plain_keywords(keywords))
    _refuse_never_fixed(package.fixed)
    _refuse_secrets(package)
    given = signature or ModelSignature()
    refuse_fixed_and_open({**package.template, **package.fixed}, given.params)
    _refuse_unused_batch_size(package, given)
    compiled = compile_template(package)
    inputs = given.inputs or infer_inputs(compiled.variables)
    RowReader(compiled.variables, inputs)
    complete = ModelSignature(inputs, given.outputs or OUTPUT_SCHEMAS[task], given.params)
    return msgspec.structs.replace(package, signature=complete)


def _refuse_nameless(model: object) -> None:
    if not isinstance(model, str) or not model.strip():
        raise InvalidInput(f"`model` is {_brief(model)}; expected the model's name, such as 'gpt-4o-mini'.")


def plain_keywords(keywords: Mapping[str, Any]) -> dict[str, Any]:
    """The keywords that are set, as plain JSON values. Raises InvalidInput, naming one that is not JSON."""
    return {name: _plain(name, value) for name, value in keywords.items() if value is not None}


def _plain(name: str, value: Any) -> Any:
    try:
        return msgspec.json.decode(msgspec.json.encode(value, enc_hook=_plain_object))
    except (TypeError, ValueError, msgspec.MsgspecError) as error:
        raise InvalidInput(
            f"`{name}` is {_brief(value)}, which cannot be written as JSON ({error}). Give it as a plain value: "
            "text, number, list or mapping."
        ) from None


def _plain_object(value: Any) -> Any:
    """Objects that the OpenAI SDK itself would take: its own (pydantic) models, and NumPy's scalars."""
    for convert in ("model_dump", "tolist"):
        if hasattr(value, convert) and not isinstance(value, type):
            return getattr(value, convert)(**({"exclude_none": True} if convert == "model_dump" else {}))
    raise TypeError(f"it holds an object of type {type(value).__name__}")


def split_keywords(model: str, task: Task, keywords: Mapping[str, Any]) -> Package:
    """A package whose keywords are told apart into template and fixed parameters; nothing is checked."""
    template = {key: keywords[key] for key in TEMPLATE_KEYS[task] if keywords.get(key) not in (None, "", [])}
    if task == "responses" and "input" not in template and keywords.get("messages"):
        template = {"input": keywords["messages"], **template}
    known = {*TEMPLATE_KEYS[task], *({"messages"} if task == "responses" else ())}
    fixed = {key: value for key, value in keywords.items() if key not in known and value is not None}
    return Package(model=model, task=task, template=template, fixed=fixed)


def infer_inputs(variables: frozenset[str]) -> Schema:
    """One unnamed string column for at most one variable; else one named string column each, sorted."""
    if len(variables) <= 1:
        return Schema([ColSpec(DataType.string)])
    return Schema([ColSpec(DataType.string, name) for name in sorted(variables)])


def _refuse_never_fixed(fixed: Mapping[str, Any]) -> None:
    for name in fixed:
        if name in NEVER_FIXED:
            raise PolicyError(f"{name!r} cannot be saved with a model: it is {NEVER_FIXED[name]}.")


def _refuse_unused_batch_size(package: Package, signature: ModelSignature) -> None:
    names = {*package.fixed, *(spec.name for spec in signature.params or ())}
    if "batch_size" in names and package.task not in BATCHED_TASKS:
        raise PolicyError(
            f"'batch_size' has no meaning for the task {package.task!r}, which sends one row a request; "
            "max_concurrency of predict says how many are sent at once."
        )


def _refuse_secrets(package: Package) -> None:
    for text in iter_strings([package.template, package.fixed]):
        if redact(text) != text:
            raise InvalidInput(
                f"The model holds text that looks like a credential: {redact(text)[:120]!r}. A packaged model is "
                "shared as files, so credentials are never stored in it; take it out."
            )


class CompiledTemplate(msgspec.Struct, frozen=True):
    """The template parts of a package, ready to fill."""

    parts: dict[str, StructuredTemplate]
    variables: frozenset[str]


@functools.lru_cache(maxsize=256)
def _compile_cached(task: Task, encoded: bytes) -> CompiledTemplate:
    parts: dict[str, StructuredTemplate] = {}
    for key, value in msgspec.json.decode(encoded).items():
        parts[key] = _COMPILERS[key](value)
    names: frozenset[str] = frozenset().union(*(part.variables for part in parts.values()))
    return CompiledTemplate(parts, names)


def compile_template(package: Package) -> CompiledTemplate:
    """The package's template, compiled. Raises InvalidInput for malformed messages and TemplateError."""
    try:
        return _compile_cached(package.task, msgspec.json.encode(package.template))
    except TypeError as error:
        raise InvalidInput(f"The template cannot be written as JSON: {error}.") from None


def _compile_messages(messages: Any) -> StructuredTemplate:
    shape = "a list of mappings, each with the keys 'role' and 'content'"
    if not isinstance(messages, list | tuple) or not messages:
        raise InvalidInput(f"`messages` is {_brief(messages)}; expected {shape}.")
    for index, message in enumerate(messages):
        if not isinstance(message, Mapping) or "role" not in message:
            if not (isinstance(message, Mapping) and "type" in message):
                raise InvalidInput(f"`messages[{index}]` is {_brief(message)}; `messages` must be {shape}.")
        elif "content" not in message and "tool_calls" not in message:
            raise InvalidInput(f"`messages[{index}]` has no 'content'; `messages` must be {shape}.")
    return StructuredTemplate([_templated(message) for message in messages], where="messages")


def _templated(message: Mapping[str, Any]) -> dict[str, Any]:
    """Role, name and content of a message are templates, in this order; tool calls, ids and the like are literal."""
    first = {key: message[key] for key in _MESSAGE_TEMPLATE_KEYS if key in message}
    return first | {key: Verbatim(value) for key, value in message.items() if key not in first}


def _compile_text(key: str) -> Any:
    def compile_text(value: Any) -> StructuredTemplate:
        if not isinstance(value, str):
            raise InvalidInput(f"`{key}` is {_brief(value)}; expected text.")
        return StructuredTemplate(value, where=key)

    return compile_text


def _compile_input(value: Any) -> StructuredTemplate:
    if isinstance(value, str):
        return StructuredTemplate(value, where="input")
    return _compile_messages(value)


_COMPILERS: dict[str, Any] = {
    "messages": _compile_messages,
    "prompt": _compile_text("prompt"),
    "instructions": _compile_text("instructions"),
    "input": _compile_input,
}


def _brief(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 80 else f"{text[:77]}..."


class Planner:
    """Plans input rows into calls, with one set of parameters in force.

    ``caller_params`` are the parameters that steer the caller (``max_retries``, ``timeout``); ``ignored`` the
    names that were given and left out.
    """

    def __init__(
        self,
        package: Package,
        params: Mapping[str, Any] | None,
        on_unknown: OnUnknown,
        default_batch_size: int,
    ) -> None:
        signature = package.signature
        resolved, self.ignored = resolve_params(signature.params, params, on_unknown)
        sent = {**package.fixed, **resolved}
        extra = sent.pop("extra_body", None) or {}
        self.caller_params = {name: sent.pop(name) for name in CALLER_PARAMS & sent.keys()}
        self._task = package.task
        self._constant = {"model": package.model, **sent, **extra}
        compiled = compile_template(package)
        self._parts = compiled.parts
        self._appends = not compiled.variables
        self._reader = RowReader(compiled.variables, signature.inputs)
        self._batch_size = self._checked_batch_size(default_batch_size)
        if package.task == "embeddings":
            self._constant.setdefault("encoding_format", "base64")

    def _checked_batch_size(self, default: int) -> int:
        size = self.caller_params.get("batch_size", default)
        if isinstance(size, bool) or not isinstance(size, int) or size < 1:
            raise PolicyError(f"'batch_size' is {size!r}; expected a whole number of at least 1.")
        return size

    def plan(self, rows: Iterable[Row], start: int = 0) -> Iterator[Call]:
        """The calls that answer ``rows``, in order; rows are numbered from ``start``.

        Raises SchemaError at the row that does not fit.
        """
        return self.plan_numbered(enumerate(rows, start))

    def plan_numbered(self, numbered: Iterable[tuple[int, Row]]) -> Iterator[Call]:
        """As :meth:`plan`, for rows that bring their positions."""
        if self._task in BATCHED_TASKS:
            return self._plan_batches(iter(numbered))
        return (self.call(index, row) for index, row in numbered)

    def check(self, index: int, row: Row) -> None:
        """Raise SchemaError if the row does not fit."""
        self._reader.read(index, row)

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns that are read where they exist; none when a single input may have any name."""
        return self._reader.columns

    @property
    def batch_size(self) -> int:
        """How many rows one request answers."""
        return self._batch_size if self._task in BATCHED_TASKS else 1

    def call(self, index: int, row: Row) -> Call:
        """The call of one row of a task that answers one row a request."""
        values = self._reader.read(index, row)
        return Call(self._task, _BODIES[self._task](self, values), (index,))

    def _plan_batches(self, numbered: Iterator[tuple[int, Row]]) -> Iterator[Call]:
        key = "input" if self._task == "embeddings" else "prompt"
        texts = ((index, self._batch_text(index, row)) for index, row in numbered)
        for batch in _batches(texts, self._batch_size, MAX_BATCH_BYTES):
            body = {"model": self._constant["model"], key: [text for _index, text in batch], **self._constant}
            yield Call(self._task, body, tuple(index for index, _text in batch))

    def _batch_text(self, index: int, row: Row) -> str:
        values = self._reader.read(index, row)
        template = self._parts.get("prompt")
        if template is None:
            return next(iter(values.values()))
        filled: str = template.fill(values)
        return f"{filled}{values['']}" if self._appends else filled

    def _chat_body(self, values: dict[str, str]) -> dict[str, Any]:
        template = self._parts.get("messages")
        messages = template.fill(values) if template is not None else []
        if self._appends:
            messages.append({"role": "user", "content": values[""]})
        return {"model": self._constant["model"], "messages": messages, **self._constant}

    def _responses_body(self, values: dict[str, str]) -> dict[str, Any]:
        parts = {key: template.fill(values) for key, template in self._parts.items()}
        if self._appends:
            given = parts.get("input")
            turn = {"role": "user", "content": values[""]}
            if given is None:
                parts["input"] = values[""]
            elif isinstance(given, str):
                parts["input"] = [{"role": "user", "content": given}, turn]
            else:
                given.append(turn)
        return {"model": self._constant["model"], **parts, **self._constant}


def _batches(texts: Iterable[tuple[int, str]], most_texts: int, most_bytes: int) -> Iterator[list[tuple[int, str]]]:
    """Texts in lists of at most so many texts and bytes; a text that is larger by itself goes alone."""
    batch: list[tuple[int, str]] = []
    size = 0
    for index, text in texts:
        added = len(text) if text.isascii() else len(text.encode())
        if batch and (len(batch) >= most_texts or size + added > most_bytes):
            yield batch
            batch, size = [], 0
        batch.append((index, text))
        size += added
    if batch:
        yield batch


_BODIES: dict[Task, Any] = {
    "chat.completions": Planner._chat_body,
    "responses": Planner._responses_body,
}

__all__ = [
    "BATCHED_TASKS",
    "NEVER_FIXED",
    "Package",
    "Planner",
    "TemplateError",
    "compile_template",
    "infer_inputs",
    "make_package",
    "plain_keywords",
    "split_keywords",
]
