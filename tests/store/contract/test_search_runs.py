"""Searching runs: what every store promises."""

from __future__ import annotations

import math
from collections.abc import Callable

import pytest

from quire.domain.entities import Dataset, DatasetInput, Metric, Tag
from quire.domain.errors import InvalidInput
from quire.store import Store

AddRun = Callable[..., str]


@pytest.fixture
def names(store: Store, experiment: str) -> Callable[..., list[str]]:
    """Names of the runs that a search of the experiment finds, in order."""

    def search(filter_string: str = "", *order_by: str) -> list[str]:
        page = store.search_runs([experiment], filter_string=filter_string, order_by=order_by)
        return [run.info.run_name for run in page]

    return search


@pytest.fixture
def three(store: Store, experiment: str, add_run: AddRun) -> dict[str, str]:
    """Runs a, b and c, in this order of time, with different things logged."""
    return {
        "a": add_run("a", metrics={"f1": 0.1, "x y": 3.0}, params={"model": "gpt-4o"}, tags={"team": "Red"}),
        "b": add_run("b", metrics={"f1": 0.9}, params={"model": "gpt-4o-mini"}, tags={"team": "blue"}),
        "c": add_run("c", metrics={"f1": math.nan}, params={"other": "1"}, user_id="ada"),
    }


@pytest.mark.parametrize(
    ("filter_string", "expected"),
    [
        ("", "cba"),
        ("metrics.f1 > 0.1", "b"),
        ("metrics.f1 >= 0.1", "ba"),
        ("metrics.f1 < 1", "ba"),
        ("metrics.f1 <= 0.1", "a"),
        ("metrics.f1 = 0.9", "b"),
        ("metrics.f1 != 0.9", "ca"),
        ("metric.`x y` = 3", "a"),
        ('metrics."x y" = 3.0', "a"),
        ("metrics.absent > 0", ""),
        ("params.model = 'gpt-4o'", "a"),
        ("params.model != 'gpt-4o'", "b"),
        ("params.model LIKE 'gpt%'", "ba"),
        ("params.model LIKE 'GPT%'", ""),
        ("params.model ILIKE 'GPT%MINI'", "b"),
        ("params.model LIKE 'gpt_4o'", "a"),
        ("param.model IS NULL", "c"),
        ("parameters.model IS NOT NULL", "ba"),
        ("params.absent IS NULL", "cba"),
        ("params.absent IS NOT NULL", ""),
        ("tags.team = 'Red'", "a"),
        ("tag.team = 'red'", ""),
        ("tags.team ILIKE 'RED'", "a"),
        ("tags.`mlflow.runName` = 'b'", "b"),
        ("tags.mlflow.runName = 'b'", "b"),
        ("run_name = 'b'", "b"),
        ("attributes.run_name LIKE '_'", "cba"),
        ('attribute."Run name" = "b"', "b"),
        ("user_id = 'ada'", "c"),
        ("status = 'RUNNING'", "cba"),
        ("status != 'RUNNING'", ""),
        ("start_time > 1700000000000", "cb"),
        ("attributes.Created <= 1700000001000", "ba"),
        ("end_time > 0", ""),
        ("metrics.f1 > 0 AND params.model LIKE 'gpt%' AND tags.team = 'blue'", "b"),
        ("metrics.f1 > 0.05 and metrics.f1 < 0.5", "a"),
    ],
)
def test_filters(names: Callable[..., list[str]], three: dict[str, str], filter_string: str, expected: str) -> None:
    assert "".join(names(filter_string)) == expected


def test_filter_by_run_ids(names: Callable[..., list[str]], three: dict[str, str]) -> None:
    assert names(f"run_id = '{three['a']}'") == ["a"]
    assert names(f"run_id IN ('{three['a']}', '{three['c']}')") == ["c", "a"]
    assert names(f"run_id NOT IN ('{three['a']}', '{three['c']}')") == ["b"]
    assert names(f"run_id != '{three['a']}'") == ["c", "b"]
    assert names(f"run_id LIKE '{three['a'][:20]}%'") == ["a"]
    assert names("run_id = 'absent'") == []


@pytest.mark.parametrize(
    ("order_by", "expected"),
    [
        (["metrics.f1 DESC"], "bac"),
        (["metrics.f1"], "abc"),
        (["metrics.absent"], "cba"),
        (["params.model"], "abc"),
        (["params.model DESC"], "bac"),
        (["tags.team"], "abc"),
        (["start_time"], "abc"),
        (["attributes.start_time DESC"], "cba"),
        (["run_name DESC"], "cba"),
        (["run_name"], "abc"),
        (["status", "run_name"], "abc"),
        (["end_time DESC"], "cba"),
        (["params.other DESC", "metrics.f1 DESC"], "cba"),
    ],
)
def test_orders(names: Callable[..., list[str]], three: dict[str, str], order_by: list[str], expected: str) -> None:
    assert "".join(names("", *order_by)) == expected


