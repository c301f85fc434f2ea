"""The parts of a server that trials need: counting, scoring, shadows, and the thread that keeps trials going."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

from quire.domain.trials import Trial
from quire.serving.counting import Counting
from quire.serving.grading import Grading
from quire.serving.keeping import Keeping
from quire.serving.request import Done
from quire.serving.shadowing import Shadowing

if TYPE_CHECKING:
    from quire.serving.app import App
    from quire.serving.live import Live
    from quire.serving.tracing import Tracer


def plug_in_trials(app: App, tracer: Tracer) -> Shadowing:
    """Attach them to an application that has not started yet, behind the observer that measures.

    Gives what asks shadows, which counts those that found no room.
    """
    context = app.context
    find: Callable[[str], Trial | None] = partial(trial_of, context.live)
    keeps: Callable[[Done], bool] = partial(keeps_content, context.live)
    grading = Grading(context.uri, find, experiment_of=tracer.experiment_of, keeps_content=keeps)
    shadowing = Shadowing(context.uri, context.live, grading=grading, trace=tracer)
    keeping = Keeping(context.uri, context.registry_uri)
    context.observers += [Counting(context.uri, find, tracer.experiment_of), grading, shadowing]
    app.starting += [grading.start, keeping.start]
    app.ending += [grading.close, keeping.close, shadowing.close]
    return shadowing


def trial_of(live: Live, trial_id: str) -> Trial | None:
    """A trial that is under way, as the server knows it now."""
    for endpoint in live.table.endpoints.values():
        for found in endpoint.trials:
            if found.trial.trial_id == trial_id:
                return found.trial
    return None


def keeps_content(live: Live, done: Done) -> bool:
    """Whether the endpoint that was asked keeps inputs and outputs; one that is gone does not."""
    found = live.table.endpoints.get(done.ask.endpoint)
    return found is not None and found.endpoint.log_content
