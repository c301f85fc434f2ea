"""What users and tokens may do to experiments, runs, models and files."""

from __future__ import annotations

import struct
from typing import Any

import pytest

from quire.domain.access import Resource
from tests.server.auth.conftest import Guard, Guarded, basic, bearer

FILES = "/api/2.0/mlflow-artifacts/artifacts"


def _names(guarded: Guarded, who: str | dict[str, str], **search: Any) -> set[str]:
    found = guarded.ask(who, "POST", "experiments/search", {"max_results": 1000, **search})
    return {item["experiment_id"] for item in found.get("experiments", [])}


def test_a_refusal_has_mlflows_shape(guarded: Guarded) -> None:
    answer = guarded.call(guarded.user("none"), "GET", f"experiments/get?experiment_id={guarded.experiment()}")
    assert (answer.status, answer.json["error_code"]) == (403, "PERMISSION_DENIED")
    assert "this needs 'reader'" in answer.json["message"]


def test_who_makes_a_thing_is_its_admin(guarded: Guarded) -> None:
    maker, other = guarded.user(), guarded.user()
    experiment, model = guarded.experiment(maker), guarded.model(maker)
    guarded.ask(maker, "POST", "experiments/delete", {"experiment_id": experiment})
    guarded.ask(maker, "DELETE", "registered-models/delete", {"name": model})
    assert guarded.call(other, "POST", "experiments/restore", {"experiment_id": experiment}).status == 403


def test_a_user_reads_what_others_made_and_changes_nothing(guarded: Guarded) -> None:
    user, experiment = guarded.user(), guarded.experiment()
    guarded.ask(user, "GET", f"experiments/get?experiment_id={experiment}")
    assert guarded.call(user, "POST", "runs/create", {"experiment_id": experiment}).status == 403


def test_a_reader_makes_nothing_and_an_editor_does(guarded: Guarded) -> None:
    assert guarded.call(guarded.user("reader"), "POST", "experiments/create", {"name": "no"}).status == 403
    assert guarded.call(guarded.user("reader"), "POST", "registered-models/create", {"name": "no"}).status == 403
    assert guarded.experiment(guarded.user("editor"))


def test_the_default_permission_may_be_none(guard: Guard) -> None:
    server = guard(default_permission="none")
    user, experiment = server.user(), server.experiment()
    own = server.experiment(user)
    assert _names(server, user) == {own}
    assert server.call(user, "GET", f"experiments/get?experiment_id={experiment}").status == 403


def test_an_id_written_another_way_is_the_same_experiment(guarded: Guarded) -> None:
    user, experiment = guarded.user(), guarded.experiment()
    guarded.access.set_permission(user, Resource("experiment", experiment), "none")
    for spelling in (f"0{experiment}", f"000{experiment}"):
        assert guarded.call(user, "GET", f"experiments/get?experiment_id={spelling}").status == 403
    assert guarded.call(user, "GET", "experiments/get?experiment_id=x").status == 400


def test_roles_follow_a_model_to_its_new_name_and_end_with_it(guarded: Guarded) -> None:
    owner, friend = guarded.user(), guarded.user("none")
    model = guarded.model(owner)
    guarded.access.set_permission(friend, Resource("registered_model", model), "editor")
    guarded.ask(owner, "POST", "registered-models/rename", {"name": model, "new_name": f"{model}-new"})
    guarded.ask(friend, "PATCH", "registered-models/update", {"name": f"{model}-new", "description": "mine"})
    guarded.ask(owner, "DELETE", "registered-models/delete", {"name": f"{model}-new"})
    guarded.ask(owner, "POST", "registered-models/create", {"name": f"{model}-new"})
    assert guarded.call(friend, "GET", f"registered-models/get?name={model}-new").status == 403


def test_searches_find_only_what_may_be_read(guarded: Guarded) -> None:
    user = guarded.user("none")
    shown, hidden = guarded.experiment(), guarded.experiment()
    guarded.run("ada", shown)
    guarded.run("ada", hidden)
    guarded.access.set_permission(user, Resource("experiment", shown), "reader")
    assert _names(guarded, user) == {shown}
    assert _names(guarded, user, filter="creation_time > 0", max_results=1) == {shown}
    runs = guarded.ask(user, "POST", "runs/search", {"experiment_ids": [shown, hidden, "0"]})["runs"]
    assert {item["info"]["experiment_id"] for item in runs} == {shown}
    assert guarded.ask(user, "POST", "runs/search", {"experiment_ids": [hidden]}).get("runs", []) == []


def test_searches_leave_out_what_was_taken_away(guarded: Guarded) -> None:
    user = guarded.user("reader")
    shown, hidden = guarded.experiment(), guarded.experiment()
    guarded.access.set_permission(user, Resource("experiment", hidden), "none")
    found = _names(guarded, user)
    assert shown in found
    assert hidden not in found


