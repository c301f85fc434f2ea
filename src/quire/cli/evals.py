"""``quire eval``: evaluate what a file says, check its gate, report; open stored evaluations."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from quire.cli.command import command
from quire.cli.output import Output

if TYPE_CHECKING:
    from rich.console import Console

    from quire.domain.gates import GateResult
    from quire.evaluate.evaluation import Evaluation

GATE_FAILED = 3
"""The exit code when a gate did not pass, so that CI can tell that from a command that went wrong (1)."""

ReportOption = Annotated[
    Path | None,
    typer.Option("--report", metavar="FILE", help="Write the comparison as HTML (.html) or Markdown (.md)."),
]
JunitOption = Annotated[Path | None, typer.Option("--junit", metavar="FILE", help="Write the checks as JUnit's XML.")]
MarkdownOption = Annotated[
    Path | None,
    typer.Option("--markdown", metavar="FILE", help="Write the comparison as Markdown, for a pull request."),
]
PrimaryOption = Annotated[
    list[str] | None,
    typer.Option(
        "--primary",
        metavar="SCORE",
        help="The verdict is that of this score alone, others are secondary. May be given several times.",
    ),
]


def add_to(group: typer.Typer) -> None:
    """Register the commands."""
    command(group, "run")(run)
    command(group, "show")(show)
    command(group, "report")(report)


def run(
    out: Output,
    plan: Annotated[Path, typer.Argument(metavar="FILE", help="The evaluation file, in YAML.")],
    report: ReportOption = None,
    markdown: MarkdownOption = None,
    junit: JunitOption = None,
    primary: PrimaryOption = None,
    no_cache: Annotated[bool, typer.Option("--no-cache", help="Ask for every answer anew.")] = False,
) -> None:
    """Evaluate what a file says. Ends with 0 if its gate passes (or it has none), with 3 if it does not."""
    from quire.rollout.plan import read_plan
    from quire.rollout.running import run_plan

    checked = read_plan(plan)
    evaluation, result = run_plan(checked, cache=not no_cache, primary=primary)
    for path in (report, markdown):
        if path is not None and len(evaluation.variants) > 1:
            evaluation.report(path, checked.champion, checked.challenger, format=_format(path, markdown))
    if junit is not None:
        from quire.rollout.junit import as_junit

        junit.write_text(as_junit(evaluation, result), encoding="utf-8")
    out.emit(_data(evaluation, result), lambda console: _show(console, evaluation, result))
    if result is not None and not result.passed:
        raise typer.Exit(GATE_FAILED)


def show(out: Output, run_id: Annotated[str, typer.Argument(metavar="RUN", help="The run of an evaluation.")]) -> None:
    """Show a stored evaluation."""
    from quire.evaluate.evaluation import load_evaluation

    evaluation = load_evaluation(run_id)
    out.emit(_data(evaluation, None), lambda console: _show(console, evaluation, None))


def report(
    out: Output,
    run_id: Annotated[str, typer.Argument(metavar="RUN", help="The run of an evaluation.")],
    file: Annotated[Path, typer.Argument(metavar="FILE", help="Ends with .html or .md.")],
    a: Annotated[str | None, typer.Option("--a", help="The variant that the other is compared with.")] = None,
    b: Annotated[str | None, typer.Option("--b", help="The variant that is compared.")] = None,
    primary: PrimaryOption = None,
) -> None:
    """Write the report of a stored evaluation."""
    from quire.evaluate.evaluation import load_evaluation

    load_evaluation(run_id).report(file, a, b, primary=primary)
    out.emit({"file": str(file)}, lambda console: console.print(f"Wrote {file}", markup=False))


def _format(path: Path, markdown: Path | None) -> str | None:
    return "markdown" if path == markdown else None


def _data(evaluation: Evaluation, result: GateResult | None) -> dict[str, Any]:
    made: dict[str, Any] = {
        "run_id": evaluation.run_id,
        "run_ids": evaluation.run_ids,
        "aggregates": evaluation.aggregates,
    }
    if result is not None:
        made["gate"] = {"passed": result.passed, "checks": result.checks}
    return made


def _show(console: Console, evaluation: Evaluation, result: GateResult | None) -> None:
    console.print(evaluation)
    if result is not None:
        console.print(str(result), markup=False, highlight=False)
    console.print(f"Run {evaluation.run_id}", markup=False, highlight=False)
