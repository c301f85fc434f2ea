"""``quire endpoints``: what servers serve, by the command line."""

from __future__ import annotations

import json
import uuid
from pathlib import Path

import pytest

from quire.domain.endpoints import Endpoint
from quire.domain.trials import Arm, StoppingRule, TrialMetric, TrialSpec
from quire.store import open_store
from quire.store.serving import ServingStore, serving_of
from tests.cli.conftest import Quire

CHAMPION = "models:/joker@champion"
FILE = """
endpoints:
- name: poet
  model: models:/joker/2
  retrying: {timeout_s: 20}
  fallbacks: [{name: west, base_url: https://west.example.com/v1, api_key_env: WEST_KEY}]
- name: joker
  model: models:/joker@champion
"""


@pytest.fixture
def serving(project: list[str], workspace: Path) -> ServingStore:
    """What the project's store keeps of serving."""
    return serving_of(open_store(f"sqlite:///{workspace}/quire.db"))


def test_an_endpoint_is_created_changed_and_deleted(quick: Quire, serving: ServingStore) -> None:
    done = quick(
        "endpoints", "create", f"joker={CHAMPION}", "--set", "retrying.timeout_s=30", "-s", "caching={ttl_s: 60}"
    )
    assert (done.code, done.out) == (0, f"joker is created: {CHAMPION} (revision 1)\n")
    made = serving.get_endpoint("joker")
    assert (made.retrying.timeout_s, made.retrying.retries) == (30, 2)
    assert made.caching is not None
    assert made.caching.ttl_s == 60
    done = quick("endpoints", "update", "joker", "--set", "caching=null", "--set", "model=models:/joker/2", "--json")
    assert done.json["endpoints"][0]["revision"] == 2
    changed = serving.get_endpoint("joker")
    assert (changed.caching, changed.model, changed.retrying.timeout_s) == (None, "models:/joker/2", 30)
    assert quick("endpoints", "delete", "joker").out == "joker is deleted.\n"
    assert serving.list_endpoints() == []


def test_a_file_of_endpoints_is_created_and_what_is_listed_may_be_given_back(
    quick: Quire, serving: ServingStore, workspace: Path
) -> None:
    (workspace / "endpoints.yaml").write_text(FILE)
    assert quick("endpoints", "create", "-f", "endpoints.yaml").code == 0
    assert [one.name for one in serving.list_endpoints()] == ["joker", "poet"]
    assert serving.get_endpoint("poet").fallbacks[0].api_key_env == "WEST_KEY"
    listed = quick("endpoints", "list", "--json").out
    (workspace / "listed.json").write_text(listed)
    done = quick("endpoints", "update", "--file", "listed.json", "--json")
    assert [one["revision"] for one in done.json["endpoints"]] == [1, 1], "nothing differs, so nothing changes"


def test_a_table_says_which_version_each_is_now(quick: Quire, serving: ServingStore) -> None:
    assert "There are no endpoints" in quick("endpoints", "list").out
    for name, model in (("joker", CHAMPION), ("saved", "some/folder"), ("lost", "models:/gone/1")):
        serving.put_endpoint(Endpoint(name=name, model=model, description="for tests"))
    head, *rows = [line.split() for line in quick("endpoints", "list").out.splitlines()]
    assert head == ["name", "model", "now", "upstreams", "revision", "changed", "description"]
    assert [row[:4] for row in rows] == [
        ["joker", CHAMPION, "1", "default"],
        ["lost", "models:/gone/1", "missing", "default"],
        ["saved", "some/folder", "-", "default"],
    ]


def test_a_page_shows_version_trials_and_fields(quick: Quire, serving: ServingStore) -> None:
    serving.put_endpoint(Endpoint(name="joker", model=CHAMPION))
    spec = TrialSpec(
        subject="endpoint:joker",
        name="drier",
        arms=[Arm(name="control", model=CHAMPION), Arm(name="dry", model="models:/joker/3")],
        metrics=[TrialMetric(name="thumb", low=0, high=1)],
        stopping=StoppingRule(metric="thumb"),
    )
    trial = serving.create_trial(spec)
    shown = quick("endpoints", "show", "joker").out
    assert f"{CHAMPION}, now version 1" in shown
    assert f"{trial.trial_id}  running  drier  control, dry" in shown
    assert shown.endswith("endpoints:\n- name: joker\n  model: models:/joker@champion\n")
    page = quick("endpoints", "show", "joker", "--json").json
    assert (page["version"], page["problem"], page["trials"][0]["arms"]) == ("1", None, ["control", "dry"])
    done = quick("endpoints", "delete", "joker")
    assert trial.trial_id in done.err


