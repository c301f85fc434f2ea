"""The template of a registered prompt: text or chat messages, its variables, and how they are filled.

A variable is ``{{name}}``. In a chat template the role, the content (text, or parts that hold text) and the name of a
message are templates; tool calls and ids are literal, as in a packaged model.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from typing import Any

import msgspec

from quire.domain import prompt_jinja
from quire.domain.errors import InvalidInput, TemplateError
from quire.domain.redaction import redact
from quire.domain.template import StructuredTemplate, Template, Verbatim, escape, iter_strings, parse_prompt

Messages = list[dict[str, Any]]
PromptTemplate = str | Messages
TEMPLATED_KEYS = ("role", "content", "name")
RESERVED_VARIABLES = frozenset({"allow_partial", "use_jinja_sandbox"})
"""What ``format`` takes for itself."""
_SHAPE = "text, or a list of messages, each a mapping with 'role' and 'content'"
_SHOWN = 80


def checked_template(template: object) -> PromptTemplate:
    """The template as plain data. Raises InvalidInput for one that is empty, malformed or holds a credential."""
    if isinstance(template, str):
        _refuse_empty(template)
        checked: PromptTemplate = template
    else:
        checked = _checked_messages(template)
    for text in iter_strings(checked):
        if redact(text) != text:
            raise InvalidInput(
                f"The template holds text that looks like a credential: {redact(text)[:120]!r}. Prompts are shared, "
                "so credentials are never stored in them; take it out, or make it a variable."
            )
    reserved = sorted(variables_of(checked) & RESERVED_VARIABLES)
    if reserved:
        raise TemplateError(f"The variable {reserved[0]!r} is an argument of format() itself. Give it another name.")
    return checked


def _refuse_empty(template: str) -> None:
    if not template.strip():
        raise InvalidInput(f"The template is empty ({template[:_SHOWN]!r}); expected {_SHAPE}.")


def _checked_messages(template: object) -> Messages:
    if not isinstance(template, Sequence) or isinstance(template, bytes | bytearray):
        raise InvalidInput(f"The template is {_brief(template)}; expected {_SHAPE}.")
    if not template:
        raise InvalidInput(f"The template is empty; expected {_SHAPE}.")
    return [_checked_message(index, message) for index, message in enumerate(template)]


def _checked_message(index: int, message: object) -> dict[str, Any]:
    where = f"Message {index} of the template"
    if not isinstance(message, Mapping):
        raise InvalidInput(f"{where} is {_brief(message)}; expected a mapping with 'role' and 'content'.")
    try:
        plain: dict[str, Any] = msgspec.json.decode(msgspec.json.encode(dict(message)))
    except (TypeError, msgspec.MsgspecError) as error:
        raise InvalidInput(f"{where} cannot be written as JSON: {error}. Give plain values.") from None
    if not isinstance(plain.get("role"), str) or not plain["role"]:
        raise InvalidInput(f"{where} has the role {plain.get('role')!r}; expected text, such as 'user'.")
    content = plain.get("content")
    if content is None and not plain.get("tool_calls"):
        raise InvalidInput(f"{where} has no 'content'. Give it text, a list of parts, or 'tool_calls'.")
    if not isinstance(content, str | list | None):
        raise InvalidInput(f"{where} has the content {_brief(content)}; expected text or a list of parts.")
    for part in content if isinstance(content, list) else ():
        if not isinstance(part, dict) or not isinstance(part.get("type"), str):
            raise InvalidInput(
                f"{where} has the part {_brief(part)}; expected a mapping such as {{'type': 'text', 'text': '…'}}."
            )
    return plain


def variables_of(template: PromptTemplate) -> frozenset[str]:
    """The names of a template's variables."""
    return frozenset(_compiled(template).variables)


def is_jinja(template: PromptTemplate) -> bool:
    """Whether a template uses Jinja's control blocks (``{% … %}``), as MLflow tells."""
    return any("{%" in text and "%}" in text for text in _templated_strings(template))


def filled(template: PromptTemplate, values: Mapping[str, Any], what: str) -> PromptTemplate:
    """The template with all its variables replaced by the texts of their values, in one pass.

    ``what`` names the prompt in errors. Raises TemplateError for a variable without a value, and for a value that
    belongs to no variable; MissingExtra for a Jinja template where Jinja is not installed.
    """
    if is_jinja(template):
        return _rendered(template, values, what)
    known = variables_of(template)
    refuse_unknown(values, known, what)
    missing = sorted(known - values.keys())
    if missing:
        raise TemplateError(
            f"{what} has no value for {_listed(missing)}. Its variables: {_listed(sorted(known))}. Give them all, or "
            "fill some by allow_partial=True."
        )
    done = _compiled(template).fill({name: _text(name, value, what) for name, value in values.items()})
    return done if isinstance(done, str) else _copied(done)


