from __future__ import annotations

import csv
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from quire.batch import BatchStopped, BatchSummary, FileBatch, predict_file
from quire.domain.errors import AlreadyExists, InvalidInput, InvalidState, NotFound, PermissionDenied, Unavailable
from quire.domain.schema import ParamSchema, ParamSpec
from quire.testing import Simulator

MakeModel = Callable[..., str]


def write_words(path: Path, words: list[str]) -> Path:
    path.write_text("id,word\n" + "".join(f"{number},{word}\n" for number, word in enumerate(words)))
    return path


def run(model: str, source: Path, output: Path, **settings: Any) -> BatchSummary:
    return predict_file(FileBatch(model_uri=model, input_path=str(source), output_path=str(output), **settings))


def read_jsonl(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text().splitlines()]


def read_csv(path: Path) -> list[dict[str, str]]:
    with path.open(newline="") as stream:
        return list(csv.DictReader(stream))


def echoed(answer: str) -> str:
    return str(json.loads(answer)[-1]["content"])


def leftovers(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir() if ".journal" in path.name or ".partial" in path.name)


def test_rows_come_out_in_order_with_their_columns(simulator: Simulator, make_model: MakeModel, tmp_path: Path) -> None:
    simulator.behave(echo=True, latency_ms="uniform:0:20")
    source = write_words(tmp_path / "in.csv", [f"w{n}" for n in range(300)])
    summary = run(make_model(), source, tmp_path / "out.csv")
    rows = read_csv(tmp_path / "out.csv")
    assert [row["id"] for row in rows] == [str(n) for n in range(300)]
    assert [echoed(row["output"]) for row in rows] == [f"Say w{n}" for n in range(300)]
    assert (summary.rows, summary.failed, summary.requests, summary.replayed) == (300, 0, 300, 0)
    assert summary.input_tokens > 0
    assert summary.cost_usd is not None
    assert summary.cost_usd > 0
    assert leftovers(tmp_path) == []


@pytest.mark.parametrize("source_kind", ["csv", "tsv", "jsonl", "parquet"])
@pytest.mark.parametrize("sink_kind", ["csv", "tsv", "jsonl", "parquet"])
def test_every_format_to_every_format(
    simulator: Simulator, make_model: MakeModel, tmp_path: Path, source_kind: str, sink_kind: str
) -> None:
    simulator.behave(echo=True)
    words = ["plain", 'quote " and, comma', "two\nlines", "naïve 漢字 🦆"]
    source = write_table(tmp_path / f"in.{source_kind}", words)
    run(make_model(), source, tmp_path / f"out.{sink_kind}")
    rows = read_table(tmp_path / f"out.{sink_kind}")
    assert [row["word"] for row in rows] == words
    assert [echoed(row["output"]) for row in rows] == [f"Say {word}" for word in words]
    assert [str(row["id"]) for row in rows] == ["0", "1", "2", "3"]


def write_table(path: Path, words: list[str]) -> Path:
    import pandas

    frame = pandas.DataFrame({"id": range(len(words)), "word": words})
    if path.suffix == ".parquet":
        frame.to_parquet(path)
    elif path.suffix == ".jsonl":
        frame.to_json(path, orient="records", lines=True)
    else:
        frame.to_csv(path, index=False, sep="\t" if path.suffix == ".tsv" else ",")
    return path


def read_table(path: Path) -> list[dict[str, Any]]:
    import pandas

    if path.suffix == ".parquet":
        frame = pandas.read_parquet(path)
    elif path.suffix == ".jsonl":
        return read_jsonl(path)
    else:
        frame = pandas.read_csv(path, sep="\t" if path.suffix == ".tsv" else ",")
    return frame.to_dict("records")  # type: ignore[return-value]


