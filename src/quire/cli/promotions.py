"""``quire promote``, ``quire rollback``, ``quire promotions``: which version serves, why, and back."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from quire.cli.evals import GATE_FAILED
from quire.cli.output import Output

if TYPE_CHECKING:
    from rich.console import Console

ReasonOption = Annotated[str, typer.Option("--reason", "-r", help="Why; the record keeps it.")]


def promote(
    out: Output,
    uri: Annotated[str, typer.Argument(metavar="MODEL", help="models:/NAME/VERSION")],
    evidence: Annotated[
        list[str] | None, typer.Option("--evidence", "-e", metavar="RUN", help="The run of an evaluation; may repeat.")
    ] = None,
    gate: Annotated[Path | None, typer.Option("--gate", metavar="FILE", help="The gate, in YAML.")] = None,
    scorer: Annotated[str | None, typer.Option("--scorer", "-s", help="The score that must be better.")] = None,
    confidence: Annotated[float, typer.Option("--confidence", help="With --scorer.")] = 0.95,
    not_worse: Annotated[
        list[str] | None, typer.Option("--not-worse", metavar="SCORE=RATIO", help="Such as cost_usd=1.2; may repeat.")
    ] = None,
    alias: Annotated[str, typer.Option("--alias", help="The alias to move.")] = "champion",
    force: Annotated[bool, typer.Option("--force", help="Without evidence, or against it; needs --reason.")] = False,
    reason: ReasonOption = "",
) -> None:
    """Point an alias at a version if its gate passes; 3 is the exit code if it does not."""
    from quire.cli.endpoints_table import followers
    from quire.rollout import PromotionRefused
    from quire.rollout import promote as carry_out

    wanted = _gate(gate, scorer, confidence, not_worse)
    try:
        made = carry_out(uri, wanted, evidence or None, alias=alias, force=force, reason=reason)
    except PromotionRefused as refused:
        result = refused.result
        shown = {"promoted": False, "checks": result.checks}
        out.emit(shown, lambda console: console.print(str(result), markup=False, highlight=False))
        raise typer.Exit(GATE_FAILED) from None
    said = [str(made.result)] if made.result is not None else []
    out.emit(made, lambda console: _print(console, [*said, str(made), *followers(made.name, made.alias)]))


def rollback(
    out: Output,
    uri: Annotated[str, typer.Argument(metavar="MODEL", help="models:/NAME@ALIAS")],
    reason: ReasonOption = "",
) -> None:
    """Move an alias back to the version that it had before."""
    from quire.cli.endpoints_table import followers
    from quire.rollout import rollback as carry_out

    made = carry_out(uri, reason=reason)
    out.emit(made, lambda console: _print(console, [str(made), *followers(made.name, made.alias)]))


def _print(console: Console, lines: list[str]) -> None:
    console.print("\n".join(lines), markup=False, highlight=False)


def promotions(
    out: Output,
    name: Annotated[str, typer.Argument(metavar="NAME", help="A registered model.")],
    alias: Annotated[str | None, typer.Option("--alias", help="Only of this alias.")] = None,
) -> None:
    """List what became of a model's aliases, newest first."""
    from quire.cli.promotions_table import show
    from quire.rollout import promotions as listed

    found = listed(name, alias)[::-1]
    out.emit({"promotions": found}, lambda console: show(console, found))


def _gate(file: Path | None, scorer: str | None, confidence: float, not_worse: list[str] | None) -> Any:
    from quire.domain.errors import InvalidInput
    from quire.domain.gates import gate, read_gate

    if file is not None:
        from quire.models.yamltext import read_yaml_file

        if scorer is not None:
            raise InvalidInput("--gate and --scorer both say what must hold; give one of them.")
        return read_gate(read_yaml_file(file, "a gate"))
    if scorer is None:
        return None
    return gate(scorer, confidence=confidence, not_worse=dict(map(_ratio, not_worse or [])))


def _ratio(said: str) -> tuple[str, float]:
    from quire.domain.errors import InvalidInput

    name, _, ratio = said.partition("=")
    try:
        return name, float(ratio)
    except ValueError:
        raise InvalidInput(f"--not-worse {said!r} is no SCORE=RATIO, such as cost_usd=1.2.") from None
