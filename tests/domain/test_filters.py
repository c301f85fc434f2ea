"""The search grammar: what it reads, and what it says about what it does not read."""

from __future__ import annotations

import contextlib
import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from quire.domain.errors import InvalidInput
from quire.domain.filters import (
    EXPERIMENTS,
    LOGGED_MODELS,
    MODEL_VERSIONS,
    REGISTERED_MODELS,
    RUNS,
    Comparison,
    Grammar,
    OrderBy,
    format_filter,
    format_order_by,
    parse_filter,
    parse_order_by,
)

GRAMMARS = [RUNS, EXPERIMENTS, LOGGED_MODELS, REGISTERED_MODELS, MODEL_VERSIONS]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("metrics.f1 > 0.9", Comparison("metric", "f1", ">", 0.9)),
        ("metric.f1>=-1", Comparison("metric", "f1", ">=", -1)),
        ("metrics.f1<1e-3", Comparison("metric", "f1", "<", 0.001)),
        ("metrics.f1 != .5", Comparison("metric", "f1", "!=", 0.5)),
        ("metrics.`a b` = 1", Comparison("metric", "a b", "=", 1)),
        ('metrics."a b" = 1', Comparison("metric", "a b", "=", 1)),
        ("metrics.a.b.c = 1", Comparison("metric", "a.b.c", "=", 1)),
        ("metrics.val/f1-macro = 1", Comparison("metric", "val/f1-macro", "=", 1)),
        ("params.model = 'gpt'", Comparison("param", "model", "=", "gpt")),
        ('parameter.model = "it\'s"', Comparison("param", "model", "=", "it's")),
        ("params.model = 'it''s'", Comparison("param", "model", "=", "it's")),
        ("parameters.m LIKE '%x_'", Comparison("param", "m", "LIKE", "%x_")),
        ("param.m ilike 'X'", Comparison("param", "m", "ILIKE", "X")),
        ("tags.mlflow.user = 'ada'", Comparison("tag", "mlflow.user", "=", "ada")),
        ("tag.`mlflow.parentRunId` = ''", Comparison("tag", "mlflow.parentRunId", "=", "")),
        ("`tags`.x = '1'", Comparison("tag", "x", "=", "1")),
        ("tags.x IS NULL", Comparison("tag", "x", "IS NULL", None)),
        ("params.x is not null", Comparison("param", "x", "IS NOT NULL", None)),
        ("run_name = 'a'", Comparison("attribute", "run_name", "=", "a")),
        ("\"Run name\" = 'a'", Comparison("attribute", "run_name", "=", "a")),
        ("attributes.`run name` LIKE 'a'", Comparison("attribute", "run_name", "LIKE", "a")),
        ("attr.status != 'FAILED'", Comparison("attribute", "status", "!=", "FAILED")),
        ("run.start_time > 12", Comparison("attribute", "start_time", ">", 12)),
        ("Created > 12", Comparison("attribute", "start_time", ">", 12)),
        ("attribute.created > 12", Comparison("attribute", "start_time", ">", 12)),
        ("run_id IN ('a')", Comparison("attribute", "run_id", "IN", ("a",))),
        ("run_id not in ('a', \"b\",)", Comparison("attribute", "run_id", "NOT IN", ("a", "b"))),
        ("datasets.name = 'd'", Comparison("dataset", "name", "=", "d")),
        ("dataset.digest IN ('1','2')", Comparison("dataset", "digest", "IN", ("1", "2"))),
        ("params.x = 'a OR b'", Comparison("param", "x", "=", "a OR b")),
    ],
)
def test_a_condition(text: str, expected: Comparison) -> None:
    assert parse_filter(text, RUNS) == (expected,)
    assert parse_filter(f"  {text}\n", RUNS) == (expected,)


@pytest.mark.parametrize("text", ["", "   ", "\n", None])
def test_an_empty_filter_has_no_conditions(text: str | None) -> None:
    assert parse_filter(text, RUNS) == ()


def test_conditions_are_joined_by_and() -> None:
    parsed = parse_filter("metrics.a > 1 and params.b = 'x' AND tags.c LIKE 'y'", RUNS)
    assert [item.key for item in parsed] == ["a", "b", "c"]