def test_values_come_before_nan_before_what_is_missing(names: Callable[..., list[str]], add_run: AddRun) -> None:
    for name, value in [("missing", None), ("nan", math.nan), ("inf", math.inf), ("-inf", -math.inf), ("one", 1.0)]:
        add_run(name, metrics={} if value is None else {"m": value})
    assert names("", "metrics.m ASC") == ["-inf", "one", "inf", "nan", "missing"]
    assert names("", "metrics.m DESC") == ["inf", "one", "-inf", "nan", "missing"]
    assert names("metrics.m != 1", "metrics.m DESC") == ["inf", "-inf", "nan"]


def test_ties_go_to_the_newest_then_to_the_smallest_id(store: Store, experiment: str, add_run: AddRun) -> None:
    old = [add_run("old", metrics={"m": 1.0}, start_time=5) for _ in range(4)]
    new = [add_run("new", metrics={"m": 1.0}, start_time=6) for _ in range(4)]
    expected = sorted(new) + sorted(old)
    for order_by in ([], ["metrics.m ASC"], ["metrics.m DESC"], ["metrics.absent"], ["user_id"]):
        found = [run.info.run_id for run in store.search_runs([experiment], order_by=order_by)]
        assert found == expected, order_by


def test_a_metric_is_searched_by_its_latest_value_whether_or_not_the_run_ended(
    store: Store, experiment: str, add_run: AddRun, names: Callable[..., list[str]]
) -> None:
    first, second = add_run("first", metrics={"m": 1.0}), add_run("second", metrics={"m": 2.0})
    assert names("metrics.m > 1.5", "metrics.m DESC") == ["second"]
    store.update_run(second, status="FINISHED")
    assert names("", "metrics.m DESC") == ["second", "first"]
    store.log_batch(second, metrics=[Metric("m", 0.5, step=1)])
    assert names("", "metrics.m DESC") == ["first", "second"]
    assert names("metrics.m > 1.5") == []
    store.update_run(second, status="FINISHED")
    store.update_run(first, status="FAILED")
    assert names("", "metrics.m DESC") == ["first", "second"]


def test_filter_by_dataset(store: Store, add_run: AddRun, names: Callable[..., list[str]]) -> None:
    for name, dataset, context in [("a", "squad", "train"), ("b", "gsm8k", "eval"), ("c", "squad", "eval")]:
        run_id = add_run(name)
        described = Dataset(name=dataset, digest=f"d-{dataset}", source_type="local", source="x")
        used = DatasetInput(dataset=described, tag_list=[Tag("mlflow.data.context", context)])
        store.log_inputs(run_id, datasets=[used])
    add_run("none")
    assert names("datasets.name = 'squad'") == ["c", "a"]
    assert names("dataset.name LIKE 'g%'") == ["b"]
    assert names("datasets.digest IN ('d-gsm8k', 'x')") == ["b"]
    assert names("datasets.context = 'eval' AND datasets.name = 'squad'") == ["c"]


def test_views(store: Store, experiment: str, three: dict[str, str]) -> None:
    store.delete_run(three["b"])

    def found(view: str) -> str:
        order = ["metrics.f1 DESC"]
        runs = store.search_runs([experiment], view=view, order_by=order)  # type: ignore[arg-type]
        return "".join(run.info.run_name for run in runs)

    assert found("ACTIVE_ONLY") == "ac"
    assert found("DELETED_ONLY") == "b"
    assert found("ALL") == "bac"


def test_several_experiments(store: Store, unique: Callable[[str], str]) -> None:
    experiments = [store.create_experiment(unique("many")) for _ in range(3)]
    for number in range(9):
        run = store.create_run(experiments[number % 3], run_name=str(number), start_time=number)
        store.log_batch(run.info.run_id, metrics=[Metric("m", float(number % 4))])
    newest = [run.info.run_name for run in store.search_runs(experiments)]
    assert newest == list("876543210")
    by_metric = [run.info.run_name for run in store.search_runs(experiments, order_by=["metrics.m DESC"])]
    assert by_metric == list("736251840")
    two = [run.info.run_name for run in store.search_runs(experiments[:2], order_by=["metrics.m"])]
    assert two == list("401673")
    assert store.search_runs([]) == []
    assert store.search_runs(["987654"]) == []


