"""A YAML file that says what to evaluate and what must hold: the file that a pull request is checked by.

Data only: scorers are Quire's own by name, with their parameters; nothing in the file is run.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec

from quire.domain.errors import InvalidInput
from quire.domain.gates import Gate, read_gate
from quire.models.yamltext import read_yaml_file
from quire.scorers.by_name import named_scorer

_PROMPT = "prompts:/"


class VariantPlan(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A prompt version and the model that is asked with it."""

    prompt: str
    model: str


class Plan(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What an evaluation file holds.

    ``data`` is a dataset's name or URI, or a file beside the plan. ``variants`` are model URIs, or prompts with a
    model. ``scorers`` are names of Quire's scorers, or mappings from a name to its parameters. ``gate`` compares
    ``challenger`` (the last variant unless named) with the variant that it names, by default the first. ``primary``
    names the scores that the comparison's verdict is made of; the gate does not look at it.
    """

    data: str
    variants: dict[str, str | VariantPlan]
    scorers: list[str | dict[str, dict[str, Any] | None]]
    repeats: int = 1
    seed: int = 0
    params: dict[str, Any] = msgspec.field(default_factory=dict)
    max_cost_usd: float | None = None
    max_concurrency: int | None = None
    experiment: str | None = None
    name: str | None = None
    challenger: str | None = None
    gate: dict[str, Any] | None = None
    primary: str | list[str] = msgspec.field(default_factory=list)


class CheckedPlan(msgspec.Struct, frozen=True, kw_only=True):
    """A plan whose names are known: what :func:`quire.evaluate` is given, and the gate."""

    plan: Plan
    data: str
    variants: dict[str, Any]
    scorers: list[Any]
    gate: Gate | None
    champion: str
    challenger: str


def read_plan(path: str | Path) -> CheckedPlan:
    """Read an evaluation file. Raises InvalidInput, naming the file and the field."""
    file = Path(path)
    raw = read_yaml_file(file, "an evaluation")
    try:
        plan = msgspec.convert(raw, Plan)
    except (msgspec.ValidationError, RecursionError) as error:
        fields = ", ".join(Plan.__struct_fields__)
        raise InvalidInput(f"{file} cannot be read: {error}. The fields of an evaluation file: {fields}.") from None
    return _checked(plan, file)


def _checked(plan: Plan, file: Path) -> CheckedPlan:
    if not plan.variants:
        raise InvalidInput(f"{file} names no variants; expected at least one, such as variants: {{a: models:/m/1}}.")
    gate = None if plan.gate is None else read_gate({"better_than": next(iter(plan.variants)), **plan.gate})
    challenger = plan.challenger or list(plan.variants)[-1]
    champion = gate.better_than if gate is not None else next(iter(plan.variants))
    for name in [challenger, *([champion] if gate is not None else [])]:
        if name not in plan.variants:
            known = ", ".join(plan.variants)
            raise InvalidInput(f"{file} compares with {name!r}, which is no variant of it; it has {known}.")
    if gate is not None and champion == challenger:
        raise InvalidInput(f"{file} compares {challenger!r} with itself; name two variants.")
    return CheckedPlan(
        plan=plan,
        data=_data(plan.data, file),
        variants={name: _variant(one) for name, one in plan.variants.items()},
        scorers=[_scorer(one, file) for one in plan.scorers],
        gate=gate,
        champion=champion,
        challenger=challenger,
    )


def _data(name: str, file: Path) -> str:
    beside = file.parent / name
    return str(beside) if beside.is_file() else name


def _variant(said: str | VariantPlan) -> Any:
    if isinstance(said, VariantPlan):
        from quire.prompts.loading import load_prompt

        return load_prompt(said.prompt), said.model
    if said.startswith(_PROMPT):
        raise InvalidInput(f"{said} is a prompt, and needs a model: {{prompt: {said}, model: gpt-4o-mini}}.")
    return said


def _scorer(said: str | dict[str, dict[str, Any] | None], file: Path) -> Any:
    if isinstance(said, str):
        return named_scorer(said, {})
    if len(said) != 1:
        raise InvalidInput(
            f"{file} has a scorer with {len(said)} names; expected one: {{regex_match: {{pattern: …}}}}."
        )
    name, parameters = next(iter(said.items()))
    return named_scorer(name, parameters or {})
