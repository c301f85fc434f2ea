"""Calls about prompts: what versions say, how they differ, aliases that move with a record, what came of them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode

import pytest

import quire
from quire.domain.schema import DataType, Object, Property
from tests.server.conftest import Served, serving

MESSAGES = '[{"role": "system", "content": "Be {{tone}}."}, {"role": "assistant", "content": null, "tool_calls": []}]'


@pytest.fixture(params=["sqlite", "postgresql"])
def server(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Served]:
    """A server on either database."""
    if request.param == "sqlite":
        with serving(tmp_path) as served:
            yield served
        return
    uri = request.getfixturevalue("postgres_copy")
    with serving(tmp_path, backend_store_uri=uri, artifact_root=str(tmp_path / "files")) as served:
        yield served


def ask(server: Served, method: str, path: str, body: Any = None, **query: Any) -> Any:
    answer = server.call(method, f"/api/quire/v1/{path}{'?' + urlencode(query) if query else ''}", body)
    assert answer.status == 200, answer.body
    return answer.json


def refused(server: Served, method: str, path: str, body: Any = None) -> tuple[int, str, str]:
    answer = server.call(method, f"/api/quire/v1/{path}", body)
    return answer.status, answer.json["error_code"], answer.json["message"]


def test_a_prompt_is_made_and_its_versions_say_all(server: Served) -> None:
    made = ask(server, "POST", "prompts", {"name": "p", "template": "Say {{word}}.", "commit_message": "First"})
    assert (made["version"]["text"], made["version"]["variables"]) == ("Say {{word}}.", ["word"])
    schema = '{"type": "object", "default": null}'
    body = {
        "template": '[{"role": "user", "content": "Say {{word}} and {{more}}."}]',
        "chat": True,
        "commit_message": "As a message",
        "tags": [{"key": "team", "value": "a"}],
        "model_config_json": '{"model_name": "gpt-4o-mini", "temperature": 0}',
        "response_format_json": schema,
    }
    ask(server, "POST", "prompts/p/versions", body)
    said = ask(server, "GET", "prompts/p/versions/2")["version"]
    assert said["messages"] == [{"role": "user", "content": "Say {{word}} and {{more}}."}]
    assert said["summary"]["kind"] == "chat"
    assert said["summary"]["model_name"] == "gpt-4o-mini"
    assert '"default": null' in said["response_format_json"]
    listed = ask(server, "GET", "prompts/p/versions", max_results=1)
    assert [item["version"] for item in listed["versions"]] == [2]
    older = ask(server, "GET", "prompts/p/versions", max_results=1, page_token=listed["next_page_token"])
    assert [item["commit_message"] for item in older["versions"]] == ["First"]
    server.ask("POST", "registered-models/create", {"name": "a-model"})
    found = ask(server, "GET", "prompts", filter="name ILIKE 'P%'")["prompts"]
    assert [(item["prompt"]["name"], item["latest"]["version"]) for item in found] == [("p", 2)]
    diff = ask(server, "GET", "prompts/p/diff", old=1, new=2)
    assert diff["diff"]["variables_added"] == ["more"]
    assert diff["diff"]["template_kind"]["new"] == "chat"
    assert "variables +more" in diff["summary"]


def test_what_no_prompt_may_be_is_refused_and_nothing_stays(server: Served) -> None:
    for body, expected in (
        ({"name": "bad name", "template": "x"}, "letters"),
        ({"name": "p", "template": "[", "chat": True}, "is not a JSON list of messages"),
        ({"name": "p", "template": "[]", "chat": True}, "message"),
        ({"name": "p", "template": ""}, "empty"),
        ({"name": "p", "template": "x", "model_config_json": '{"temprature": 1}'}, "temperature"),
        ({"name": "p", "template": "x", "response_format_json": "7"}, "is not a JSON object"),
        ({"name": "p", "template": "key sk-" + "a1B2" * 12}, "credential"),
    ):
        status, _code, message = refused(server, "POST", "prompts", body)
        assert status == 400
        assert expected in message
    assert ask(server, "GET", "prompts") == {}
    server.ask("POST", "registered-models/create", {"name": "model"})
    assert refused(server, "POST", "prompts", {"name": "model", "template": "x"})[1] == "RESOURCE_ALREADY_EXISTS"
    assert refused(server, "POST", "prompts/model/versions", {"template": "x"})[0] == 400
    assert refused(server, "POST", "prompts/none/versions", {"template": "x"})[0] == 404
    assert refused(server, "GET", "prompts/none")[0] == 404
    assert refused(server, "GET", f"prompts/{quote('../x', safe='')}/versions/1")[0] in (400, 404)


def test_a_message_without_content_stays_as_it_is(server: Served) -> None:
    messages = (
        '[{"role": "assistant", "content": null, "tool_calls": '
        '[{"id": "1", "type": "function", "function": {"name": "f", "arguments": "{}"}}]}]'
    )
    made = ask(server, "POST", "prompts", {"name": "p", "template": messages, "chat": True})["version"]
    assert '"content": null' in made["written"]
    again = ask(server, "POST", "prompts/p/versions", {"template": made["written"], "chat": True})["version"]
    assert again["written"] == made["written"]
    assert ask(server, "GET", "prompts/p/diff", old=1, new=2)["summary"] == "nothing differs"


POLICY = [
    {"name": "temperature", "type": "double", "default": 0.5, "minimum": 0.0, "maximum": 2.0},
    {"name": "stop", "type": "string", "is_list": True, "default": ["a"], "choices": ["a", "b"]},
    {"name": "seed", "type": "long"},
]


def test_a_policy_is_written_read_and_compared(server: Served) -> None:
    made = ask(server, "POST", "prompts", {"name": "p", "template": "x", "policy": POLICY})["version"]
    assert made["policy"] == POLICY
    assert made["params"][0]["allowed"] == "a double from 0 to 2"
    kept = ask(server, "POST", "prompts/p/versions", {"template": "x", "params_of": 1})["version"]
    assert kept["policy"] == POLICY
    changed = [{**POLICY[0], "maximum": 1.0}]
    ask(server, "POST", "prompts/p/versions", {"template": "x", "policy": changed, "params_of": 2})
    diff = ask(server, "GET", "prompts/p/diff", old=2, new=3)["diff"]["settings"]
    assert [(change["path"], change["kind"]) for change in diff] == [
        ("params.temperature.maximum", "changed"),
        ("params.stop", "removed"),
        ("params.seed", "removed"),
    ]
    closed = ask(server, "POST", "prompts/p/versions", {"template": "x", "policy": []})["version"]
    assert closed["policy"] == []
    none = ask(server, "POST", "prompts/p/versions", {"template": "x"})["version"]
    assert "policy" not in none
    diff = ask(server, "GET", "prompts/p/diff", old=4, new=5)["diff"]["settings"]
    assert [(change["path"], change["kind"]) for change in diff] == [("params", "removed")]


def test_what_is_not_changed_in_a_policy_does_not_differ(server: Served) -> None:
    quire.set_tracking_uri(server.url)
    params = [
        quire.types.ParamSpec("n", "double", 1, minimum=0, maximum=2.0, choices=[1, 2]),
        quire.types.ParamSpec("shape", Object((Property("a", DataType.string),)), {"a": "x"}),
    ]
    quire.register_prompt("p", "x", params=params)
    policy = ask(server, "GET", "prompts/p/versions/1")["version"]["policy"]
    ask(server, "POST", "prompts/p/versions", {"template": "x", "policy": policy, "params_of": 1})
    assert ask(server, "GET", "prompts/p/diff", old=1, new=2)["summary"] == "nothing differs"


@pytest.mark.parametrize(
    ("param", "said"),
    [
        ({"name": " ", "type": "double"}, "no name"),
        ({"name": "t", "type": "real"}, "Unknown type 'real'"),
        ({"name": "t", "type": "double", "minimum": 2, "maximum": 1}, "above its maximum"),
        ({"name": "t", "type": "double", "minimum": 0, "maximum": 1, "default": 2}, "from 0 to 1"),
        ({"name": "t", "type": "long", "default": 0.5}, "expected a long"),
        ({"name": "t", "type": "double", "choices": ["warm"]}, "a choice of 't' is 'warm'"),
        ({"name": "t", "type": "double", "choices": []}, "no choices"),
        ({"name": "t", "type": "string", "maximum": 3}, "only a number can have"),
        ({"name": "t", "type": "string", "is_list": True, "default": "a"}, "expected a list"),
        ({"name": "t", "type": "object"}, "in Python"),
        ({"name": "messages", "type": "string"}, "makes it itself"),
        ({"name": "temperature", "type": "double"}, "cannot be in both"),
    ],
)
def test_what_no_policy_may_be_is_refused(server: Served, param: dict[str, Any], said: str) -> None:
    body = {"name": "p", "template": "x", "policy": [param], "model_config_json": '{"temperature": 1}'}
    status, _code, message = refused(server, "POST", "prompts", body)
    assert status == 400
    assert said in message
    assert ask(server, "GET", "prompts") == {}


def test_an_alias_moves_with_a_record_only_from_where_it_is_expected(server: Served) -> None:
    for text in ("one", "two", "three"):
        path = "prompts" if text == "one" else "prompts/p/versions"
        ask(server, "POST", path, {"name": "p", "template": text})
    move = {"alias": "champion", "version": 1, "reason": "The first"}
    assert ask(server, "POST", "prompts/p/move-alias", move)["event"]["new"] == 1
    moved = ask(server, "POST", "prompts/p/move-alias", {**move, "version": 3, "expected": 1, "reason": "Better"})
    assert (moved["event"]["old"], moved["event"]["new"]) == (1, 3)
    status, code, message = refused(server, "POST", "prompts/p/move-alias", {**move, "version": 2, "expected": 1})
    assert (status, code) == (400, "INVALID_STATE")
    assert "Somebody else was faster" in message
    assert refused(server, "POST", "prompts/p/move-alias", {**move, "version": 9, "expected": 3})[0] == 404
    assert refused(server, "POST", "prompts/p/move-alias", {**move, "alias": "v1"})[0] == 400
    back = ask(server, "POST", "prompts/p/roll-back-alias", {"alias": "champion", "reason": "Worse on Mondays"})
    assert (back["event"]["kind"], back["event"]["new"]) == ("rollback", 1)
    ask(server, "POST", "prompts/p/move-alias", {"alias": "champion", "expected": 1, "reason": "No longer needed"})
    assert ask(server, "GET", "prompts/p")["prompt"]["aliases"] == {}
    events = ask(server, "GET", "prompts/p/alias-events")["events"]
    assert [(item["kind"], item.get("new"), item["reason"]) for item in events] == [
        ("delete", None, "No longer needed"),
        ("rollback", 1, "Worse on Mondays"),
        ("set", 3, "Better"),
        ("set", 1, "The first"),
    ]


def test_each_line_names_the_version_that_brought_it(server: Served) -> None:
    ask(server, "POST", "prompts", {"name": "p", "template": "a\nb", "commit_message": "First"})
    ask(server, "POST", "prompts/p/versions", {"template": "a\nc", "commit_message": "Second"})
    blamed = ask(server, "GET", "prompts/p/versions/2/blame")
    assert [(line["version"], line["text"]) for line in blamed["messages"][0]["lines"]] == [(1, "a"), (2, "c")]
    assert [item["commit_message"] for item in blamed["versions"]] == ["First", "Second"]


def test_what_came_of_a_version_is_a_graph(server: Served) -> None:
    ask(server, "POST", "prompts", {"name": "p", "template": "x"})
    experiment = server.experiment("lineage")
    linked = {"key": "mlflow.linkedPrompts", "value": '[{"name": "p", "version": "1"}]'}
    run = server.run(experiment, tags=[linked], run_name="used it")
    model = server.ask(
        "POST", "logged-models", {"experiment_id": experiment, "name": "m", "source_run_id": run, "tags": [linked]}
    )["model"]["info"]["model_id"]
    server.ask("POST", "registered-models/create", {"name": "served one"})
    server.ask(
        "POST",
        "model-versions/create",
        {"name": "served one", "source": f"models:/{model}", "run_id": run, "model_id": model},
    )
    endpoint = {"name": "e", "model": "models:/served%20one/1"}
    assert server.call("PUT", "/api/quire/v1/endpoints/e", {"endpoint": endpoint}).status == 200
    parent = server.run(
        experiment, run_name="evaluation", tags=[linked, {"key": "mlflow.runType", "value": "genai_evaluate"}]
    )
    lineage = ask(server, "GET", "prompts/p/versions/1/lineage")["lineage"]
    kinds = {node["id"]: node["kind"] for node in lineage["nodes"]}
    assert lineage["nodes"][0]["id"] == "prompts:/p/1"
    assert kinds == {
        "prompts:/p/1": "prompt",
        model: "model",
        "models:/served one/1": "model_version",
        f"runs:/{run}": "run",
        f"runs:/{parent}": "evaluation",
        "endpoint:e": "endpoint",
    }
    edges = {(edge["source"], edge["target"]) for edge in lineage["edges"]}
    assert {
        ("prompts:/p/1", model),
        (model, "models:/served one/1"),
        ("models:/served one/1", "endpoint:e"),
        ("prompts:/p/1", f"runs:/{parent}"),
    } <= edges
    again = ask(server, "GET", f"models/{quote('served one')}/versions/1/lineage")["lineage"]
    assert {(edge["source"], edge["target"]) for edge in again["edges"]} == {
        ("prompts:/p/1", "models:/served one/1"),
        (f"runs:/{run}", "models:/served one/1"),
        ("models:/served one/1", "endpoint:e"),
    }