def test_parquet_keeps_the_types_of_the_input(simulator: Simulator, make_model: MakeModel, tmp_path: Path) -> None:
    import pyarrow
    import pyarrow.parquet

    table = pyarrow.table({"word": ["a"], "n": pyarrow.array([1], pyarrow.int16()), "tags": [["x", "y"]]})
    pyarrow.parquet.write_table(table, tmp_path / "in.parquet")
    run(make_model(), tmp_path / "in.parquet", tmp_path / "out.parquet", on_error="return")
    schema = pyarrow.parquet.read_schema(tmp_path / "out.parquet")
    assert schema.field("n").type == pyarrow.int16()
    assert schema.field("tags").type == pyarrow.list_(pyarrow.string())
    assert [schema.field(name).type for name in ("output", "error")] == [pyarrow.string(), pyarrow.string()]


def test_embeddings_are_vectors(simulator: Simulator, make_model: MakeModel, tmp_path: Path) -> None:
    import pyarrow.parquet

    model = make_model(task="embeddings")
    source = write_words(tmp_path / "in.csv", ["a", "b", "c"])
    run(model, source, tmp_path / "out.parquet")
    run(model, source, tmp_path / "out.csv")
    vectors = pyarrow.parquet.read_table(tmp_path / "out.parquet").column("output").to_pylist()
    assert len(vectors) == 3
    assert len(vectors[0]) > 10
    assert json.loads(read_csv(tmp_path / "out.csv")[0]["output"]) == vectors[0]


def test_completions_batch_many_rows_a_request(simulator: Simulator, make_model: MakeModel, tmp_path: Path) -> None:
    simulator.behave(echo=True)
    source = write_words(tmp_path / "in.csv", [f"w{n}" for n in range(50)])
    summary = run(make_model(task="completions"), source, tmp_path / "out.jsonl")
    assert [row["output"] for row in read_jsonl(tmp_path / "out.jsonl")] == [f"Say w{n}" for n in range(50)]
    assert summary.requests == 1


def test_params_are_typed_and_sent(simulator: Simulator, make_model: MakeModel, tmp_path: Path) -> None:
    model = make_model(params=ParamSchema([ParamSpec("temperature", "double", 0.2, maximum=1)]))
    run(model, write_words(tmp_path / "in.csv", ["a"]), tmp_path / "out.csv", params=("temperature=0.9",))
    assert simulator.requests[0].body["temperature"] == 0.9


def test_an_input_without_rows_gives_an_output_without_rows(
    simulator: Simulator, make_model: MakeModel, tmp_path: Path
) -> None:
    source = write_words(tmp_path / "in.csv", [])
    for name in ("out.csv", "out.jsonl", "out.parquet"):
        assert run(make_model(), source, tmp_path / name).rows == 0
    assert (tmp_path / "out.csv").read_text() == "id,word,output\n"
    assert read_table(tmp_path / "out.parquet") == []


def test_bare_strings_get_a_column(simulator: Simulator, make_model: MakeModel, tmp_path: Path) -> None:
    simulator.behave(echo=True)
    (tmp_path / "in.jsonl").write_text('"a"\n"b"\n')
    run(make_model(), tmp_path / "in.jsonl", tmp_path / "out.jsonl")
    assert [row["input"] for row in read_jsonl(tmp_path / "out.jsonl")] == ["a", "b"]


# -- rows that fail --------------------------------------------------------------------------------


def test_a_bad_row_stops_the_batch_and_is_named_by_its_line(
    simulator: Simulator, make_model: MakeModel, tmp_path: Path
) -> None:
    (tmp_path / "in.jsonl").write_text('{"word": "a"}\n\n{"word": null}\n{"word": "c"}\n')
    with pytest.raises(BatchStopped, match=r"in.jsonl, line 3, column 'word', is null.*run the same command again"):
        run(make_model("Say {word} to {word}"), tmp_path / "in.jsonl", tmp_path / "out.jsonl")
    assert not (tmp_path / "out.jsonl").exists()
    assert not (tmp_path / "out.jsonl.partial").exists()


