"""Who may serve what, try what on whom, and judge answers; and what the audit log says of it."""

from __future__ import annotations

import json
from typing import Any

import pytest

from quire.domain.access import Resource
from quire.domain.ids import new_trace_id
from quire.domain.trials import Served
from quire.store.serving import serving_of
from tests.server.auth.conftest import Guarded, bearer

API = "/api/quire/v1"


def _endpoint(guarded: Guarded, who: str, **fields: Any) -> str:
    """The name of a new endpoint of a user, which answers with a model of ada's."""
    name = guarded.model()
    given = {"name": name, "model": f"models:/{name}/1", **fields}
    guarded.ask(who, "PUT", f"{API}/endpoints/{name}", {"endpoint": given})
    return name


def _spec(name: str, **fields: Any) -> dict[str, Any]:
    arms = [{"name": "control", "model": f"models:/{name}/1"}, {"name": "bold", "model": f"models:/{name}/2"}]
    metrics = [{"name": "thumb", "low": 0, "high": 1}]
    return {"subject": f"endpoint:{name}", "arms": arms, "metrics": metrics, "stopping": {"metric": "thumb"}, **fields}


def _entries(guarded: Guarded, query: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = guarded.ask("ada", "GET", f"{API}/audit?{query}")["entries"]
    return found


def test_readers_read_and_editors_change(guarded: Guarded) -> None:
    reader, editor = guarded.user("reader"), guarded.user("editor")
    name = _endpoint(guarded, editor)
    trial = guarded.ask(editor, "POST", f"{API}/trials", {"spec": _spec(name)})["trial"]
    for path in ("endpoints", f"endpoints/{name}", "trials", f"trials/{trial['trial_id']}", "deployments"):
        guarded.ask(reader, "GET", f"{API}/{path}")
    changes = [
        ("PUT", f"endpoints/{name}", {"endpoint": {"name": name, "model": f"models:/{name}/2"}}),
        ("PUT", f"trials/{trial['trial_id']}", {"trial": {**trial, "state": "paused"}, "expected": 1}),
        ("POST", "outcomes", {"outcomes": [{"trial_id": trial["trial_id"], "metric": "thumb", "arm": "bold",
                                            "phase": 0, "unit": "u", "value": 1, "at": 1}]}),
        ("POST", "served", {"served": [{"response_id": "r", "trace_id": "t", "endpoint": name, "at": 1}]}),
        ("POST", "deployments", {"deployment": {"deployment_id": "", "kind": "docker", "name": "d", "endpoints": []}}),
    ]  # fmt: skip
    for method, path, body in changes:
        assert guarded.call(reader, method, f"{API}/{path}", body).status == 403
        guarded.ask(editor, method, f"{API}/{path}", body)


def test_who_makes_an_endpoint_is_its_admin_and_nobody_becomes_it_by_repeating_that(guarded: Guarded) -> None:
    maker, other = guarded.user("editor"), guarded.user("editor")
    name = _endpoint(guarded, maker)
    given = {"endpoint": {"name": name, "model": f"models:/{name}/1"}}
    assert guarded.ask(other, "PUT", f"{API}/endpoints/{name}", given)["endpoint"]["revision"] == 1
    assert guarded.call(other, "DELETE", f"{API}/endpoints/{name}").status == 403
    guarded.ask(maker, "DELETE", f"{API}/endpoints/{name}")
    assert guarded.access.list_permissions(resource=Resource("endpoint", name)) == []


def test_nobody_serves_or_tries_a_model_that_they_may_not_read(guarded: Guarded) -> None:
    editor = guarded.user("editor")
    name, secret = guarded.model(), guarded.model()
    guarded.access.set_permission(editor, Resource("registered_model", secret), "none")
    shadow = {"name": "s", "model": f"models:/{secret}@champion"}
    for fields in ({"model": f"models:/{secret}/1"}, {"model": f"models:/{name}/1", "shadows": [shadow]}):
        answer = guarded.call(editor, "PUT", f"{API}/endpoints/{name}", {"endpoint": {"name": name, **fields}})
        assert (answer.status, secret in answer.json["message"]) == (403, True)
    arms = [{"name": "a", "model": f"models:/{name}/1"}, {"name": "b", "model": f"models:/{secret}/1"}]
    assert guarded.call(editor, "POST", f"{API}/trials", {"spec": _spec(name, arms=arms)}).status == 403
    prompt = {"subject": f"prompts:/{name}", "arms": [{"name": n, "model": f"prompts:/{secret}/1"} for n in "ab"]}
    assert guarded.call(editor, "POST", f"{API}/trials", {"spec": _spec(name, **prompt)}).status == 403


def test_a_trial_that_promotes_needs_who_may_move_the_alias(guarded: Guarded) -> None:
    editor = guarded.user("editor")
    name = _endpoint(guarded, editor)
    guarded.access.set_permission(editor, Resource("registered_model", name), "reader")
    promoting = _spec(name, stopping={"metric": "thumb", "on_win": "promote"})
    assert guarded.call(editor, "POST", f"{API}/trials", {"spec": promoting}).status == 403
    guarded.ask(editor, "POST", f"{API}/trials", {"spec": _spec(name)})


def test_a_token_for_one_endpoint_reaches_no_other(guarded: Guarded) -> None:
    first, second = _endpoint(guarded, "ada"), _endpoint(guarded, "ada")
    token = bearer(guarded.token("ada", endpoints=[first], registered_models=[first]))
    guarded.ask(token, "GET", f"{API}/endpoints/{first}")
    assert guarded.call(token, "GET", f"{API}/endpoints/{second}").status == 403
    assert guarded.call(token, "GET", f"{API}/endpoints").status == 403
    guarded.ask(token, "POST", f"{API}/trials", {"spec": _spec(first)})
    assert guarded.call(token, "POST", f"{API}/trials", {"spec": _spec(second)}).status == 403


def test_feedback_is_given_by_editors_of_the_trace_or_of_the_endpoint(guarded: Guarded) -> None:
    name = _endpoint(guarded, "ada")
    experiment = guarded.experiment()
    trace = guarded.store.begin_trace(experiment, timestamp_ms=1).trace_id
    answers = [
        Served(response_id=f"resp-{name}-{number}", trace_id=trace_id, endpoint=name, at=1)
        for number, trace_id in enumerate((trace, new_trace_id()))
    ]
    serving_of(guarded.store).record_served(answers)
    of_trace, of_endpoint, reader = guarded.user(), guarded.user(), guarded.user("reader")
    guarded.access.set_permission(of_trace, Resource("experiment", experiment), "editor")
    guarded.access.set_permission(of_endpoint, Resource("endpoint", name), "editor")
    stored, to_come = ({"response_id": one.response_id, "name": "thumb", "value": True} for one in answers)
    assert guarded.call(reader, "POST", f"{API}/feedback", stored).status == 403
    for who in (of_trace, of_endpoint):
        given = guarded.ask(who, "POST", f"{API}/feedback", stored)["assessment"]
        assert given["source"] == {"source_type": "HUMAN", "source_id": who}
    assert guarded.call(of_trace, "POST", f"{API}/feedback", to_come).status == 403
    guarded.ask(of_endpoint, "POST", f"{API}/feedback", to_come)
    assert guarded.call(of_endpoint, "POST", f"{API}/feedback", {**stored, "response_id": "nobody"}).status == 404


def test_feedback_in_mlflows_way_is_given_by_the_same_and_before_the_trace(guarded: Guarded) -> None:
    name = _endpoint(guarded, "ada")
    trace_id = new_trace_id()
    serving_of(guarded.store).record_served([Served(response_id=f"r-{name}", trace_id=trace_id, endpoint=name, at=1)])
    of_endpoint, stranger = guarded.user(), guarded.user("reader")
    guarded.access.set_permission(of_endpoint, Resource("endpoint", name), "editor")
    source = {"source_type": "HUMAN", "source_id": "x"}
    given = {"assessment": {"assessment_name": "thumb", "source": source, "feedback": {"value": True}}}
    path = "/api/3.0/mlflow/traces/{}/assessments"
    assert guarded.call(stranger, "POST", path.format(trace_id), given).status == 403
    assert guarded.ask(of_endpoint, "POST", path.format(trace_id), given)["assessment"]["trace_id"] == trace_id
    assert guarded.call(of_endpoint, "POST", path.format(new_trace_id()), given).status == 404


def test_the_audit_log_says_what_an_endpoint_and_a_trial_were(guarded: Guarded) -> None:
    editor = guarded.user("editor")
    name = _endpoint(guarded, editor)
    given = {"endpoint": {"name": name, "model": f"models:/{name}/2"}, "expected": 1}
    guarded.ask(editor, "PUT", f"{API}/endpoints/{name}", given)
    changed, made = _entries(guarded, f"entity=endpoint:{name}")
    assert "before" not in made
    assert json.loads(changed["before"])["model"] == f"models:/{name}/1"
    assert json.loads(changed["after"])["endpoint"]["model"] == f"models:/{name}/2"
    trial = guarded.ask(editor, "POST", f"{API}/trials", {"spec": _spec(name), "created_by": "somebody else"})["trial"]
    assert trial["created_by"] == editor
    ended = {**trial, "state": "ended", "decision": {"kind": "stopped", "by": editor}}
    guarded.ask(editor, "PUT", f"{API}/trials/{trial['trial_id']}", {"trial": ended, "expected": 1})
    stopped, started = _entries(guarded, f"entity=trial:{trial['trial_id']}")
    assert (started["action"], stopped["action"]) == ("create_trial", "update_trial")
    assert json.loads(stopped["before"])["state"] == "running"
    assert json.loads(stopped["after"])["trial"]["decision"]["kind"] == "stopped"


@pytest.mark.parametrize("logging", [False, True])
def test_what_is_measured_is_no_change_unless_that_is_logged(guard: Any, logging: bool) -> None:
    guarded = guard(audit_logging=logging)
    name = _endpoint(guarded, "ada")
    trial = guarded.ask("ada", "POST", f"{API}/trials", {"spec": _spec(name)})["trial"]
    outcome = {"trial_id": trial["trial_id"], "metric": "thumb", "arm": "bold", "phase": 0, "unit": "u", "value": 1}
    guarded.ask("ada", "POST", f"{API}/outcomes", {"outcomes": [{**outcome, "at": 1}]})
    actions = [entry["action"] for entry in _entries(guarded, "")]
    assert ("record_outcomes" in actions) is logging


def test_where_keys_are_sent_is_for_admins_to_say(guarded: Guarded) -> None:
    editor = guarded.user("editor")
    name = _endpoint(guarded, editor)
    given = {"name": name, "model": f"models:/{name}/1"}
    elsewhere = {"base_url": "https://elsewhere.example/v1"}
    for changes in (
        {"upstream": elsewhere},
        {"upstream": {"api_key_env": "DATABASE_PASSWORD"}},
        {"fallbacks": [{"name": "second", **elsewhere}]},
    ):
        answer = guarded.call(editor, "PUT", f"{API}/endpoints/{name}", {"endpoint": {**given, **changes}})
        assert (answer.status, "Only an admin of the server" in answer.json["message"]) == (403, True)
    guarded.ask("ada", "PUT", f"{API}/endpoints/{name}", {"endpoint": {**given, "upstream": elsewhere}})
    kept = {**given, "upstream": {**elsewhere, "model": "gpt-4o"}, "description": "more of the same"}
    guarded.ask(editor, "PUT", f"{API}/endpoints/{name}", {"endpoint": kept})
    with_key = {**elsewhere, "api_key_env": "OPENAI_API_KEY"}
    answer = guarded.call(editor, "PUT", f"{API}/endpoints/{name}", {"endpoint": {**given, "upstream": with_key}})
    assert answer.status == 403
    guarded.ask(editor, "PUT", f"{API}/endpoints/{name}", {"endpoint": given})


def test_who_acts_on_a_trial_is_in_its_record_whatever_they_say(guarded: Guarded) -> None:
    editor, reader = guarded.user("editor"), guarded.user("reader")
    name = _endpoint(guarded, editor)
    arms = [{"name": arm, "model": f"s3://bucket/{arm}"} for arm in ("a", "b")]
    asked = {"subject": name, "arms": arms, "metrics": [{"name": "thumb"}], "reason": "To see."}
    trial = guarded.ask(editor, "POST", f"{API}/trials/start", asked)["trial"]
    path = f"{API}/trials/{trial['trial_id']}"
    assert guarded.call(reader, "POST", f"{path}/pause", {"reason": "No."}).status == 403
    guarded.ask(editor, "POST", f"{path}/pause", {"reason": "It is slow."})
    found = guarded.ask(reader, "GET", f"{path}/report")
    assert [(event["by"], event["reason"]) for event in found["events"]] == [
        (editor, "To see."),
        (editor, "It is slow."),
    ]
    now = guarded.ask(editor, "GET", path)["trial"]
    forged = {**now, "events": [*now["events"], {"kind": "resumed", "at": 1, "by": "ada", "reason": "I am ada."}]}
    guarded.ask(editor, "PUT", path, {"trial": forged, "expected": now["revision"]})
    assert guarded.ask(editor, "GET", path)["trial"]["events"][-1]["by"] == editor
    (entry,) = [one for one in _entries(guarded, f"entity=trial:{trial['trial_id']}") if one["action"] == "pause_trial"]
    assert (entry["username"], json.loads(entry["after"])["reason"]) == (editor, "It is slow.")


def test_to_promote_or_roll_back_one_must_be_able_to_change_the_model(guarded: Guarded) -> None:
    name = guarded.model()
    guarded.ask(
        "ada", "PUT", f"{API}/endpoints/{name}", {"endpoint": {"name": name, "model": f"models:/{name}@champion"}}
    )
    trial = guarded.ask("ada", "POST", f"{API}/trials", {"spec": _spec(name)})["trial"]
    outsider = guarded.user("none")
    guarded.access.set_permission(outsider, Resource("endpoint", name), "editor")
    guarded.access.set_permission(outsider, Resource("registered_model", name), "reader")
    promote = f"{API}/trials/{trial['trial_id']}/promote"
    for path in (promote, f"{API}/endpoints/{name}/rollback"):
        assert guarded.call(outsider, "POST", path, {"reason": "Mine."}).status == 403
    guarded.access.set_permission(outsider, Resource("registered_model", name), "editor")
    for path in (promote, f"{API}/endpoints/{name}/rollback"):
        assert guarded.call(outsider, "POST", path, {"reason": "Mine."}).status == 400