def test_models_with_quotes_in_their_names_are_found_or_hidden_as_they_should(guarded: Guarded) -> None:
    names = ["it's", 'say "x"', "both ' and \"", "a` b", "x' OR name != 'y"]
    for name in names:
        guarded.ask("ada", "POST", "registered-models/create", {"name": name})
    reader, limited = guarded.user("reader"), guarded.user("none")
    for name in names:
        guarded.access.set_permission(reader, Resource("registered_model", name), "none")
        guarded.access.set_permission(limited, Resource("registered_model", name), "reader")
    assert not set(names) & _models(guarded, reader)
    assert _models(guarded, limited) == set(names)


def _models(guarded: Guarded, who: str) -> set[str]:
    found = guarded.ask(who, "GET", "registered-models/search?max_results=1000")
    return {item["name"] for item in found.get("registered_models", [])}


def test_pages_are_full_though_most_may_not_be_read(guarded: Guarded) -> None:
    user = guarded.user("none")
    ids = [guarded.experiment() for _ in range(12)]
    for experiment in ids[::3]:
        guarded.access.set_permission(user, Resource("experiment", experiment), "reader")
    first = guarded.ask(user, "POST", "experiments/search", {"max_results": 3})
    assert len(first["experiments"]) == 3
    second = guarded.ask(user, "POST", "experiments/search", {"max_results": 3, "page_token": first["next_page_token"]})
    found = {item["experiment_id"] for page in (first, second) for item in page["experiments"]}
    assert found == set(ids[::3])


def test_a_token_is_limited_to_its_scope(guarded: Guarded) -> None:
    user = guarded.user("editor")
    own, other, model = guarded.experiment(user), guarded.experiment(user), guarded.model(user)
    narrow = bearer(guarded.token(user, experiments=[own]))
    guarded.ask(narrow, "POST", "runs/create", {"experiment_id": own})
    assert _names(guarded, narrow) == {own}
    for method, path, body in (
        ("POST", "runs/create", {"experiment_id": other}),
        ("GET", f"experiments/get?experiment_id={other}", None),
        ("GET", f"registered-models/get?name={model}", None),
        ("POST", "experiments/create", {"name": "beyond"}),
        ("POST", "registered-models/create", {"name": "beyond"}),
    ):
        assert guarded.call(narrow, method, path, body).status == 403, path


def test_a_token_for_endpoints_reaches_nothing_that_is_tracked(guarded: Guarded) -> None:
    user = guarded.user("editor")
    own = guarded.experiment(user)
    made = guarded.ask(
        user,
        "POST",
        "/api/quire/v1/tokens",
        {"endpoints": ["joker"], "allowance": {"usd_per_day": 5}, "parameters": {"most": {"max_tokens": 50}}},
    )
    scope = made["token"]["scope"]
    assert (scope["endpoints"], scope["allowance"], scope["parameters"]) == (
        ["joker"],
        {"usd_per_day": 5},
        {"most": {"max_tokens": 50}},
    )
    token = bearer(made["secret"])
    assert guarded.call(token, "GET", f"experiments/get?experiment_id={own}").status == 403
    assert guarded.call(token, "POST", "experiments/create", {"name": "beyond"}).status == 403
    assert guarded.ask(token, "GET", "/api/quire/v1/whoami")["scope"] == scope
    listed = guarded.ask(user, "GET", "/api/quire/v1/tokens")
    assert (listed["tokens"][0]["scope"], listed["used_today"]) == (scope, {})


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"endpoints": ["two words"]}, "Invalid endpoint name"),
        ({"endpoints": "joker"}, "endpoints"),
        ({"allowance": {"usd_per_day": -1}}, "usd_per_day of the token is -1"),
        ({"allowance": {"requests_per_minute": "many"}}, "requests_per_minute"),
        ({"parameters": {"most": {"messages": 1}}}, "names the parameter"),
    ],
)
def test_a_token_for_endpoints_that_cannot_be_is_refused(
    guarded: Guarded, fields: dict[str, object], message: str
) -> None:
    answer = guarded.call("ada", "POST", "/api/quire/v1/tokens", fields)
    assert answer.status == 400
    assert message in answer.json["message"]


def test_a_role_on_an_endpoint_is_given_to_a_user(guarded: Guarded) -> None:
    user = guarded.user("none")
    given = {"username": user, "resource_type": "endpoint", "resource_id": "joker", "permission": "READ"}
    guarded.ask("ada", "POST", "/api/3.0/mlflow/users/permissions/grant", given)
    listed = guarded.ask("ada", "GET", f"/api/3.0/mlflow/users/permissions/list?username={user}")
    assert listed["permissions"] == [{"resource_type": "endpoint", "resource_id": "joker", "permission": "READ"}]