@pytest.mark.parametrize(
    ("text", "position", "problem"),
    [
        ("metrics.a > 1 OR metrics.b > 1", 15, "OR is not part of the grammar. Conditions are joined by AND only"),
        ("nonsense = 1", 1, "runs cannot be searched by 'nonsense'. Allowed: run_id, run_name"),
        ("model.x = 'y'", 1, "metrics.KEY, params.KEY, tags.KEY, datasets.name"),
        ("metrics.a > 'x'", 13, "expected a number to compare with metrics.a"),
        ("metrics.a > x", 13, "expected a number"),
        ("metrics.a LIKE 'x'", 11, "LIKE cannot be used with metrics.a. Allowed: =, !=, <"),
        ("params.a > 'x'", 10, "> cannot be used with params.a"),
        ("params.a IN ('x')", 10, "IN cannot be used with params.a"),
        ("metrics.a IS NULL", 11, "IS NULL cannot be used"),
        ("status IN ('x')", 8, "IN cannot be used with status"),
        ("params.a = 1", 12, "expected a quoted string"),
        ("params.a = x", 12, "Put text between single or double quotes"),
        ("params.a == 'x'", 10, "Write = instead"),
        ("params.a <> 'x'", 10, "Write != instead"),
        ("params.a NOT LIKE 'x'", 14, "NOT is allowed only as NOT IN"),
        ("params.a IS 'x'", 13, "expected IS NULL or IS NOT NULL"),
        ("params.a", 9, "expected an operator, the text ends"),
        ("params.a =", 11, "the text ends"),
        ("params.a = 'x", 12, "the quote ' is never closed"),
        ("params.`a = 'x'", 8, "is never closed"),
        ("params.a = 'x' params.b = 'y'", 16, "expected AND or the end"),
        ("params.a = 'x' AND", 19, "expected a field, the text ends"),
        ("AND params.a = 'x'", 1, "runs cannot be searched by 'AND'"),
        ("(params.a = 'x')", 1, "parentheses are allowed only around the list of IN"),
        ("run_id IN 'a'", 11, "expected a list such as"),
        ("run_id IN ()", 12, "expected a quoted string in the list"),
        ("run_id IN (1)", 12, "expected a quoted string in the list"),
        ("run_id IN ('a' 'b')", 16, "expected , or )"),
        ("params.a = 'x';", 15, "';' is not part of the grammar"),
        ("params. = 'x'", 1, "cannot be searched by 'params.'"),
        ("datasets.size = '1'", 1, "cannot be searched by 'datasets.size'"),
        ("= 1", 1, "expected a field, found '='"),
        ("1 = 1", 1, "expected a field, found '1'"),
    ],
)
def test_a_bad_filter_names_the_piece_the_place_and_what_is_allowed(text: str, position: int, problem: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        parse_filter(text, RUNS)
    assert f"at character {position}:" in refused.value.message
    assert problem in refused.value.message


@pytest.mark.parametrize(
    ("grammar", "text", "allowed"),
    [
        (EXPERIMENTS, "name = 'x'", True),
        (EXPERIMENTS, "experiment_id IN ('1', '2')", True),
        (EXPERIMENTS, "experiment_id LIKE '1%'", False),
        (EXPERIMENTS, "creation_time > 5", True),
        (EXPERIMENTS, "tags.a IS NULL", True),
        (EXPERIMENTS, "metrics.a > 5", False),
        (LOGGED_MODELS, "metrics.a > 5", True),
        (LOGGED_MODELS, "params.a IN ('x')", True),
        (LOGGED_MODELS, "creation_time > 5", True),
        (LOGGED_MODELS, "datasets.name = 'x'", False),
        (REGISTERED_MODELS, "name IN ('x')", True),
        (REGISTERED_MODELS, "tags.a = 'x'", True),
        (REGISTERED_MODELS, "tags.a IS NULL", False),
        (REGISTERED_MODELS, "creation_timestamp > 5", False),
        (MODEL_VERSIONS, "version_number > 5", True),
        (MODEL_VERSIONS, "run_id = 'x'", True),
        (MODEL_VERSIONS, "source_path LIKE 's3://%'", True),
        (MODEL_VERSIONS, "source_path IN ('x')", False),
    ],
)
def test_each_kind_of_thing_has_its_own_fields(grammar: Grammar, text: str, allowed: bool) -> None:
    if allowed:
        assert parse_filter(text, grammar)
    else:
        with pytest.raises(InvalidInput, match="Allowed: "):
            parse_filter(text, grammar)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("metrics.f1", OrderBy("metric", "f1")),
        ("metrics.f1 ASC", OrderBy("metric", "f1")),
        ("metrics.`a b` desc", OrderBy("metric", "a b", ascending=False)),
        ("params.p DESC", OrderBy("param", "p", ascending=False)),
        ("tags.`mlflow.user`", OrderBy("tag", "mlflow.user")),
        ("Created DESC", OrderBy("attribute", "start_time", ascending=False)),
        ("attributes.start_time", OrderBy("attribute", "start_time")),
    ],
)
def test_an_order(text: str, expected: OrderBy) -> None:
    assert parse_order_by([text], RUNS) == (expected,)


