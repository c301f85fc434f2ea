"""Dividing a dataset: the same on every machine, groups together, by tag or by hash."""

from __future__ import annotations

import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from quire import datasets
from quire.domain.dataset_splits import check_shares, split_of
from quire.domain.errors import InvalidInput, NotFound

KEYS = st.text(max_size=20)
SHARES = st.lists(st.integers(1, 9), min_size=1, max_size=4).map(
    lambda parts: {f"s{n}": part / sum(parts) for n, part in enumerate(parts)}
)


def _rows(count: int, **more: Any) -> list[dict[str, Any]]:
    return [{"inputs": {"q": n}, **more} for n in range(count)]


EXPECTED = ["test", "test", "test", "dev", "dev", "test", "test", "dev"]


@given(KEYS, SHARES, st.integers())
def test_a_key_is_in_one_split_whatever_else_there_is(key: str, shares: dict[str, float], seed: int) -> None:
    found = split_of(key, shares, seed)
    assert found in shares
    assert split_of(key, dict(reversed(shares.items())), seed) == found


@given(KEYS, st.floats(0.1, 0.5), st.floats(0, 0.4))
def test_a_larger_first_share_keeps_what_was_in_it(key: str, share: float, more: float) -> None:
    if split_of(key, {"a": share, "b": 1 - share}, 0) == "a":
        assert split_of(key, {"a": share + more, "b": 1 - share - more}, 0) == "a"


def test_splits_do_not_change_from_release_to_release() -> None:
    shares = {"dev": 0.5, "test": 0.5}
    assert [split_of(str(n), shares, 0) for n in range(8)] == EXPECTED
    assert [split_of(str(n), shares, 1) for n in range(8)] != EXPECTED


def test_shares_are_kept_within_what_chance_allows() -> None:
    count = 20_000
    for shares in ({"a": 0.5, "b": 0.5}, {"a": 0.1, "b": 0.2, "c": 0.7}):
        found = [split_of(str(n), shares, 7) for n in range(count)]
        for name, share in shares.items():
            spread = 5 * math.sqrt(count * share * (1 - share))
            assert abs(found.count(name) - share * count) < spread


@pytest.mark.parametrize(
    "shares",
    [
        {},
        {"a": 0.5},
        {"a": 0.5, "b": 0.6},
        {"a": 1.5, "b": -0.5},
        {"a": 0, "b": 1},
        {"": 1},
        {"a": True},
        {"a": "1"},
        3,
    ],
)
def test_bad_shares_are_refused(shares: Any) -> None:
    with pytest.raises(InvalidInput):
        check_shares(shares)


def test_splits_divide_a_dataset_and_groups_stay_together() -> None:
    rows = [{"inputs": {"q": n}, "group": f"g{n // 5}"} for n in range(200)]
    parts = datasets.split(datasets.open(rows), {"dev": 0.5, "test": 0.5}, seed=3)
    numbers = {name: [record.inputs["q"] for record in part] for name, part in parts.items()}
    assert sorted(numbers["dev"] + numbers["test"]) == list(range(200))
    groups = {name: {record.group for record in part} for name, part in parts.items()}
    assert not groups["dev"] & groups["test"]
    assert min(len(part) for part in parts.values()) > 0
    assert parts["dev"].digest != parts["test"].digest
    again = datasets.split(datasets.open(rows[::-1]), {"dev": 0.5, "test": 0.5}, seed=3)
    assert again["dev"].digest == parts["dev"].digest


def test_splits_made_when_a_dataset_is_are_loaded_by_name(any_store: str, unique: Any) -> None:
    name = unique("split")
    made = datasets.create(name, _rows(100), splits={"dev": 0.3, "test": 0.7}, seed=1)
    dev, test = datasets.load(name, split="dev"), datasets.load(name, version=1, split="test")
    assert len(dev) + len(test) == 100
    assert {record.split for record in dev} == {"dev"}
    assert dev.digest == datasets.split(datasets.open(_rows(100)), {"dev": 0.3, "test": 0.7}, seed=1)["dev"].digest
    assert (dev.name, dev.version) == (name, 1)
    assert dev.source["split"] == "dev"
    assert repr(dev) == f"Dataset(name={name!r}, version=1, split='dev')"
    assert made.digest not in (dev.digest, test.digest)


def test_a_column_names_the_split() -> None:
    rows = [{"q": 1, "part": "dev"}, {"q": 2, "part": "test"}]
    found = datasets.open(rows, inputs="q", split="part")
    assert [record.inputs["q"] for record in found.only("test")] == [2]


def test_an_unknown_split_is_named_with_those_there_are(store: str) -> None:
    datasets.create("split", [{"inputs": {"q": n}, "tags": {"split": s}} for n, s in enumerate(("dev", "test"))])
    with pytest.raises(NotFound, match=r"no split 'train'; its splits are 'dev', 'test'"):
        datasets.load("split", split="train")
    datasets.create("whole", _rows(2))
    with pytest.raises(NotFound, match="name no split"):
        datasets.load("whole", split="dev")
