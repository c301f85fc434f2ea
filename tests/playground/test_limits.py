"""What a server lets its playground use."""

from __future__ import annotations

from pathlib import Path

import pytest

from quire.domain.entities import Tag
from quire.domain.errors import InvalidInput, InvalidState
from quire.playground.limits import Limits, TooMany
from quire.playground.spending import Spending
from quire.store import open_store


def test_as_many_answers_as_allowed_are_on_their_way() -> None:
    limits = Limits(at_once=1)
    with limits.room(), pytest.raises(TooMany, match="QUIRE_PLAYGROUND_AT_ONCE"), limits.room():
        pass
    with limits.room():
        pass


def test_a_days_money_is_spent_once_and_there_again_the_next_day() -> None:
    day = ["2026-01-01"]
    limits = Limits(max_usd=1.0, today=lambda: day[0])
    limits.spend(0.75)
    limits.spend(None)
    assert limits.left_usd == 0.25
    limits.spend(0.5)
    with pytest.raises(TooMany, match="QUIRE_PLAYGROUND_MAX_USD"), limits.room():
        pass
    day[0] = "2026-01-02"
    assert limits.left_usd == 1.0
    with limits.room():
        pass


def test_the_money_of_a_day_is_that_of_all_processes_on_a_store(tmp_path: Path) -> None:
    day = ["2026-01-01"]
    store = open_store(f"sqlite:///{tmp_path}/quire.db")
    one, other = (Limits(max_usd=1.0, today=lambda: day[0], ledger=Spending(store)) for _process in range(2))
    for limits, usd in ((one, 0.5), (other, 0.25), (one, 0.125)):
        limits.refresh()
        limits.spend(usd)
        limits.publish()
    other.refresh()
    assert other.left_usd == 0.125
    late = Limits(max_usd=1.0, today=lambda: day[0], ledger=Spending(store))
    late.refresh()
    assert late.left_usd == 0.125
    other.spend(0.125)
    other.publish()
    one.refresh()
    with pytest.raises(TooMany, match=r"spent \$1.0000 today"), one.room():
        pass
    day[0] = "2026-01-02"
    one.refresh()
    assert one.left_usd == 1.0
    one.publish()
    found = store.get_experiment_by_name("playground")
    assert found is not None
    assert [key.rpartition(".")[0] for key in found.tags] == ["quire.playground.spent.2026-01-02"]
    store.set_experiment_tag(found.experiment_id, Tag("quire.playground.spent.2026-01-02.x", "-5"))
    one.refresh()
    assert one.left_usd == 1.0
    store.close()


def test_a_store_that_fails_leaves_each_process_to_count_its_own(tmp_path: Path) -> None:
    store = open_store(f"sqlite:///{tmp_path}/quire.db")
    store.delete_experiment(store.create_experiment("playground"))
    limits = Limits(max_usd=1.0, ledger=Spending(store))
    limits.refresh()
    limits.spend(0.5)
    limits.publish()
    assert limits.left_usd == 0.5
    store.close()


def test_the_environment_sets_them() -> None:
    limits = Limits.from_environment({"QUIRE_PLAYGROUND_AT_ONCE": "3", "QUIRE_PLAYGROUND_MAX_USD": "2.5"})
    assert (limits.enabled, limits.at_once, limits.max_usd) == (True, 3, 2.5)
    with pytest.raises(InvalidState):
        Limits.from_environment({"QUIRE_PLAYGROUND": "0"}).require_enabled()
    for text in ("many", "-1", "0", "inf"):
        with pytest.raises(InvalidInput, match="QUIRE_PLAYGROUND_JOBS"):
            Limits.from_environment({"QUIRE_PLAYGROUND_JOBS": text})
