"""Moves of aliases are recorded, and can be taken back."""

from __future__ import annotations

import getpass

import pytest

import quire
from quire.domain.alias_events import MOST_KEPT
from quire.domain.errors import InvalidState, NotFound
from quire.prompts import prompt_alias_history, rollback_prompt_alias


@pytest.fixture(autouse=True)
def _prompt() -> None:
    for text in ("one", "two", "three"):
        quire.register_prompt("p", text)


def at(alias: str = "prod") -> int:
    return quire.load_prompt(f"prompts:/p@{alias}").version


def test_each_move_is_recorded_with_who_and_why() -> None:
    quire.set_prompt_alias("p", "prod", 1)
    quire.set_prompt_alias("p", "prod", 2, reason="wins by 3 points; key sk-abcdefghijklmnopqrstuvwx")
    quire.set_prompt_alias("p", "other", 3)
    quire.delete_prompt_alias("p", "prod", reason="over")
    found = prompt_alias_history("p", "prod")
    assert [(event.kind, event.old, event.new) for event in found] == [
        ("set", None, 1),
        ("set", 1, 2),
        ("delete", 2, None),
    ]
    assert {event.by for event in found} == {getpass.getuser()}
    assert found[1].reason == "wins by 3 points; key [REDACTED]"
    assert len(prompt_alias_history("p")) == 4


def test_rolling_back_goes_further_back_each_time_and_can_be_taken_back() -> None:
    for version in (1, 2, 3):
        quire.set_prompt_alias("p", "prod", version)
    event = rollback_prompt_alias("p", "prod", reason="too long")
    assert (event.old, event.new, event.reason, at()) == (3, 2, "too long", 2)
    rollback_prompt_alias("p", "prod")
    assert at() == 1
    with pytest.raises(InvalidState, match="not recorded which version prompts:/p@prod had before 1"):
        rollback_prompt_alias("p", "prod")
    quire.set_prompt_alias("p", "prod", 3)
    rollback_prompt_alias("p", "prod")
    assert at() == 1


def test_a_deleted_alias_comes_back() -> None:
    quire.set_prompt_alias("p", "prod", 2)
    quire.delete_prompt_alias("p", "prod")
    rollback_prompt_alias("p", "prod")
    assert at() == 2


def test_a_move_by_another_client_is_taken_back_too() -> None:
    quire.set_prompt_alias("p", "prod", 1)
    quire.Client().registry_store.set_alias("p", "prod", "3")
    rollback_prompt_alias("p", "prod")
    assert at() == 1


def test_a_version_that_was_deleted_is_not_gone_back_to() -> None:
    quire.set_prompt_alias("p", "prod", 1)
    quire.set_prompt_alias("p", "prod", 2)
    quire.delete_prompt_version("p", 1)
    with pytest.raises(InvalidState, match="was at version 1 before, which has been deleted"):
        rollback_prompt_alias("p", "prod")
    assert at() == 2


def test_what_there_is_not() -> None:
    with pytest.raises(NotFound, match="no alias 'prod'"):
        rollback_prompt_alias("p", "prod")
    with pytest.raises(NotFound, match="no prompt 'nobody'"):
        rollback_prompt_alias("nobody", "prod")
    with pytest.raises(NotFound, match="no version 9"):
        quire.set_prompt_alias("p", "prod", 9)
    assert prompt_alias_history("p") == []


def test_the_records_are_no_tags_of_the_prompt() -> None:
    quire.set_prompt_alias("p", "prod", 1)
    prompt = quire.search_prompts("name = 'p'")[0]
    assert prompt.tags == {}


def test_of_very_many_moves_the_newest_are_kept() -> None:
    for number in range(MOST_KEPT + 5):
        quire.set_prompt_alias("p", "prod", 1 + number % 2)
    assert len(prompt_alias_history("p", "prod")) == MOST_KEPT
