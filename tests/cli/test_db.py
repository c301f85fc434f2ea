from __future__ import annotations

import sqlite3
from pathlib import Path

from tests.cli.conftest import Quire


def test_a_database_is_made_checked_and_backed_up(cli: Quire, workspace: Path) -> None:
    made = cli("db", "upgrade", "--json")
    assert (made.code, made.json["before"]) == (0, None)
    assert "is up to date" in cli("db", "upgrade").out
    checked = cli("db", "check")
    assert checked.code == 0
    assert "everything logged belongs to a run" in checked.out
    done = cli("db", "backup", "copy.db", "--json")
    assert (done.code, done.json["file"]) == (0, f"{workspace}/copy.db")
    assert cli("db", "check", QUIRE_TRACKING_URI="sqlite:///copy.db").code == 0


def test_what_is_wrong_exits_with_1_and_says_what_to_do(cli: Quire, workspace: Path) -> None:
    assert "does not exist. Make it with: quire db upgrade" in cli("db", "check").err
    cli("db", "upgrade")
    with sqlite3.connect(workspace / "quire.db") as connection:
        connection.execute("DROP INDEX ix_tags_order")
    connection.close()
    checked = cli("db", "check")
    assert checked.code == 1
    assert "missing: ix_tags_order" in checked.out
    assert "-> Something other than Quire" in checked.out
    assert cli("db", "check", "--json").json["right"] is False


def test_a_server_has_no_database_to_look_after_here(cli: Quire) -> None:
    done = cli("db", "check", QUIRE_TRACKING_URI="http://127.0.0.1:1")
    assert (done.code, done.out) == (1, "")
    assert "names no database" in done.err