def test_a_column_that_is_missing_stops_before_anything_is_sent(
    simulator: Simulator, make_model: MakeModel, tmp_path: Path
) -> None:
    source = write_words(tmp_path / "in.csv", ["a"])
    with pytest.raises(BatchStopped, match=r"in.csv, line 2 lacks the column\(s\) \['other'\]; it has \['id'"):
        run(make_model("Say {word} and {other}"), source, tmp_path / "out.csv")
    assert simulator.requests == []
    assert leftovers(tmp_path) == []


def test_failed_rows_are_data_where_that_is_wanted_and_asked_anew_by_the_next_run(
    simulator: Simulator, make_model: MakeModel, tmp_path: Path
) -> None:
    simulator.behave(echo=True, error_rates={"server_error": 0.5}, seed=3)
    model, output = make_model(), tmp_path / "out.jsonl"
    (tmp_path / "in.jsonl").write_text("".join(json.dumps({"word": f"w{n}" if n else None}) + "\n" for n in range(40)))
    settings: dict[str, Any] = {"on_error": "return", "options": {"max_retries": 0}}
    first = run(model, tmp_path / "in.jsonl", output, **settings)
    rows = read_jsonl(output)
    failed = [row for row in rows if row["error"]]
    assert (len(rows), first.failed) == (40, len(failed))
    assert 2 < len(failed) < 39
    assert rows[0]["error"].startswith(f"{tmp_path / 'in.jsonl'}, line 1, column 'word', is null")
    assert all((row["output"] is None) == (row["error"] is not None) for row in rows)
    assert first.journal == f"{output}.journal"
    simulator.behave(error_rates={})
    simulator.reset()
    second = run(model, tmp_path / "in.jsonl", output, **settings)
    assert len(simulator.requests) == len(failed) - 1
    assert (second.failed, second.replayed) == (1, 40 - len(failed))
    assert [bool(row["error"]) for row in read_jsonl(output)] == [True] + [False] * 39


def test_a_failure_that_every_row_would_meet_stops_the_batch(
    simulator: Simulator, make_model: MakeModel, tmp_path: Path
) -> None:
    simulator.behave(api_keys=("another",))
    source = write_words(tmp_path / "in.csv", ["a"] * 200)
    with pytest.raises(BatchStopped, match=r"in.csv, line 2: .*401"):
        run(make_model(), source, tmp_path / "out.csv", on_error="return")
    assert not (tmp_path / "out.csv").exists()
    assert leftovers(tmp_path) == []


def test_a_spend_limit_stops_the_batch_and_a_higher_one_goes_on(
    simulator: Simulator, make_model: MakeModel, tmp_path: Path
) -> None:
    source = write_words(tmp_path / "in.csv", [f"w{n}" for n in range(50)])
    model = make_model(max_tokens=16)
    options = {"max_cost_usd": 0.0001, "max_concurrency": 1}
    with pytest.raises(BatchStopped, match=r"kept in .*out.csv.journal; run the same command again"):
        run(model, source, tmp_path / "out.csv", options=options)
    paid = len(simulator.requests)
    assert 0 < paid < 50
    summary = run(model, source, tmp_path / "out.csv", options={"max_cost_usd": 1.0})
    assert (summary.rows, len(simulator.requests)) == (50, 50)


# -- where the output goes -------------------------------------------------------------------------


def test_an_output_that_exists_is_refused_unless_it_is_to_be_replaced(
    simulator: Simulator, make_model: MakeModel, tmp_path: Path
) -> None:
    source, output = write_words(tmp_path / "in.csv", ["a"]), tmp_path / "out.csv"
    output.write_text("mine")
    with pytest.raises(AlreadyExists, match=r"out.csv' exists; name another file, or pass --overwrite"):
        run(make_model(), source, output)
    assert output.read_text() == "mine"
    run(make_model(), source, output, overwrite=True)
    assert output.read_text().startswith("id,word,output\n")


def test_the_input_itself_is_refused_as_output(simulator: Simulator, make_model: MakeModel, tmp_path: Path) -> None:
    source = write_words(tmp_path / "in.csv", ["a"])
    with pytest.raises(InvalidInput, match="is the input itself"):
        run(make_model(), source, source, overwrite=True)