def test_a_running_server_is_told_by_the_alias_that_a_promotion_moves(quick: Quire, serving: ServingStore) -> None:
    serving.put_endpoint(Endpoint(name="joker", model=CHAMPION))
    done = quick("promote", "models:/joker/3", "--force", "--reason", "drier")
    assert done.out.endswith("Served as joker: running servers follow within two seconds.\n")
    assert quick("endpoints", "show", "joker", "--json").json["version"] == "3"
    assert "Served as joker" in quick("rollback", CHAMPION).out
    assert quick("endpoints", "show", "joker", "--json").json["version"] == "1"


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["create"], "Say what to create"),
        (["create", "joker=models:/joker/1", "-f", "x.yaml"], "Say what to create"),
        (["create", "joker"], "is no NAME=MODEL"),
        (["create", "joker="], "is no NAME=MODEL"),
        (["create", "a/b=models:/joker/1"], "Invalid endpoint name 'a/b'"),
        (["create", "new=models:/joker"], "is not a model URI"),
        (["create", "new=models:/joker/1", "--set", "nonsense=1"], "unknown key 'nonsense'"),
        (["create", "new=models:/joker/1", "--set", "retrying.timeout=1"], "unknown key 'timeout'; expected timeout_s"),
        (["create", "new=models:/joker/1", "--set", "retrying.timeout_s=-1"], "expected more than 0 seconds"),
        (["create", "new=models:/joker/1", "--set", "retrying.timeout_s=soon"], "Expected `float`"),
        (["create", "new=models:/joker/1", "--set", "trace_sample"], "is no FIELD=VALUE"),
        (
            ["create", "new=models:/joker/1", "--set", "upstream.api_key_env=sk-abcdefghijklmnop1234"],
            "is never written",
        ),
        (["create", f"joker={CHAMPION}"], "exists already"),
        (["create", "-f", "none.yaml"], "There is no file 'none.yaml'"),
        (["update"], "Say what to change"),
        (["update", "joker"], "Say what to change"),
        (["update", "joker", "-f", "x.yaml"], "give it alone"),
        (["update", "joker", "--set", "name=other"], "keeps its name"),
        (["update", "none", "--set", "trace_sample=1"], "No endpoint is named 'none'"),
        (["update", "joker", "--set", "trace_sample=0.5", "--revision", "9"], "the revision 9 was expected"),
        (["show", "none"], "No endpoint is named 'none'"),
        (["delete", "none"], "No endpoint is named 'none'"),
    ],
)
def test_what_cannot_be_is_refused_in_one_line(
    quick: Quire, serving: ServingStore, words: list[str], message: str
) -> None:
    serving.put_endpoint(Endpoint(name="joker", model=CHAMPION))
    done = quick("endpoints", *words)
    assert done.code == 1
    assert message in done.err
    assert done.err.count("\n") == 1
    assert "sk-abc" not in done.err
    assert [one.name for one in serving.list_endpoints()] == ["joker"]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("", "names no endpoints"),
        ("endpoints: []", "names no endpoints"),
        ("endpoints: {name: joker}", "names no endpoints"),
        ("- name: joker", "names no endpoints"),
        ("endpoints: [joker]", "endpoints[0] is 'joker'; expected a mapping"),
        ("endpoints: [{name: joker}]", "endpoints[0] cannot be read: Object missing required field `model`"),
        ("endpoints: [{name: a, model: models:/m/1}]\nport: 80", "unknown keys ['port']"),
        ("endpoints: [{name: a, model: models:/m/1}, {name: a, model: models:/m/2}]", "several endpoints named 'a'"),
        ("endpoints: [{name: a, model: models:/m/1, fallbacks: [{url: x}]}]", "fallbacks[0] has the unknown key 'url'"),
        ("endpoints: [{name: a, model: models:/m/1, shadows: [{name: b, model: 'models:/m'}]}]", "is not a model URI"),
        ("endpoints: [", "is not YAML"),
    ],
)
def test_a_file_that_is_wrong_is_refused_with_the_place(
    quick: Quire, project: list[str], workspace: Path, content: str, message: str
) -> None:
    (workspace / "endpoints.yaml").write_text(content)
    done = quick("endpoints", "create", "-f", "endpoints.yaml")
    assert done.code == 1
    assert "endpoints.yaml" in done.err
    assert message in done.err


def test_a_file_is_created_whole_or_not_at_all(quick: Quire, serving: ServingStore, workspace: Path) -> None:
    serving.put_endpoint(Endpoint(name="joker", model=CHAMPION))
    (workspace / "endpoints.yaml").write_text(FILE)
    assert "The endpoint 'joker' exists already" in quick("endpoints", "create", "-f", "endpoints.yaml").err
    assert [one.name for one in serving.list_endpoints()] == ["joker"]


def test_a_model_that_is_not_there_yet_is_noted(quick: Quire, serving: ServingStore) -> None:
    done = quick("endpoints", "create", "late=models:/late@champion")
    assert done.code == 0
    assert "late is created: models:/late@champion (revision 1)\nNote: it cannot be served yet. " in done.out
    assert serving.get_endpoint("late").revision == 1


def test_reading_makes_no_database(quick: Quire, workspace: Path) -> None:
    for words in (["list"], ["show", "joker"], ["delete", "joker"], ["update", "joker", "--set", "trace_sample=1"]):
        assert "There is no tracking store here" in quick("endpoints", *words).err
    assert not (workspace / "quire.db").exists()


def test_a_model_folder_is_sought_beside_the_file(quick: Quire, serving: ServingStore, workspace: Path) -> None:
    (workspace / "sub").mkdir()
    (workspace / "sub" / "endpoints.json").write_text(json.dumps({"endpoints": [{"name": "a", "model": "models/a"}]}))
    quick("endpoints", "create", "-f", "sub/endpoints.json")
    assert serving.get_endpoint("a").model == f"{workspace}/sub/models/a"


def test_endpoints_are_kept_behind_a_server_too(quick: Quire, quire_server: str, workspace: Path) -> None:
    name = f"joker-{uuid.uuid4().hex[:8]}"
    at = ("--tracking-uri", quire_server)
    assert quick(*at, "endpoints", "create", f"{name}=some/folder", "-s", "trace_sample=0.5").code == 0
    assert quick(*at, "endpoints", "show", name, "--json").json["endpoint"]["trace_sample"] == 0.5
    assert "exists already" in quick(*at, "endpoints", "create", f"{name}=some/folder").err
    assert quick(*at, "endpoints", "update", name, "-s", "trace_sample=1").code == 0
    assert quick(*at, "deployments", "list").code == 0
    assert quick(*at, "endpoints", "delete", name).out == f"{name} is deleted.\n"
    assert not list(workspace.iterdir())
