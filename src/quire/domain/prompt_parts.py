"""Composition: a template that includes others by ``{{> partial@alias }}`` or ``{{> partial/3 }}``.

Parts are put in their places when a version is registered, and pinned to the versions that their aliases point at
then: a stored template is whole, so that it stays as it is when an alias moves, and any client can read it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable

import msgspec

from quire.domain.errors import NotFound, TemplateError
from quire.domain.prompt_text import PromptTemplate, mapped
from quire.domain.prompt_uris import SCHEME, PromptUri, parse_reference
from quire.domain.prompts import PromptPart, PromptVersion
from quire.domain.template import iter_strings

_PART = re.compile(r"\{\{>\s*([^{}]*?)\s*\}\}")
Resolve = Callable[[PromptUri], PromptVersion]
"""Loads the version that a part names. Raises NotFound."""


class Composed(msgspec.Struct, frozen=True):
    """A template with its parts in their places, and what they are."""

    template: PromptTemplate
    parts: list[PromptPart]


def compose(name: str, template: PromptTemplate, resolve: Resolve) -> Composed:
    """The template of a new version of ``name`` with every part in its place; each part is loaded once.

    Raises TemplateError for a part that is no text prompt, is written wrongly, or leads back to ``name``; NotFound for
    one that does not exist.
    """
    parts: dict[str, tuple[PromptPart, str]] = {}

    def text_of(match: re.Match[str]) -> str:
        reference = match.group(1)
        if reference not in parts:
            parts[reference] = _part(name, reference, resolve)
        return parts[reference][1]

    whole = mapped(template, lambda text: _PART.sub(text_of, text))
    return Composed(whole, [part for part, _ in parts.values()])


def part_names(template: PromptTemplate) -> list[str]:
    """The names of the prompts that a template, as it was written, includes."""
    references = [match.group(1) for text in iter_strings(template) for match in _PART.finditer(text)]
    uris = [parse_reference(reference.removeprefix(SCHEME)) for reference in dict.fromkeys(references)]
    return [uri.name for uri in uris if uri is not None]


def _part(name: str, reference: str, resolve: Resolve) -> tuple[PromptPart, str]:
    uri = parse_reference(reference.removeprefix(SCHEME))
    if uri is None:
        raise TemplateError(
            f"The part {{{{> {reference} }}}} of the prompt {name!r} names no version of a prompt. Write "
            "{{> NAME@ALIAS }} or {{> NAME/VERSION }}; the newest version is {{> NAME@latest }}."
        )
    if uri.name == name:
        raise _cycle([name, name])
    try:
        found = resolve(uri)
    except NotFound as error:
        raise NotFound(
            f"The prompt {name!r} includes {{{{> {reference} }}}}, which does not exist: {error.message}"
        ) from error
    if not isinstance(found.template, str):
        raise TemplateError(
            f"The prompt {name!r} includes {{{{> {reference} }}}}, which is a list of messages. Only a text prompt can "
            "be part of another."
        )
    way = _way_to(name, found.parts)
    if way is not None:
        raise _cycle([name, found.name, *way])
    return PromptPart(reference, found.name, found.version, found.parts), found.template


def _way_to(name: str, parts: Iterable[PromptPart]) -> list[str] | None:
    for part in parts:
        if part.name == name:
            return [name]
        way = _way_to(name, part.parts)
        if way is not None:
            return [part.name, *way]
    return None


def _cycle(names: list[str]) -> TemplateError:
    return TemplateError(
        f"The prompt {names[0]!r} would include itself: {' → '.join(names)}. Take one of these parts out."
    )