def partly_filled(template: PromptTemplate, values: Mapping[str, Any], what: str) -> PromptTemplate:
    """The template with some variables replaced; the others stay.

    Raises TemplateError for a value that would bring a new variable.
    """
    known = variables_of(template)
    refuse_unknown(values, known, what)
    if is_jinja(template):
        raise TemplateError(f"{what} is a Jinja template, which cannot be filled in part. Give all values at once.")
    texts = {name: _text(name, value, what) for name, value in values.items()}
    for name, text in texts.items():
        if parse_prompt(text).variables:
            raise TemplateError(
                f"The value of {name!r} holds {{{{…}}}}, which would become a variable of the partly filled prompt. "
                "Give all values at once."
            )
    return mapped(template, lambda text: _partly(parse_prompt(text), texts))


def refuse_unknown(values: Mapping[str, Any], known: frozenset[str], what: str) -> None:
    """Refuse a value that belongs to no variable."""
    unknown = sorted(set(values) - known)
    if unknown:
        raise TemplateError(f"{what} has no variable {_listed(unknown)}. Its variables: {_listed(sorted(known))}.")


def single_braces(template: PromptTemplate) -> PromptTemplate:
    """The template with ``{name}`` for ``{{name}}`` and all else as it is, as MLflow converts it."""
    return mapped(
        template,
        lambda text: "".join(
            part if isinstance(part, str) else f"{{{part[0]}}}" for part in parse_prompt(text).segments
        ),
    )


def packaged(template: PromptTemplate, what: str) -> PromptTemplate:
    """The template as a packaged model writes it: ``{name}`` for a variable, and other braces doubled.

    Raises TemplateError for what a packaged model has not: Jinja, and variables with dots.
    """
    if is_jinja(template):
        raise TemplateError(f"{what} is a Jinja template; a packaged model takes {{name}} variables alone.")
    dotted = sorted(name for name in variables_of(template) if "." in name)
    if dotted:
        raise TemplateError(f"{what} has the variable {dotted[0]!r}; a packaged model's variables hold no dot.")
    return mapped(
        template,
        lambda text: "".join(
            escape(part) if isinstance(part, str) else f"{{{part[0]}}}" for part in parse_prompt(text).segments
        ),
    )


def mapped(template: PromptTemplate, change: Callable[[str], str]) -> PromptTemplate:
    """The template with every text that may hold variables changed."""
    if isinstance(template, str):
        return change(template)
    return [
        {key: _mapped_value(value, change) if key in TEMPLATED_KEYS else value for key, value in message.items()}
        for message in template
    ]


def _mapped_value(value: Any, change: Callable[[str], str]) -> Any:
    if isinstance(value, str):
        return change(value)
    if isinstance(value, dict):
        return {key: _mapped_value(item, change) for key, item in value.items()}
    if isinstance(value, list):
        return [_mapped_value(item, change) for item in value]
    return value


def _copied(value: Any) -> Any:
    """A copy that its caller may change: what holds no variable is shared by all who fill the template."""
    if isinstance(value, dict):
        return {key: _copied(item) for key, item in value.items()}
    return [_copied(item) for item in value] if isinstance(value, list) else value


def _templated_strings(template: PromptTemplate) -> list[str]:
    if isinstance(template, str):
        return [template]
    values = [message[key] for message in template for key in TEMPLATED_KEYS if key in message]
    return list(iter_strings(values))


def _compiled(template: PromptTemplate) -> Template | StructuredTemplate:
    if isinstance(template, str):
        return _compiled_text(template)
    return _compiled_messages(msgspec.json.encode(template))


@lru_cache(maxsize=1024)
def _compiled_text(template: str) -> Template:
    return parse_prompt(template)


@lru_cache(maxsize=1024)
def _compiled_messages(encoded: bytes) -> StructuredTemplate:
    messages: Messages = msgspec.json.decode(encoded)
    literal = [
        {key: value if key in TEMPLATED_KEYS else Verbatim(value) for key, value in message.items()}
        for message in messages
    ]
    return StructuredTemplate(literal, parse_prompt)


def _rendered(template: PromptTemplate, values: Mapping[str, Any], what: str) -> PromptTemplate:
    names = frozenset().union(*(prompt_jinja.variables_of(text, what) for text in _templated_strings(template)))
    refuse_unknown(values, names | variables_of(template), what)
    return mapped(template, lambda text: prompt_jinja.render(text, values, what))


def _partly(template: Template, texts: Mapping[str, str]) -> str:
    if not template.variables & texts.keys():
        return template.source
    return re.sub(r"\{\{\s*([\w.]+)\s*\}\}", lambda match: texts.get(match.group(1), match.group()), template.source)


def _text(name: str, value: object, what: str) -> str:
    if isinstance(value, str):
        return value
    if value is None:
        raise TemplateError(f"{what} was given None for the variable {name!r}. Give it a value, '' for no text.")
    return str(value)


def _listed(names: Sequence[str]) -> str:
    return ", ".join(repr(name) for name in names) or "none"


def _brief(value: object) -> str:
    text = repr(value)
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}…"
