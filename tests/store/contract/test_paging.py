"""Pages of every kind of thing: they join to the whole, and a token serves only the search that gave it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from quire.domain.entities import Metric, Run, Tag
from quire.domain.errors import InvalidInput
from quire.domain.paging import Page
from quire.store import Store

COUNT = 7
Search = Callable[..., Page[Any]]


def _experiments(store: Store, unique: Callable[[str], str], _run: Run) -> Search:
    prefix = unique("paged")
    for number in range(COUNT):
        store.create_experiment(f"{prefix}-{number}")
    mine = f"name LIKE '{prefix}-%'"
    return lambda more="", **options: store.search_experiments(filter_string=mine + more, **options)


def _runs(store: Store, unique: Callable[[str], str], run: Run) -> Search:
    del unique
    for number in range(COUNT - 1):
        store.create_run(run.info.experiment_id, run_name=str(number // 2))
    own = [run.info.experiment_id]
    return lambda more="", **options: store.search_runs(own, filter_string=f"run_name != 'x'{more}", **options)


def _logged_models(store: Store, unique: Callable[[str], str], run: Run) -> Search:
    del unique
    own = [run.info.experiment_id]
    for number in range(COUNT):
        store.create_logged_model(own[0], name=f"m{number // 3}", model_type="openai" if number % 2 else None)
    return lambda more="", **options: store.search_logged_models(own, filter_string=f"name != 'x'{more}", **options)


def _registered_models(store: Store, unique: Callable[[str], str], _run: Run) -> Search:
    prefix = unique("paged")
    for number in range(COUNT):
        store.create_registered_model(f"{prefix}-{number}")
    mine = f"name LIKE '{prefix}-%'"
    return lambda more="", **options: store.search_registered_models(filter_string=mine + more, **options)


def _model_versions(store: Store, unique: Callable[[str], str], _run: Run) -> Search:
    prefix = unique("paged")
    for name in (f"{prefix}-a", f"{prefix}-b"):
        store.create_registered_model(name)
    for number in range(COUNT):
        store.create_model_version(f"{prefix}-{'ab'[number % 2]}", "s3://bucket/x", tags=[Tag("n", str(number))])
    mine = f"name LIKE '{prefix}-%'"
    return lambda more="", **options: store.search_model_versions(filter_string=mine + more, **options)


KINDS: dict[str, tuple[Callable[..., Search], list[list[str]]]] = {
    "experiments": (_experiments, [[], ["name DESC"], ["last_update_time", "experiment_id"]]),
    "runs": (_runs, [[], ["run_name DESC"], ["start_time ASC"]]),
    "logged models": (_logged_models, [[], ["name DESC"], ["model_type"], ["metrics.absent"]]),
    "registered models": (_registered_models, [[], ["name DESC"], ["timestamp"]]),
    "model versions": (_model_versions, [[], ["name DESC"], ["version_number", "creation_timestamp"]]),
}


@pytest.fixture(params=list(KINDS))
def kind(request: pytest.FixtureRequest) -> str:
    """A kind of thing that is searched."""
    return str(request.param)


@pytest.fixture
def search(kind: str, store: Store, unique: Callable[[str], str], run: Run) -> Search:
    """Searches COUNT things of that kind; its first argument is added to the filter."""
    return KINDS[kind][0](store, unique, run)


@pytest.mark.parametrize("size", [1, 2, 3, COUNT - 1, COUNT, COUNT + 1])
def test_pages_join_to_the_whole(kind: str, search: Search, size: int) -> None:
    for order_by in KINDS[kind][1]:
        whole = search(order_by=order_by)
        assert (len(whole), whole.token) == (COUNT, None)
        joined, token = [], None
        while True:
            page = search(order_by=order_by, max_results=size, page_token=token)
            joined += page
            token = page.token
            if token is None:
                break
            assert len(page) == size
        assert joined == list(whole)


def test_a_token_serves_only_the_search_that_gave_it(kind: str, search: Search) -> None:
    token = search(max_results=2).token
    assert token is not None
    with pytest.raises(InvalidInput, match="belongs to another search"):
        search(order_by=KINDS[kind][1][1], page_token=token)
    field = "run_name" if kind == "runs" else "name"
    with pytest.raises(InvalidInput, match="belongs to another search"):
        search(f" AND {field} != 'y'", page_token=token)


@pytest.mark.parametrize("token", ["nonsense", "%%%", "AAAA", "é"])
def test_what_is_no_token_is_refused(search: Search, token: str) -> None:
    with pytest.raises(InvalidInput, match="page token"):
        search(page_token=token)


def test_a_token_of_one_history_serves_no_other(store: Store, run: Run) -> None:
    metrics = [Metric(key, 1.0, step=step) for key in ("a", "b") for step in range(3)]
    store.log_batch(run.info.run_id, metrics=metrics)
    token = store.get_metric_history(run.info.run_id, "a", max_results=1).token
    assert token is not None
    assert len(store.get_metric_history(run.info.run_id, "a", page_token=token)) == 2
    with pytest.raises(InvalidInput, match="belongs to another search"):
        store.get_metric_history(run.info.run_id, "b", page_token=token)
    with pytest.raises(InvalidInput, match="page token"):
        store.get_metric_history(run.info.run_id, "a", page_token="nonsense")
