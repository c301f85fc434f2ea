"""The template engine: text with variables, compiled once into segments and filled many times.

A packaged model writes a variable as ``{name}`` and a literal brace as ``{{`` or ``}}`` (MLflow's rule, which is
Python's format syntax without positions, attributes, indexes, conversions and format specifications). A name is
made of words joined by single spaces or hyphens, as columns of a dataframe often are: ``{first name}``. A
registered prompt writes ``{{name}}`` and needs no escape; dots may join words, ``{{user.name}}`` (MLflow's rule too).
Both compile to the same :class:`Template`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from quire.domain.errors import TemplateError

Segment = str | tuple[str]
"""Literal text, or a one-tuple that holds a variable's name."""

_BRACE = re.compile(r"\{\{|\}\}|\{[^{}]*\}|[{}]")
_NAME = re.compile(r"[^\W\d]\w*(?:[ -]\w+)*")
_PROMPT_VARIABLE = re.compile(r"\{\{\s*([^\W\d]\w*(?:\.[^\W\d]\w*)*)\s*\}\}")
_REMEDY = "Write a literal brace twice ({{ or }}), and a variable as {name}."


class Template:
    """Text compiled into literal segments and variables.

    Filling one costs a join; a template without variables is returned as it is.
    """

    __slots__ = ("_segments", "source", "variables")

    def __init__(self, source: str, segments: list[Segment]) -> None:
        self.source = source
        self._segments = segments
        self.variables: frozenset[str] = frozenset(part[0] for part in segments if isinstance(part, tuple))

    @property
    def segments(self) -> tuple[Segment, ...]:
        """The literal texts and the variables, in order."""
        return tuple(self._segments)

    def fill(self, values: Mapping[str, str]) -> str:
        """The text with every variable replaced. Raises KeyError for a variable that ``values`` lacks."""
        return "".join([part if isinstance(part, str) else values[part[0]] for part in self._segments])


def parse_format(source: str) -> Template:
    """Compile ``{name}`` templates. Raises TemplateError, naming the place and the remedy."""
    segments: list[Segment] = []
    position = 0
    for match in _BRACE.finditer(source):
        _append(segments, source[position : match.start()])
        token = match.group()
        if token in ("{{", "}}"):
            _append(segments, token[0])
        else:
            segments.append((_variable(source, match),))
        position = match.end()
    _append(segments, source[position:])
    return Template(source, segments)


def parse_prompt(source: str) -> Template:
    """Compile ``{{name}}`` templates; any other brace is literal text."""
    segments: list[Segment] = []
    position = 0
    for match in _PROMPT_VARIABLE.finditer(source):
        _append(segments, source[position : match.start()])
        segments.append((match.group(1),))
        position = match.end()
    _append(segments, source[position:])
    return Template(source, segments)


def _append(segments: list[Segment], text: str) -> None:
    if not text:
        return
    if segments and isinstance(segments[-1], str):
        segments[-1] += text
    else:
        segments.append(text)


def _variable(source: str, match: re.Match[str]) -> str:
    token = match.group()
    name = token[1:-1]
    if _NAME.fullmatch(name):
        return name
    raise TemplateError(f"{_mistake(token, name)} at {_place(source, match.start())}. {_REMEDY}")


def _mistake(token: str, name: str) -> str:
    if token in ("{", "}"):
        return f"A single {token!r}"
    if not name or name.isdecimal():
        return f"A variable without a name, {token!r},"
    if re.fullmatch(r"[A-Za-z_]\w*[.\[!:].*", name, re.DOTALL):
        return f"{token!r} uses an attribute, index, conversion or format, which templates do not have,"
    return f"{token[:60]!r}, which is not a variable name,"


def _place(source: str, index: int) -> str:
    line = source.count("\n", 0, index) + 1
    column = index - source.rfind("\n", 0, index)
    near = source[max(0, index - 20) : index + 30]
    return f"line {line}, column {column}, near {near!r}"


Filler = Callable[[Mapping[str, str]], Any]


class Verbatim:
    """A part of a structured template that is taken as it stands, braces and all."""

    __slots__ = ("value",)

    def __init__(self, value: Any) -> None:
        self.value = value


class StructuredTemplate:
    """A JSON-like value (messages, content parts, tool calls) whose every string is a template.

    Strings are compiled where they stand; what holds no variable is shared between rows, not rebuilt.
    """

    __slots__ = ("_fill", "variables")

    def __init__(self, value: Any, parse: Callable[[str], Template] = parse_format, where: str = "") -> None:
        names: set[str] = set()
        self._fill = _compile(value, parse, names, where)
        self.variables: frozenset[str] = frozenset(names)

    def fill(self, values: Mapping[str, str]) -> Any:
        """The value with every variable replaced. Raises KeyError for a variable that ``values`` lacks."""
        return self._fill(values)


def _compile(value: Any, parse: Callable[[str], Template], names: set[str], where: str) -> Filler:
    if isinstance(value, str):
        return _compile_text(value, parse, names, where)
    if isinstance(value, Mapping):
        return _compile_mapping(value, parse, names, where)
    if isinstance(value, list | tuple):
        items = [_compile(item, parse, names, f"{where}[{index}]") for index, item in enumerate(value)]
        return lambda values: [item(values) for item in items]
    constant = value.value if isinstance(value, Verbatim) else value
    return lambda _values: constant


def _compile_text(value: str, parse: Callable[[str], Template], names: set[str], where: str) -> Filler:
    try:
        template = parse(value)
    except TemplateError as error:
        raise TemplateError(f"{where}: {error.message}" if where else error.message) from None
    names |= template.variables
    if not template.variables:
        text = template.fill({})
        return lambda _values: text
    return template.fill


def _compile_mapping(value: Mapping[str, Any], parse: Callable[[str], Template], names: set[str], where: str) -> Filler:
    inner: set[str] = set()
    entries = [(key, _compile(item, parse, inner, f"{where}.{key}")) for key, item in value.items()]
    names |= inner
    if not inner:
        constant = {key: fill({}) for key, fill in entries}
        return lambda _values: constant
    return lambda values: {key: fill(values) for key, fill in entries}


def escape(text: str) -> str:
    """``text`` with its braces doubled, so that a ``{name}`` template shows it unchanged."""
    return text.replace("{", "{{").replace("}", "}}")


def iter_strings(value: Any) -> Iterator[str]:
    """Every string inside a JSON-like value."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for item in value.values():
            yield from iter_strings(item)
    elif isinstance(value, list | tuple):
        for item in value:
            yield from iter_strings(item)
