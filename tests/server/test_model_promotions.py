"""Promoting versions of models on evidence, over the server: what could be evidence, the gate, the record, who may."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

import pytest

import quire
from quire.domain.access import Resource
from quire.simulator import Behaviour
from quire.testing import Simulator
from tests.postgres import create_database, drop_database
from tests.server.auth.conftest import PASSWORD, Guarded

NAME = "sol'ver %1"


class Made:
    """A server with auth, three versions of a model of which the second says more, and evaluations of them."""

    def __init__(self, guarded: Guarded, both: str, new: str, old: str) -> None:
        self.guarded, self.both, self.new, self.old = guarded, both, new, old

    def place(self, path: str) -> str:
        return f"/api/quire/v1/models/{quote(NAME, safe='')}/{path}"

    def promote(self, version: str = "2", who: str = "ada", **fields: Any) -> Any:
        body = {"reason": "It says well.", "score": "says_well", "evidence": [self.both], **fields}
        return self.guarded.call(who, "POST", self.place(f"versions/{version}/promote"), body)

    @property
    def champion(self) -> str | None:
        model = self.guarded.ask("ada", "GET", f"registered-models/get?name={quote(NAME)}")["registered_model"]
        return {item["alias"]: item["version"] for item in model.get("aliases", [])}.get("champion")


@pytest.fixture(scope="module", params=["sqlite", "postgres"])
def made(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Made]:
    folder = tmp_path_factory.mktemp("promotions")
    uri = None
    if request.param == "postgres":
        uri = create_database(request.getfixturevalue("postgres_place"))
    guarded = Guarded(folder, uri)
    with pytest.MonkeyPatch.context() as patch, Simulator(behaviour=Behaviour(echo=True)) as simulator:
        for name, value in simulator.environment.items():
            patch.setenv(name, value)
        patch.setenv("MLFLOW_TRACKING_USERNAME", "ada")
        patch.setenv("MLFLOW_TRACKING_PASSWORD", PASSWORD)
        patch.setenv("QUIRE_CACHE_DIR", str(folder / "cache"))
        quire.set_tracking_uri(guarded.served.url)
        quire.set_experiment("evaluations")
        for content in ("Say {word}", "Say {word} well", "Say {word} again"):
            with quire.start_run():
                quire.openai.log_model(
                    "gpt-4o-mini",
                    "chat.completions",
                    name="m",
                    messages=[{"role": "user", "content": content}],
                    registered_model_name=NAME,
                )
        yield Made(guarded, evaluated("both", 1, 2), evaluated("new", 2), evaluated("old", 1))
    quire.set_tracking_uri(None)
    guarded.stop()
    if uri is not None:
        drop_database(uri)


@quire.scorer
def says_well(outputs: Any) -> bool:
    return "well" in str(outputs)


@quire.scorer
def letters(outputs: Any) -> int:
    return len(str(outputs))


def evaluated(name: str, *versions: int) -> str:
    data = [{"inputs": {"word": f"w{number}"}} for number in range(20)]
    variants = {f"v{version}": f"models:/{quote(NAME, safe='')}/{version}" for version in versions}
    return str(quire.evaluate(data, variants, [says_well, letters], run_name=name).run_id)


def test_the_first_version_needs_no_evidence_and_what_could_be_is_listed(made: Made) -> None:
    nothing = made.guarded.ask("ada", "GET", made.place("versions/1/evidence?alias=first"))
    assert "current" not in nothing
    first = made.promote("1", evidence=[], score="", reason="The first", alias="first")
    assert (first.status, first.json["promotion"]["reason"]) == (200, "The first"), first.body
    found = made.guarded.ask("ada", "GET", made.place("versions/2/evidence?alias=first"))
    assert found["current"] == "1"
    assert [(one["name"], sorted(one["versions"])) for one in found["evaluations"]] == [
        ("old", ["1"]),
        ("new", ["2"]),
        ("both", ["1", "2"]),
    ]
    none = made.guarded.ask("ada", "GET", made.place("versions/3/evidence?alias=second"))
    assert none == {}
    assert made.guarded.call("ada", "GET", made.place("versions/9/evidence")).status == 404


def test_a_better_version_is_promoted_and_a_refusal_is_in_the_gates_words(made: Made) -> None:
    assert made.promote("1", evidence=[], score="", reason="The first").status == 200
    for fields, words in (
        ({"evidence": []}, "No evidence was named"),
        ({"score": ""}, "Give a gate"),
        ({"reason": ""}, "reason"),
        ({"not_worse": {"letters": 2.0}}, "expected a ratio below 1"),
        ({"min_rows": 100}, "20 records have both scores; 100 wanted"),
        ({"confidence": 2}, "confidence is 2"),
        ({"score": "nonsense"}, "nonsense"),
        ({"not_worse": {"letters": 0.01}, "score": "letters"}, "better and not worse"),
        ({"evidence": [made.new]}, "has no scores of"),
    ):
        refused = made.promote(**fields)
        assert 400 <= refused.status < 500, refused.body
        assert words in refused.json["message"], refused.json["message"]
    assert made.champion == "1"
    moved = made.promote(not_worse={"letters": 0.5}, evidence=[made.new, made.old])
    assert moved.status == 200, moved.body
    promotion = moved.json["promotion"]
    assert (promotion["old"], promotion["new"], promotion["by"]) == ("1", "2", "ada")
    assert promotion["evidence"] == [made.new, made.old]
    assert all(check["passed"] for check in promotion["checks"])
    back = made.promote("1")
    assert (back.status, "says_well is better" in back.json["message"]) == (400, True)
    assert "one-sided p" in back.json["message"]
    assert made.champion == "2"
    assert made.promote("1", force=True, reason="It is cheaper").json["promotion"]["forced"] is True
    entries = made.guarded.access.search_audit(action="promote_model_version").to_list()
    assert json.loads(entries[0].after or "{}")["reason"] == "It is cheaper"
    assert json.loads(entries[0].before or "{}") == {"champion": "2"}
    assert entries[0].entity.startswith("registered_model:")


def test_who_may_not_read_the_evidence_learns_nothing_and_who_may_not_edit_moves_nothing(made: Made) -> None:
    reader, outsider = made.guarded.user("reader"), made.guarded.user("none")
    assert made.promote(who=reader).status == 403
    made.guarded.access.set_permission(outsider, Resource("registered_model", NAME), "editor")
    assert "evaluations" not in made.guarded.ask(outsider, "GET", made.place("versions/2/evidence"))
    assert made.promote(who=outsider).status == 403
    assert made.guarded.call(made.guarded.user("none"), "GET", made.place("versions/2/evidence")).status == 403
