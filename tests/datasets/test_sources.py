"""What a dataset is read from, how columns become records, and what is refused."""

from __future__ import annotations

import datetime
import json
import math
from pathlib import Path
from typing import Any

import pytest

import quire
from quire import datasets
from quire.domain.datasets import RecordSource, input_hash
from quire.domain.errors import InvalidInput, NotFound

ROWS = [{"question": f"{n} + 1?", "answer": n + 1, "topic": "sums", "source_id": n // 2} for n in range(6)]
MAPPING: dict[str, Any] = {"inputs": ["question"], "expectations": {"sum": "answer"}, "group": "source_id"}


def _file(tmp_path: Path, kind: str) -> Path:
    path = tmp_path / f"data.{kind}"
    if kind == "jsonl":
        path.write_text("".join(json.dumps(row) + "\n" for row in ROWS))
    elif kind == "csv":
        path.write_text(
            "question,answer,topic,source_id\n" + "".join(",".join(map(str, r.values())) + "\n" for r in ROWS)
        )
    else:
        import pyarrow
        import pyarrow.parquet

        pyarrow.parquet.write_table(pyarrow.Table.from_pylist(ROWS), path)
    return path


def _frame(kind: str) -> Any:
    if kind == "pandas":
        import pandas

        return pandas.DataFrame(ROWS)
    if kind == "polars":
        import polars

        return polars.DataFrame(ROWS)
    import pyarrow

    return pyarrow.Table.from_pylist(ROWS)


@pytest.mark.parametrize("kind", ["jsonl", "csv", "parquet"])
def test_files(tmp_path: Path, kind: str) -> None:
    found = datasets.open(_file(tmp_path, kind), tags=["topic"], **MAPPING)
    records = list(found)
    assert [record.inputs for record in records] == [{"question": row["question"]} for row in ROWS]
    assert [int(record.expectations["sum"]) for record in records] == [1, 2, 3, 4, 5, 6]
    assert records[3].group == "1"
    assert records[3].tags == {"topic": "sums"}
    assert records[3].record_id == input_hash({"question": "3 + 1?"})
    assert (len(found), found.name, found.version) == (6, f"data.{kind}", None)


@pytest.mark.parametrize("kind", ["pandas", "polars", "pyarrow"])
def test_dataframes(kind: str) -> None:
    found = datasets.open(_frame(kind), **MAPPING)
    assert found.digest == datasets.open(ROWS, **MAPPING).digest
    assert [record.group for record in found] == ["0", "0", "1", "1", "2", "2"]


def test_columns_of_lists() -> None:
    found = datasets.open({"question": ["a", "b"], "answer": [1, 2]}, inputs="question", expectations="answer")
    assert [(record.inputs, record.expectations) for record in found] == [
        ({"question": "a"}, {"answer": 1}),
        ({"question": "b"}, {"answer": 2}),
    ]


def test_a_generator_is_read_once_and_kept() -> None:
    found = datasets.open({"inputs": {"q": n}} for n in range(3))
    assert len(list(found)) == len(list(found)) == len(found) == 3


def test_records_in_mlflows_shape() -> None:
    row = {
        "inputs": {"q": 1},
        "outputs": ["a"],
        "expectations": {"e": 1},
        "tags": {"split": "dev"},
        "source": {"source_type": "HUMAN", "source_data": {"by": "ann"}},
        "dataset_record_id": "dr-1",
    }
    (record,) = datasets.open([row])
    assert (record.outputs, record.split, record.source) == (["a"], "dev", RecordSource("HUMAN", {"by": "ann"}))


def test_one_output_and_several() -> None:
    row = {"q": 1, "a": "x", "b": "y"}
    assert next(iter(datasets.open([row], inputs="q", outputs="a"))).outputs == "x"
    assert next(iter(datasets.open([row], inputs="q", outputs=["a", "b"]))).outputs == {"a": "x", "b": "y"}


@pytest.mark.parametrize("kind", ["jsonl", "csv", "tsv", "parquet"])
def test_what_was_exported_is_read_back(store: str, tmp_path: Path, kind: str) -> None:
    rows = [
        {"inputs": {"q": 'a,\n"b"', "n": [1, {"x": None}]}, "expectations": {"e": 1.5}, "outputs": "o", "group": "g"},
        {"inputs": {"q": "", "n": []}, "tags": {"split": "dev"}},
    ]
    made = datasets.create("exported", rows)
    assert datasets.export(made, tmp_path / f"out.{kind}") == 2
    again = datasets.open(tmp_path / f"out.{kind}")
    assert [msg(record) for record in again] == [msg(record) for record in made]


def msg(record: datasets.Record) -> tuple[Any, ...]:
    return (record.inputs, record.expectations, record.outputs, record.group, record.tags)


def test_values_of_libraries_become_json() -> None:
    import numpy
    import pandas

    frame = pandas.DataFrame(
        {
            "q": numpy.array([1, 2], dtype="int32"),
            "v": [numpy.array([0.5]), numpy.array([1.5])],
            "t": pandas.to_datetime(["2024-01-02", "2024-01-03"]),
            "d": [datetime.date(2024, 1, 2)] * 2,
        }
    )
    first = next(iter(datasets.open(frame, inputs=["q", "v", "t", "d"])))
    assert first.inputs == {"q": 1, "v": [0.5], "t": "2024-01-02T00:00:00", "d": "2024-01-02"}
    json.dumps(first.inputs)


def test_empty_cells_are_left_out_of_what_is_expected() -> None:
    import pandas

    frame = pandas.DataFrame({"q": ["a", "b"], "a": ["x", None], "n": [1.0, math.nan]})
    records = list(datasets.open(frame, inputs="q", expectations=["a", "n"]))
    assert [record.expectations for record in records] == [{"a": "x", "n": 1.0}, {}]


@pytest.mark.parametrize("kind", ["jsonl", "csv", "parquet"])
def test_a_missing_column_is_named_with_those_there_are(tmp_path: Path, kind: str) -> None:
    with pytest.raises(InvalidInput, match=r"no column 'query'; there are 'question', 'answer', 'topic', 'source_id'"):
        datasets.open(_file(tmp_path, kind), inputs=["query"])


def test_a_missing_column_of_a_later_row_is_named_with_its_line(tmp_path: Path) -> None:
    path = tmp_path / "late.jsonl"
    path.write_text('{"q": 1, "a": 2}\n{"q": 2}\n')
    with pytest.raises(InvalidInput, match=r"late\.jsonl, line 2 has no column 'a'; there are 'q'"):
        list(datasets.open(path, inputs="q", expectations="a"))


def test_without_columns_the_inputs_are_asked_for() -> None:
    with pytest.raises(InvalidInput, match=r"no column 'inputs'; there are 'question'.*inputs=\[\"question\"\]"):
        datasets.open([{"question": "a"}])
    with pytest.raises(InvalidInput, match="inputs too"):
        datasets.open(ROWS, expectations=["answer"])


def test_a_column_beside_the_known_ones_is_no_mistake_that_goes_unseen() -> None:
    with pytest.raises(InvalidInput, match="'expectation'"):
        datasets.open([{"inputs": {"q": 1}, "expectation": {"a": 1}}])


@pytest.mark.parametrize("text", ["", "\n\n"])
def test_an_empty_file_is_refused(tmp_path: Path, text: str) -> None:
    for kind in ("jsonl", "csv"):
        path = tmp_path / f"empty.{kind}"
        path.write_text(text)
        with pytest.raises(InvalidInput, match=r"empty|no records"):
            datasets.open(path, inputs="q")


def test_a_file_with_a_header_alone_and_a_list_of_nothing_are_refused(tmp_path: Path) -> None:
    (tmp_path / "header.csv").write_text("q,a\n")
    with pytest.raises(InvalidInput, match="no records"):
        datasets.open(tmp_path / "header.csv", inputs="q")
    with pytest.raises(InvalidInput, match="no records"):
        datasets.open([])


@pytest.mark.parametrize("value", [math.nan, math.inf, [1, {"x": math.nan}], 2**80])
def test_what_json_cannot_hold_is_refused(value: Any) -> None:
    with pytest.raises(InvalidInput, match=r"Record 2: inputs\.q.* (NaN|infinity|64 bits)"):
        list(datasets.open([{"inputs": {"q": 1}}, {"inputs": {"q": value}}], check_schema=False))


def test_nan_in_the_inputs_of_a_dataframe_is_refused() -> None:
    import pandas

    with pytest.raises(InvalidInput, match=r"Row 2: inputs\.q is NaN"):
        list(datasets.open(pandas.DataFrame({"q": [1.0, math.nan]}), inputs="q"))
    with pytest.raises(InvalidInput, match=r"inputs\.q is (NaN|<NA>)"):
        list(datasets.open(pandas.DataFrame({"q": ["a", pandas.NA]}), inputs="q"))


def test_a_field_whose_type_changes_is_named() -> None:
    rows = [{"inputs": {"q": "a"}}, {"inputs": {"q": 2}}]
    with pytest.raises(InvalidInput, match=r"Record 2: inputs\.q is 2 \(integer\), and the records before .* string"):
        list(datasets.open(rows))
    assert len(datasets.open(rows, check_schema=False)) == 2
    assert len(datasets.open([{"inputs": {"q": 1}}, {"inputs": {"q": 2.5}}, {"inputs": {"q": None}}])) == 3


def test_the_fields_of_a_stored_dataset_count_for_what_is_added(store: str) -> None:
    datasets.create("typed", [{"inputs": {"q": "a"}}])
    with pytest.raises(InvalidInput, match=r"inputs\.q is 2"):
        datasets.merge("typed", [{"inputs": {"q": 2}}])
    assert len(datasets.merge("typed", [{"inputs": {"q": 2}}], check_schema=False)) == 2


def test_the_same_inputs_twice_are_one_record_or_a_conflict() -> None:
    same = [{"inputs": {"q": 1}, "expectations": {"a": 1}}] * 2
    assert len(datasets.open(same)) == len(list(datasets.open(same))) == 1
    with pytest.raises(InvalidInput, match="Record 2 has the inputs of a record before it"):
        list(datasets.open([same[0], {"inputs": {"q": 1}, "expectations": {"a": 2}}]))


def test_a_record_that_is_too_large_is_named(store: str, tmp_path: Path) -> None:
    path = tmp_path / "large.jsonl"
    rows = [{"inputs": {"q": "a"}}, {"inputs": {"q": "x" * 17_000_000}}]
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    with pytest.raises(InvalidInput, match=r"large\.jsonl, line 2 has 17,\d+,\d+ bytes; at most 16,777,215"):
        datasets.create("large", path)


@pytest.mark.parametrize("data", [3, object(), b"bytes"])
def test_what_holds_no_records_is_refused(data: Any) -> None:
    with pytest.raises(InvalidInput):
        list(datasets.open(data, inputs="q"))


def test_broken_rows_are_refused(store: str, tmp_path: Path) -> None:
    for row in ({"inputs": {}}, {"inputs": 3}, {"inputs": "text"}, {"inputs": {1: 2}}, "text", 3, None):
        with pytest.raises(InvalidInput, match="Record 1"):
            datasets.open([row])
    with pytest.raises(InvalidInput, match="surrogate"):
        datasets.create("broken", [{"inputs": {"q": "\ud800"}}])
    (tmp_path / "broken.jsonl").write_text('{"inputs": {"q": 1}}\n{"inputs":\n')
    with pytest.raises(InvalidInput, match="line 2 is not JSON"):
        list(datasets.open(tmp_path / "broken.jsonl"))


def test_a_file_that_is_not_there_is_named(store: str, tmp_path: Path) -> None:
    with pytest.raises(NotFound, match="absent"):
        datasets.open(tmp_path / "absent.jsonl")
    with pytest.raises(NotFound, match="no dataset 'absent'"):
        datasets.open("absent")
    (tmp_path / "data.xml").write_text("<a/>")
    with pytest.raises(InvalidInput, match=r"\.xml"):
        datasets.open(tmp_path / "data.xml")


def test_open_takes_a_dataset_and_the_name_of_one(store: str) -> None:
    made = datasets.create("named", [{"inputs": {"q": 1}}])
    assert datasets.open(made) is made
    assert datasets.open("named").version == 1
    assert datasets.open(quire.genai.datasets.get_dataset("named")).digest == made.digest
    assert datasets.create("copy", "named").digest == made.digest


def test_real_recorded_data(store: str, shared: Path) -> None:
    path = shared / "data" / "gsm8k_recorded.jsonl"
    if not path.exists():
        pytest.skip("the recorded questions of GSM8K are absent")
    how: dict[str, Any] = {"inputs": ["question"], "expectations": {"answer": "ground_truth"}}
    made = datasets.create("gsm8k", path, outputs="175b_verification", splits={"dev": 0.2, "test": 0.8}, **how)
    assert (len(made), made.version) == (800, 1)
    opened = datasets.open(path, outputs="175b_verification", **how)
    assert opened.digest == made.digest
    assert {record.record_id for record in opened} == {record.record_id for record in made}
    assert sum(len(datasets.load("gsm8k", split=name)) for name in ("dev", "test")) == 800
    assert isinstance(next(iter(made)).outputs["solution"], str)
