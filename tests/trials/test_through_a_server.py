"""Trials work the same through a Quire server; a server of MLflow keeps none, and says so."""

from __future__ import annotations

import uuid

import pytest

import quire
from quire import trials
from quire.domain.errors import InvalidState
from quire.domain.ids import now_ms
from quire.rollout.live import tick
from quire.store.current import current_store, get_tracking_uri
from quire.trials.noting import flush


def test_a_trial_of_a_prompt_from_its_start_to_the_rollback(quire_server: str) -> None:
    quire.set_tracking_uri(quire_server)
    name = f"joker-{uuid.uuid4().hex[:8]}"
    for text in ("Tell a joke.", "Tell a short joke."):
        quire.register_prompt(name, text)
    quire.set_prompt_alias(name, "champion", 1)
    trial = trials.start(f"prompts:/{name}", {"short": 2}, ["thumb"], {"least_units": 20}, on_win="promote")
    assert trials.search(f"prompts:/{name}") == [trial]
    for number in range(60):
        version = quire.load_prompt(f"prompts:/{name}@trial", key=f"u{number}").version
        assert trials.record(trial, f"u{number}", "thumb", version == 2)
    with quire.start_span("answer") as span:
        version = quire.load_prompt(f"prompts:/{name}@trial", key="one more").version
    quire.log_feedback(trace_id=span.trace_id, name="thumb", value=version == 2)
    assert flush(get_tracking_uri(), 30)
    report = trials.report(trial)
    assert sum(figures.n for figures in report["thumb"].arms.values()) == 61
    assert sum(report.units.values()) == 61
    done = tick(current_store(), trials.get(trial.trial_id), now_ms())
    assert done is not None
    assert done.step == "promoted"
    event = quire.prompt_alias_history(name)[-1]
    assert (event.old, event.new) == (1, 2)
    assert quire.rollback_prompt_alias(name, "champion").new == 1


@pytest.mark.mlflow
@pytest.mark.slow
def test_a_server_of_mlflow_keeps_no_trials(mlflow_server: str) -> None:
    quire.set_tracking_uri(mlflow_server)
    quire.register_prompt("trialled", "Hello.")
    with pytest.raises(InvalidState, match="keeps no endpoints and no trials"):
        trials.start("prompts:/trialled", {"a": 1, "b": 1}, ["thumb"])
    assert quire.load_prompt("prompts:/trialled@latest").version == 1
    with pytest.raises(InvalidState, match="keeps no endpoints and no trials"):
        quire.load_prompt("prompts:/trialled@trial", key="ann")
