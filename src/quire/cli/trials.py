"""``quire trials``: start, list, show, pause, resume, stop, add-arm, promote, record, assign, keep."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from quire.cli.command import command
from quire.cli.output import Output, clean, styled

if TYPE_CHECKING:
    from quire.domain.trials import Trial

TrialArgument = Annotated[
    str, typer.Argument(metavar="TRIAL", help="Its id, or the endpoint or prompt (prompts:/NAME) that it is on.")
]
ReasonOption = Annotated[str, typer.Option("--reason", "-r", help="Why; the record keeps it.")]
Texts = list[str] | None


def add_to(group: typer.Typer) -> None:
    """Register the commands."""
    command(group, "start")(start)
    command(group, "list")(list_trials)
    command(group, "show")(show)
    command(group, "pause")(pause)
    command(group, "resume")(resume)
    command(group, "stop")(stop)
    command(group, "add-arm")(add_arm)
    command(group, "remove-arm")(remove_arm)
    command(group, "promote")(promote)
    command(group, "record")(record)
    command(group, "assign")(assign)
    command(group, "keep")(keep)


def start(
    out: Output,
    subject: Annotated[
        str | None, typer.Argument(metavar="SUBJECT", help="An endpoint's name, or prompts:/NAME; or --file.")
    ] = None,
    arms: Annotated[
        Texts, typer.Option("--arm", "-a", metavar="NAME=URI[,WEIGHT]", help="The control first; may repeat.")
    ] = None,
    metrics: Annotated[
        Texts, typer.Option("--metric", "-m", metavar="NAME[=LOW,HIGH]", help="Such as thumb or stars=1,5; may repeat.")
    ] = None,
    decides: Annotated[str | None, typer.Option("--decides", help="The metric that decides.")] = None,
    confidence: Annotated[float | None, typer.Option("--confidence", help="Of the whole trial; 0.95.")] = None,
    least_units: Annotated[int | None, typer.Option("--least-units", help="Of each arm before a verdict; 100.")] = None,
    most_units: Annotated[int | None, typer.Option("--most-units", help="Units after which it ends.")] = None,
    most_days: Annotated[float | None, typer.Option("--most-days", help="Days after which it ends; 30.")] = None,
    guardrails: Annotated[
        Texts, typer.Option("--guardrail", "-g", metavar="METRIC=MARGIN", help="Such as cost_usd=1.2; may repeat.")
    ] = None,
    allocation: Annotated[
        str, typer.Option("--allocation", metavar="fixed|thompson|track-and-stop", help="How traffic is shared out.")
    ] = "fixed",
    promotes: Annotated[
        bool, typer.Option("--promote", help="Move the alias that serves once an arm has won.")
    ] = False,
    namespace: Annotated[str | None, typer.Option("--namespace", help="Only for this customer or tenant.")] = None,
    holdout: Annotated[float, typer.Option("--holdout", help="The share of keys that stay with the control.")] = 0.0,
    max_arms: Annotated[int | None, typer.Option("--max-arms", help="Arms that may ever take part.")] = None,
    name: Annotated[str, typer.Option("--name", help="A name for people.")] = "",
    file: Annotated[Path | None, typer.Option("--file", "-f", metavar="FILE", help="The trial in YAML.")] = None,
) -> None:
    """Start a trial; with one --arm the control is what serves now."""
    from quire import trials
    from quire.cli.trial_words import rule, said_arm, said_bounds, said_margin
    from quire.domain.errors import InvalidInput

    if file is not None:
        if subject is not None or arms or metrics:
            raise InvalidInput("--file says all of a trial; give it alone.")
        _report(out, trials.start_file(file), "runs")
        return
    if subject is None or not arms:
        raise InvalidInput("Say what to try: quire trials start joker --arm terse=models:/joker/4 --metric thumb.")
    stopping = rule(
        metric=decides,
        confidence=confidence,
        least_units=least_units,
        most_units=most_units,
        most_days=most_days,
        on_win="promote" if promotes else None,
    )
    chosen: Any = allocation
    made = trials.start(
        subject,
        dict(map(said_arm, arms)),
        dict(map(said_bounds, metrics or [])) or None,
        stopping,
        allocation=chosen,
        guardrails=dict(map(said_margin, guardrails or [])),
        name=name,
        namespace=namespace,
        holdout=holdout,
        max_arms=max_arms,
    )
    _report(out, made, "runs")


def list_trials(
    out: Output,
    subject: Annotated[str | None, typer.Argument(metavar="SUBJECT", help="Only of this endpoint or prompt.")] = None,
    state: Annotated[
        str | None, typer.Option("--state", metavar="running|paused|deciding|ended", help="Only in this state.")
    ] = None,
) -> None:
    """List trials, newest first."""
    from quire import trials
    from quire.cli import trials_table
    from quire.cli.lookup import require_existing_store

    require_existing_store()
    wanted: Any = state
    found = trials.search(subject, state=wanted)
    out.emit({"trials": found}, lambda console: trials_table.show(console, found))


def show(out: Output, trial: TrialArgument) -> None:
    """Show what is known of a trial, and its verdict."""
    from quire import trials
    from quire.cli.trials_table import show_report

    report = trials.report(_find(trial))
    out.emit(report, lambda console: show_report(console, report))


def pause(out: Output, trial: TrialArgument, reason: ReasonOption = "") -> None:
    """Serve everybody the control until `resume`."""
    from quire import trials

    _report(out, trials.pause(_find(trial), reason), "is paused")


def resume(out: Output, trial: TrialArgument, reason: ReasonOption = "") -> None:
    """Let a paused trial go on."""
    from quire import trials

    _report(out, trials.resume(_find(trial), reason), "runs again")


def stop(out: Output, trial: TrialArgument, reason: ReasonOption = "") -> None:
    """End a trial without a winner."""
    from quire import trials

    _report(out, trials.stop(_find(trial), reason), "has ended")


def add_arm(
    out: Output,
    trial: TrialArgument,
    arm: Annotated[str, typer.Argument(metavar="NAME=URI[,SHARE]", help="Such as kind=models:/joker/5,0.1.")],
) -> None:
    """Let another arm join a trial that runs."""
    from quire import trials
    from quire.cli.trial_words import said_arm

    name, model = said_arm(arm)
    _report(out, trials.add_arm(_find(trial), name, model), f"has the arm {name} from some seconds on")


def remove_arm(
    out: Output,
    trial: TrialArgument,
    name: Annotated[str, typer.Argument(metavar="NAME", help="The arm.")],
    reason: ReasonOption = "",
) -> None:
    """Take a challenger out; its keys go to the others."""
    from quire import trials

    _report(out, trials.remove_arm(_find(trial), name, reason), f"is without {name}")


def promote(
    out: Output,
    trial: TrialArgument,
    reason: ReasonOption = "",
    arm: Annotated[str | None, typer.Option("--arm", help="Another than the winner; needs --force.")] = None,
    force: Annotated[bool, typer.Option("--force", help="Without a winner, or another; needs --reason.")] = False,
) -> None:
    """Move the alias that serves to the winner."""
    from quire import trials

    made = trials.promote(_find(trial), reason, arm=arm, force=force)
    _report(out, made, f"has ended: {made.decision.said if made.decision else ''}")


def record(
    out: Output,
    trial: TrialArgument,
    key: Annotated[str, typer.Argument(metavar="KEY", help="What assignment sticks to.")],
    metric: Annotated[str, typer.Argument(metavar="METRIC", help="The metric.")],
    value: Annotated[float, typer.Argument(metavar="VALUE", help="A number; 1 and 0 for yes and no.")],
) -> None:
    """Give the outcome of a key; its first value counts."""
    from quire import trials

    counted = trials.record(_find(trial), key, metric, value)
    said = "is counted" if counted else "does not count: the key has a value already, or takes no part"
    line = f"{clean(metric)} of {clean(key)} {said}."
    out.emit({"counted": counted}, lambda console: console.print(styled(line), soft_wrap=True))


def assign(
    out: Output,
    trial: TrialArgument,
    keys: Annotated[list[str], typer.Argument(metavar="KEY", help="What assignment sticks to; may repeat.")],
) -> None:
    """Say which arm keys are given now; nothing is counted."""
    from quire import trials
    from quire.cli.output import print_table

    found = _find(trial)
    given = {key: trials.assign(found, key) for key in keys}
    rows = [[key, one.arm if one else "-", one.phase if one else "-"] for key, one in given.items()]
    out.emit(
        {"assignments": given},
        lambda console: print_table(console, [("key", "text"), ("arm", "id"), ("phase", "number")], rows),
    )


def keep(
    out: Output,
    once: Annotated[bool, typer.Option("--once", help="Look once at each trial, and end.")] = False,
    every: Annotated[float, typer.Option("--every", min=0.1, help="Seconds between two looks.")] = 3.0,
) -> None:
    """Decide trials where no `quire serve` does."""
    from quire.cli.lookup import require_existing_store
    from quire.cli.trial_words import keep_going
    from quire.cli.words import plural

    require_existing_store()
    steps = keep_going(out, once=once, every_s=every)
    if once:
        out.emit({"done": steps}, lambda console: console.print(styled(f"{plural(len(steps), 'step')} made.")))


def _find(text: str) -> Trial:
    from quire.cli.lookup import require_existing_store
    from quire.cli.trial_words import find_trial

    require_existing_store()
    return find_trial(text)


def _report(out: Output, trial: Trial, done: str) -> None:
    line = f"The trial {trial.trial_id} on {trial.spec.subject} {done}."
    out.emit(trial, lambda console: console.print(styled(clean(line)), soft_wrap=True))