@pytest.mark.parametrize(
    ("clauses", "problem"),
    [
        (["nonsense"], "runs cannot be ordered by 'nonsense'. Allowed: run_id"),
        (["datasets.name"], "cannot be ordered by 'datasets.name'"),
        (["metrics.a UP"], "expected ASC or DESC, found 'UP'"),
        (["metrics.a, metrics.b"], "Each field is an item of its own"),
        (["metrics.a DESC metrics.b"], "Each field is an item of its own"),
        ([""], "expected a field, the text ends"),
        (["metrics.a", "metric.a DESC"], "order_by names metrics.a twice"),
        (["start_time", "Created"], "order_by names start_time twice"),
    ],
)
def test_a_bad_order_is_refused(clauses: list[str], problem: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        parse_order_by(clauses, RUNS)
    assert problem in refused.value.message


@pytest.mark.parametrize(
    ("grammar", "field", "allowed"),
    [
        (EXPERIMENTS, "last_update_time", True),
        (EXPERIMENTS, "tags.a", False),
        (LOGGED_MODELS, "metrics.a", True),
        (LOGGED_MODELS, "params.a", False),
        (REGISTERED_MODELS, "timestamp", True),
        (MODEL_VERSIONS, "version_number", True),
        (MODEL_VERSIONS, "run_id", False),
    ],
)
def test_each_kind_of_thing_has_its_own_orders(grammar: Grammar, field: str, allowed: bool) -> None:
    if allowed:
        assert parse_order_by([f"{field} DESC"], grammar)[0].ascending is False
    else:
        with pytest.raises(InvalidInput, match="cannot be ordered by"):
            parse_order_by([field], grammar)


def test_a_long_filter_is_shortened_in_the_error() -> None:
    with pytest.raises(InvalidInput) as refused:
        parse_filter("nonsense" * 1000, RUNS)
    assert len(refused.value.message) < 10_000
    with pytest.raises(InvalidInput, match="…"):
        parse_filter("params.a = 'x' AND " * 50, RUNS)


keys = st.text(min_size=1, max_size=20)
words = st.text(max_size=20)
numbers = st.integers(-(10**17), 10**17) | st.floats(allow_nan=False, allow_infinity=False)
NULLS = ("IS NULL", "IS NOT NULL")


@st.composite
def comparisons(draw: st.DrawFn, grammar: Grammar) -> Comparison:
    kind = draw(st.sampled_from(grammar.kinds()))
    if kind == "attribute":
        spelling = draw(st.sampled_from([name for name, field in grammar.attributes.items() if field.filterable]))
        key = grammar.attributes[spelling].column
    else:
        key = draw(st.sampled_from(grammar.fixed[kind]) if kind in grammar.fixed else keys)
    op = draw(st.sampled_from(grammar.operators(kind, key)))
    if op in NULLS:
        return Comparison(kind, key, op)
    if op in ("IN", "NOT IN"):
        return Comparison(kind, key, op, tuple(draw(st.lists(words, min_size=1, max_size=3))))
    return Comparison(kind, key, op, draw(numbers if grammar.is_numeric(kind, key) else words))


@pytest.mark.parametrize("grammar", GRAMMARS, ids=lambda grammar: grammar.name)
@given(data=st.data())
def test_what_is_written_is_read_back(grammar: Grammar, data: st.DataObject) -> None:
    wanted = tuple(data.draw(st.lists(comparisons(grammar), max_size=4)))
    assert parse_filter(format_filter(wanted), grammar) == wanted


@given(
    st.lists(
        st.builds(OrderBy, st.sampled_from(["metric", "param", "tag"]), keys, st.booleans()),
        max_size=3,
        unique_by=lambda order: (order.kind, order.key),
    )
)
def test_an_order_that_is_written_is_read_back(orders: list[OrderBy]) -> None:
    assert parse_order_by(format_order_by(orders), RUNS) == tuple(orders)


pieces = st.sampled_from(
    [
        *("metrics.a", "params.`b c`", "tags.", "run_id", "=", ">", "<>", "LIKE", "NOT", "IN", "IS", "NULL", "AND"),
        *("OR", "(", ")", ",", "'x'", '"y"', "'", "`", "1", "-1.5e3", "1.", ".", ";", "\\", "\n", "é"),
    ]
)


@given(st.text() | st.text(string.printable) | st.lists(pieces).map(" ".join) | st.lists(pieces).map("".join))
def test_no_text_does_worse_than_being_refused(text: str) -> None:
    for grammar in GRAMMARS:
        for parse in (lambda: parse_filter(text, grammar), lambda: parse_order_by([text], grammar)):  # noqa: B023
            with contextlib.suppress(InvalidInput):
                parse()