def test_a_read_only_token_reads(guarded: Guarded) -> None:
    user = guarded.user("editor")
    own = guarded.experiment(user)
    token = bearer(guarded.token(user, read_only=True))
    guarded.ask(token, "GET", f"experiments/get?experiment_id={own}")
    assert guarded.call(token, "POST", "runs/create", {"experiment_id": own}).status == 403
    assert guarded.call(token, "POST", "experiments/create", {"name": "beyond"}).status == 403


def test_a_limited_token_of_an_admin_does_not_administer(guarded: Guarded) -> None:
    token = bearer(guarded.token("ada", read_only=True))
    for path in ("users/list", "/api/quire/v1/audit", "users/get?username=ada"):
        assert guarded.call(token, "GET", path).status == 403, path


def test_files_are_under_the_experiment_of_their_folder(guarded: Guarded) -> None:
    owner, stranger, reader = guarded.user(), guarded.user("none"), guarded.user("reader")
    experiment = guarded.experiment(owner)
    run = guarded.run(owner, experiment)
    file = f"{FILES}/{experiment}/{run}/artifacts/notes.txt"
    assert guarded.call(owner, "PUT", file, b"hello").status == 200
    assert guarded.call(reader, "GET", file).body == b"hello"
    assert guarded.call(reader, "PUT", file, b"bye").status == 403
    for method in ("GET", "PUT", "DELETE"):
        assert guarded.call(stranger, method, file).status == 403
    assert guarded.call(stranger, "GET", f"{FILES}?path={experiment}/{run}/artifacts").status == 403
    assert guarded.call(owner, "DELETE", file).status == 200


@pytest.mark.parametrize("path", ["", "notes", "0{0}/x", "other/{0}/x", "%2e%2e/{0}/x", "{0}%2fx", "x/../{0}/y"])
def test_files_outside_of_an_experiment_are_an_admins(guarded: Guarded, path: str) -> None:
    user = guarded.user()
    place = f"{FILES}/{path.format(guarded.experiment(user))}"
    assert guarded.call(user, "PUT", place, b"x").status in ((200,) if path == "{0}%2fx" else (400, 403, 404, 405))


def test_files_of_others_cannot_be_had_by_pointing_at_them(guarded: Guarded) -> None:
    """By an experiment or a model version of one's own whose place is somebody else's folder."""
    attacker = guarded.user()
    secret = guarded.experiment()
    guarded.access.set_permission(attacker, Resource("experiment", secret), "none")
    run = guarded.run("ada", secret)
    guarded.call("ada", "PUT", f"{FILES}/{secret}/{run}/artifacts/secret.txt", b"secret")
    folder = guarded.uri.removeprefix("sqlite:///").rpartition("/")[0] + "/files"
    for location in (f"mlflow-artifacts:/{secret}", "mlflow-artifacts:/", f"{folder}/{secret}", f"file://{folder}"):
        made = guarded.call(attacker, "POST", "experiments/create", {"name": location, "artifact_location": location})
        assert made.status in (400, 403), location
    model = guarded.model(attacker)
    for source in (f"mlflow-artifacts:/{secret}/{run}/artifacts", f"runs:/{run}/x", f"{folder}/{secret}/{run}"):
        for tags in ([], [{"key": "mlflow.prompt.is_prompt", "value": "true"}]):
            made = guarded.call(
                attacker, "POST", "model-versions/create", {"name": model, "source": source, "tags": tags}
            )
            assert made.status in (400, 403), source
    elsewhere = {"name": "elsewhere", "artifact_location": "s3://a-bucket-of-theirs/x"}
    assert guarded.call(attacker, "POST", "experiments/create", elsewhere).status == 200


def test_an_admin_may_keep_files_of_an_experiment_elsewhere_and_roles_hold_there(guarded: Guarded) -> None:
    body = {"name": "elsewhere-here", "artifact_location": "mlflow-artifacts:/team/x"}
    experiment = guarded.ask("ada", "POST", "experiments/create", body)["experiment_id"]
    run = guarded.run("ada", experiment)
    editor, stranger = guarded.user("none"), guarded.user("none")
    guarded.access.set_permission(editor, Resource("experiment", experiment), "editor")
    file = f"{FILES}/team/x/{run}/artifacts/notes.txt"
    assert guarded.call(editor, "PUT", file, b"hello").status == 200
    assert guarded.call(stranger, "GET", file).status == 403
    assert guarded.call(editor, "PUT", f"{FILES}/team/y/{run}/notes.txt", b"hello").status == 403


