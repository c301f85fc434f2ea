"""Proposing other templates: what a proposer is told, and what of its proposals is taken."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import msgspec

from quire.domain.errors import InvalidInput, QuireError
from quire.domain.prompt_text import PromptTemplate, checked_template, is_jinja, variables_of
from quire.domain.redaction import redact

_SHOWN = 400


class Example(msgspec.Struct, frozen=True, kw_only=True):
    """A development record that the current template did badly on; ``score`` is None where there was none."""

    inputs: dict[str, Any]
    expected: dict[str, Any] | None = None
    answered: Any = None
    error: str | None = None
    score: float | None = None
    rationale: str = ""


class Tried(msgspec.Struct, frozen=True):
    """A template that was evaluated, and its mean score."""

    template: PromptTemplate
    score: float


class Request(msgspec.Struct, frozen=True, kw_only=True):
    """What a proposer is told: the template to better, its variables, the task, where it did badly, what was tried.

    ``wanted`` is how many templates it should give. ``examples`` are of the development split alone. ``limit_usd``
    (US dollars) and ``limit_calls`` are what it may spend, None without a limit.
    """

    template: PromptTemplate
    variables: list[str]
    task: str
    objective: str
    higher_is_better: bool
    score: float
    examples: list[Example]
    tried: list[Tried]
    wanted: int
    round: int
    seed: int
    limit_usd: float | None = None
    limit_calls: int | None = None


Proposer = Callable[[Request], Sequence[Any]]
"""Anything that is called with a Request and answers with templates: a function, or an object with ``__call__``.

One that asks a service may have ``spent`` (a :class:`quire.scorers.Spend`), which counts against the budget, and raises
NoProposal where it has none to give. What it answers is checked by :func:`accepted`.
"""


class NoProposal(QuireError):
    """A proposer had nothing to propose: its model failed, refused, or answered with something else.

    ``lasting`` says that asking again would end alike: the search ends then, and what was found is kept.
    """

    error_code = "INVALID_PARAMETER_VALUE"

    def __init__(self, message: str, *, lasting: bool = False) -> None:
        self.lasting = lasting
        super().__init__(message)


class Discarded(msgspec.Struct, frozen=True, kw_only=True):
    """A proposal that was not tried, in what round, and why not."""

    round: int
    reason: str
    template: str = ""


class Sifted(msgspec.Struct, frozen=True):
    """Proposals that may be tried, and those that may not."""

    templates: list[PromptTemplate]
    discarded: list[Discarded]


def accepted(original: PromptTemplate, proposals: Sequence[Any], known: Sequence[PromptTemplate], round: int) -> Sifted:
    """The proposals that may stand for ``original``, and those that may not. None is mended."""
    sifted = Sifted([], [])
    for proposal in proposals:
        try:
            sifted.templates.append(_checked(original, proposal, [*known, *sifted.templates]))
        except QuireError as error:
            sifted.discarded.append(Discarded(round=round, reason=redact(error.message), template=_brief(proposal)))
    return sifted


def _checked(original: PromptTemplate, proposal: Any, known: Sequence[PromptTemplate]) -> PromptTemplate:
    template = checked_template(proposal)
    if isinstance(template, str) is not isinstance(original, str):
        wanted = "text" if isinstance(original, str) else "a list of messages"
        raise InvalidInput(f"It is of another form; expected {wanted}, as the original is.")
    if is_jinja(template) is not is_jinja(original):
        raise InvalidInput("It is written in Jinja and the original is not, or the other way round.")
    if any("{{>" in text for text in _texts(template)):
        raise InvalidInput("It includes another prompt ({{> … }}), which a proposal may not.")
    wanted_names, names = variables_of(original), variables_of(template)
    if wanted_names - names:
        raise InvalidInput(f"It drops the variable(s) {_listed(wanted_names - names)}.")
    if names - wanted_names:
        raise InvalidInput(f"It adds the unknown variable(s) {_listed(names - wanted_names)}.")
    if template in known:
        raise InvalidInput("It was tried already.")
    return template


def _texts(template: PromptTemplate) -> list[str]:
    return [template] if isinstance(template, str) else [str(message.get("content")) for message in template]


def _listed(names: frozenset[str]) -> str:
    return ", ".join(f"{{{{{name}}}}}" for name in sorted(names))


def _brief(proposal: Any) -> str:
    text = redact(proposal if isinstance(proposal, str) else repr(proposal))
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}…"