def test_a_folder_or_a_missing_folder_is_refused(simulator: Simulator, make_model: MakeModel, tmp_path: Path) -> None:
    source = write_words(tmp_path / "in.csv", ["a"])
    (tmp_path / "folder.csv").mkdir()
    with pytest.raises(InvalidInput, match="is a folder; expected a file"):
        run(make_model(), source, tmp_path / "folder.csv")
    with pytest.raises(NotFound, match=r"The output's folder '.*/none' does not exist; create it first"):
        run(make_model(), source, tmp_path / "none" / "out.csv")


def test_columns_that_would_be_overwritten_are_refused(
    simulator: Simulator, make_model: MakeModel, tmp_path: Path
) -> None:
    (tmp_path / "in.csv").write_text("word,output\na,b\n")
    with pytest.raises(InvalidInput, match=r"already has the column\(s\) \['output'\]; name others"):
        run(make_model(), tmp_path / "in.csv", tmp_path / "out.csv")
    run(make_model(), tmp_path / "in.csv", tmp_path / "out.csv", output_column="answer")
    assert list(read_csv(tmp_path / "out.csv")[0]) == ["word", "output", "answer"]
    (tmp_path / "in.jsonl").write_text('{"word": "a"}\n{"word": "a", "output": 1}\n')
    with pytest.raises(InvalidInput, match=r"in.jsonl, line 2 already has the column"):
        run(make_model(), tmp_path / "in.jsonl", tmp_path / "out.jsonl")


def test_rows_of_other_columns_have_no_place_in_a_table(
    simulator: Simulator, make_model: MakeModel, tmp_path: Path
) -> None:
    (tmp_path / "in.jsonl").write_text('{"word": "a"}\n{"word": "a", "extra": 1}\n')
    with pytest.raises(InvalidInput, match=r"in.jsonl, line 2 has the column\(s\) \['extra'\].*Write jsonl"):
        run(make_model(), tmp_path / "in.jsonl", tmp_path / "out.csv")
    run(make_model(), tmp_path / "in.jsonl", tmp_path / "out.parquet")
    assert [row["extra"] for row in read_table(tmp_path / "out.parquet")][1] == 1


def test_a_journal_of_another_model_is_not_taken(simulator: Simulator, make_model: MakeModel, tmp_path: Path) -> None:
    (tmp_path / "in.jsonl").write_text('{"word": "a"}\n{"word": null}\n')
    settings: dict[str, Any] = {"on_error": "return"}
    run(make_model(), tmp_path / "in.jsonl", tmp_path / "out.jsonl", **settings)
    with pytest.raises(InvalidState, match="belongs to another model or other parameters"):
        run(make_model("Shout {word}"), tmp_path / "in.jsonl", tmp_path / "out.jsonl", **settings)


def test_a_disk_without_room_is_named_and_nothing_answered_is_lost(
    simulator: Simulator, make_model: MakeModel, tmp_path: Path, small_disk: Path
) -> None:
    source = write_words(tmp_path / "in.csv", [f"{n}" + "x" * 2000 for n in range(2000)])
    journal = tmp_path / "kept.journal"
    simulator.behave(echo=True)
    with pytest.raises(Unavailable, match=r"out.csv' cannot be written: No space left on device. Make room"):
        run(make_model(), source, small_disk / "out.csv", journal=str(journal))
    assert list(small_disk.iterdir()) == []
    sent = len(simulator.requests)
    assert sent > 100
    summary = run(make_model(), source, tmp_path / "out.csv", journal=str(journal))
    assert summary.rows == 2000
    assert summary.replayed > 100
    assert not journal.exists()


def test_a_read_only_folder_is_named(
    simulator: Simulator, make_model: MakeModel, tmp_path: Path, read_only_disk: Path
) -> None:
    source = write_words(tmp_path / "in.csv", ["a"])
    with pytest.raises(PermissionDenied, match=r"out.csv' cannot be written .*; name a writable folder"):
        run(make_model(), source, read_only_disk / "out.csv")
    assert simulator.requests == []