def test_spans_cannot_be_added_to_traces_of_others(guarded: Guarded) -> None:
    attacker, own, secret = guarded.user(), "", guarded.experiment()
    own = guarded.experiment(attacker)
    trace = "11" * 16
    assert _export(guarded, "ada", secret, trace) == 200
    assert _export(guarded, attacker, own, trace) == 403
    assert _export(guarded, attacker, secret, "22" * 16) == 403
    assert _export(guarded, attacker, own, "33" * 16) == 200
    place = {"type": "MLFLOW_EXPERIMENT", "mlflow_experiment": {"experiment_id": own}}
    info = {"trace_info": {"trace_id": f"tr-{trace}", "trace_location": place, "request_time": "2026-01-01T00:00:00Z"}}
    assert guarded.call(attacker, "POST", "/api/3.0/mlflow/traces", {"trace": info}).status == 403


def _export(guarded: Guarded, who: str, experiment: str, trace: str) -> int:
    span = {
        "traceId": trace, "spanId": struct.pack(">Q", 7).hex(), "name": "s", "startTimeUnixNano": "1",
        "endTimeUnixNano": "2",
    }  # fmt: skip
    headers = {**basic(who), "X-MLflow-Experiment-Id": experiment}
    body = {"resourceSpans": [{"scopeSpans": [{"spans": [span]}]}]}
    return guarded.call(headers, "POST", "/v1/traces", body).status


def test_a_role_given_on_another_server_is_seen_when_it_is_needed(guard: Guard) -> None:
    server = guard(refresh=60.0)
    user, experiment = server.user("none"), server.experiment()
    path = f"experiments/get?experiment_id={experiment}"
    assert server.call(user, "GET", path).status == 403
    server.access.set_permission(user, Resource("experiment", experiment), "reader")
    assert server.call(user, "GET", path).status == 200


def test_pages_of_another_site_cannot_use_a_session(guarded: Guarded) -> None:
    headers = {**basic("ada"), "Origin": "https://evil.example"}
    assert guarded.call(headers, "POST", "experiments/create", {"name": "forged"}).status == 403


DATASETS = "/api/3.0/mlflow/datasets"


def _dataset(guarded: Guarded, who: str, name: str, *experiments: str) -> str:
    made = guarded.ask(who, "POST", f"{DATASETS}/create", {"name": name, "experiment_ids": list(experiments)})
    return str(made["dataset"]["dataset_id"])


def test_a_search_of_datasets_says_nothing_of_those_that_may_not_be_read(guard: Guard) -> None:
    server = guard()
    hidden, seen = server.experiment(), server.experiment()
    for name in ("a-secret-1", "b-secret-2", "d-secret-3"):
        _dataset(server, "ada", name, hidden)
    shared, own = _dataset(server, "ada", "c", hidden, seen), _dataset(server, "ada", "e", seen)
    _dataset(server, "ada", "f")
    narrow, wide = server.user("none"), server.user()
    server.access.set_permission(narrow, Resource("experiment", seen), "reader")
    server.access.set_permission(wide, Resource("experiment", hidden), "none")
    search = {"max_results": 1, "order_by": ["name ASC"]}
    first = server.ask(narrow, "POST", f"{DATASETS}/search", search)
    assert [item["dataset_id"] for item in first["datasets"]] == [shared]
    second = server.ask(narrow, "POST", f"{DATASETS}/search", {**search, "page_token": first["next_page_token"]})
    assert [item["dataset_id"] for item in second["datasets"]] == [own]
    assert not second.get("next_page_token")
    of_secret = {"filter_string": "name LIKE '%secret%'", "max_results": 1}
    for user in (narrow, wide):
        assert server.ask(user, "POST", f"{DATASETS}/search", of_secret) == {}
    found = server.ask(wide, "GET", f"{DATASETS}/search?order_by=name&experiment_ids={hidden}&experiment_ids={seen}")
    assert [item["name"] for item in found["datasets"]] == ["c", "e"]
    assert len(server.ask(wide, "POST", f"{DATASETS}/search", {})["datasets"]) == 3, "one belongs to no experiment"


def test_a_dataset_is_deleted_by_who_administers_every_experiment_it_is_used_in(guarded: Guarded) -> None:
    editor = guarded.user()
    theirs, own = guarded.experiment(), guarded.experiment(editor)
    guarded.access.set_permission(editor, Resource("experiment", theirs), "editor")
    dataset = _dataset(guarded, "ada", "kept", theirs)
    guarded.ask(editor, "POST", f"{DATASETS}/{dataset}/add-experiments", {"experiment_ids": [own]})
    assert guarded.call(editor, "DELETE", f"{DATASETS}/{dataset}").status == 403
    guarded.access.set_permission(editor, Resource("experiment", theirs), "admin")
    guarded.ask(editor, "DELETE", f"{DATASETS}/{dataset}")