@pytest.mark.parametrize("order_by", [[], ["metrics.m DESC"], ["metrics.m"], ["params.p", "metrics.m"], ["status"]])
def test_pages_join_to_the_whole(store: Store, experiment: str, add_run: AddRun, order_by: list[str]) -> None:
    for number in range(23):
        metrics = {} if number % 5 == 0 else {"m": math.nan if number % 7 == 0 else float(number % 4)}
        add_run(str(number), metrics=metrics, params={"p": f"v{number % 3}"}, start_time=number // 4)
    whole = [run.info.run_id for run in store.search_runs([experiment], order_by=order_by)]
    assert len(whole) == 23
    for size in (1, 4, 22, 23, 24):
        joined, token = [], None
        while True:
            page = store.search_runs([experiment], order_by=order_by, max_results=size, page_token=token)
            joined += [run.info.run_id for run in page]
            token = page.token
            if token is None:
                break
            assert len(page) == size
        assert joined == whole


def test_a_run_added_meanwhile_does_not_disturb_the_pages(store: Store, experiment: str, add_run: AddRun) -> None:
    ids = [add_run(str(number), metrics={"m": float(number)}) for number in range(6)]
    first = store.search_runs([experiment], order_by=["metrics.m DESC"], max_results=3)
    add_run("better", metrics={"m": 100.0})
    second = store.search_runs([experiment], order_by=["metrics.m DESC"], max_results=3, page_token=first.token)
    assert [run.info.run_id for run in (*first, *second)] == ids[::-1]


def test_a_token_serves_only_its_own_search(store: Store, experiment: str, add_run: AddRun) -> None:
    for number in range(3):
        add_run(str(number), metrics={"m": 1.0})
    token = store.search_runs([experiment], order_by=["metrics.m"], max_results=1).token
    assert token is not None
    with pytest.raises(InvalidInput, match="belongs to another search"):
        store.search_runs([experiment], order_by=["metrics.m DESC"], max_results=1, page_token=token)
    with pytest.raises(InvalidInput, match="belongs to another search"):
        store.search_runs([experiment], filter_string="metrics.m > 0", order_by=["metrics.m"], page_token=token)
    with pytest.raises(InvalidInput, match="page token"):
        store.search_runs([experiment], page_token="nonsense")


@pytest.mark.parametrize(
    ("filter_string", "order_by", "problem"),
    [
        ("metrics.m > 'x'", [], "expected a number"),
        ("nonsense = 1", [], "runs cannot be searched by 'nonsense'"),
        ("params.p = 'a' OR params.p = 'b'", [], "OR is not part of the grammar"),
        ("", ["nonsense"], "runs cannot be ordered by 'nonsense'"),
        ("", ["metrics.m", "metric.m DESC"], "twice"),
        ("", ["metrics.m UP"], "expected ASC or DESC"),
    ],
)
def test_a_bad_search_is_refused(
    store: Store, experiment: str, filter_string: str, order_by: list[str], problem: str
) -> None:
    with pytest.raises(InvalidInput, match=problem):
        store.search_runs([experiment], filter_string=filter_string, order_by=order_by)


@pytest.mark.parametrize(
    ("filter_string", "order_by"),
    [
        (" AND ".join(["params.p LIKE 'a'"] * 1200), []),
        (f"params.p LIKE '{'a' * 60_000}'", []),
        ("", [f"metrics.m{number}" for number in range(70)]),
    ],
    ids=["conditions", "pattern", "order"],
)
def test_a_search_that_asks_too_much_is_answered_or_refused(
    store: Store, experiment: str, add_run: AddRun, filter_string: str, order_by: list[str]
) -> None:
    found = [add_run(params={"p": "a"})] if "aa" not in filter_string else []
    try:
        answer = store.search_runs([experiment], filter_string=filter_string, order_by=order_by)
        said = [run.info.run_id for run in answer]
    except InvalidInput as refused:
        said = refused.message.partition(" (")[0]
    assert said in (found, "The search asks too much at once")


@pytest.mark.parametrize("size", [0, 50_001])
def test_a_page_size_out_of_range_is_refused(store: Store, experiment: str, size: int) -> None:
    with pytest.raises(InvalidInput, match="from 1 to 50,000"):
        store.search_runs([experiment], max_results=size)


@pytest.mark.parametrize("value", ["it's", 'say "hi"', "a%b_c", "x" * 127, "x" * 128, "x" * 129, "ä" * 300, ""])
def test_any_text_is_found_by_equality(
    store: Store, add_run: AddRun, names: Callable[..., list[str]], value: str
) -> None:
    add_run("it", params={"p": value})
    add_run("longer", params={"p": value + "x"})
    quoted = value.replace("'", "''")
    assert names(f"params.p = '{quoted}'") == ["it"]
    assert names(f"params.p != '{quoted}'") == ["longer"]
    assert names(f"params.p LIKE '{quoted}'")[-1] == "it"
    assert names(f"params.p = '{quoted}'", "params.p DESC") == ["it"]
