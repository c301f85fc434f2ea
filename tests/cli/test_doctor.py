from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from quire.testing import Simulator
from tests.cli.conftest import Done, Quire

SECRET = "sk-" + "abcdef0123456789" * 3


def checks(done: Done) -> dict[str, Any]:
    return {check["name"]: check for check in done.json["checks"]}


def test_an_empty_folder_is_healthy_and_the_missing_key_is_named(cli: Quire, workspace: Path) -> None:
    done = cli("doctor", "--json")
    assert (done.code, done.json["healthy"]) == (0, True)
    found = checks(done)
    assert found["OPENAI_API_KEY"]["status"] == "note"
    assert "quire simulate" in found["OPENAI_API_KEY"]["remedy"]
    assert "does not exist yet; the first run makes it" in found["tracking"]["detail"]
    assert list(workspace.iterdir()) == []


def test_a_store_is_opened_and_counted(quick: Quire, project: list[str]) -> None:
    found = checks(quick("doctor", "--json"))
    assert "opens: 2 experiments, 3 runs, 1 registered models" in found["tracking"]["detail"]
    assert found["artifacts"]["status"] == "ok"


def test_secrets_are_counted_and_never_shown(cli: Quire) -> None:
    environment = {
        "OPENAI_API_KEY": SECRET,
        "OPENAI_BASE_URL": f"http://ann:{SECRET}@127.0.0.1:9/v1?api_key={SECRET}",
        "OPENAI_ORGANIZATION": "org-123",
        "AZURE_OPENAI_AD_TOKEN": SECRET,
    }
    for words in (["doctor"], ["doctor", "--json"], ["doctor", "--online"]):
        done = cli(*words, **environment)
        assert SECRET not in done.out + done.err
        assert f"set ({len(SECRET)} characters)" in done.out
        assert "127.0.0.1:9" in done.out


def test_what_does_not_work_is_a_problem_and_exits_with_1(cli: Quire, workspace: Path) -> None:
    (workspace / "text.db").write_text("hello, this is not a database file at all" * 10)
    for environment, name in (
        ({"QUIRE_TRACKING_URI": f"sqlite:///{workspace}/text.db"}, "tracking"),
        ({"QUIRE_TRACKING_URI": "ftp://host/x"}, "tracking"),
        ({"OPENAI_API_TYPE": "bogus"}, "service"),
    ):
        done = cli("doctor", "--json", **environment)
        assert (done.code, done.json["healthy"]) == (1, False)
        assert checks(done)[name]["status"] == "problem"
    assert "1 problem found." in cli("doctor", OPENAI_API_TYPE="bogus").out


def test_azure_names_every_missing_variable(quick: Quire) -> None:
    found = checks(quick("doctor", "--json", OPENAI_API_TYPE="azure"))
    assert {"OPENAI_API_KEY", "OPENAI_API_BASE", "OPENAI_API_VERSION"} <= set(found)


def test_online_asks_the_service(quick: Quire, simulator: Simulator) -> None:
    assert "the service answers and offers" in checks(quick("doctor", "--online", "--json"))["reachable"]["detail"]
    simulator.behave(api_keys=("another",))
    done = quick("doctor", "--online", "--json")
    assert done.code == 1
    assert checks(done)["reachable"]["status"] == "problem"


def test_online_without_a_key_or_a_server(quick: Quire) -> None:
    assert "OPENAI_API_KEY" in checks(quick("doctor", "--online", "--json"))["reachable"]["detail"]
    done = quick("doctor", "--online", "--json", OPENAI_API_KEY="k", OPENAI_BASE_URL="http://127.0.0.1:9/v1")
    assert checks(done)["reachable"]["status"] == "problem"


@pytest.mark.parametrize("extra", ["azure", "postgres", "pandas", "parquet"])
def test_extras_are_listed(quick: Quire, extra: str) -> None:
    assert checks(quick("doctor", "--json"))[extra]["status"] in ("ok", "note")
