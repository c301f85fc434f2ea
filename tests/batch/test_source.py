from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from quire.batch.formats import file_format
from quire.batch.source import open_source
from quire.domain.errors import InvalidInput, NotFound


def rows_of(path: Path, kind: Any) -> list[tuple[int, Any]]:
    with open_source(str(path), kind) as source:
        return list(source)


def written(folder: Path, name: str, content: str | bytes) -> Path:
    path = folder / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


def test_csv_rows_carry_the_line_on_which_they_begin(tmp_path: Path) -> None:
    path = written(tmp_path, "a.csv", 'word,n\n"two\nlines",1\r\n\nlast,2\n')
    assert rows_of(path, "csv") == [(2, {"word": "two\nlines", "n": "1"}), (5, {"word": "last", "n": "2"})]


def test_csv_with_a_byte_order_mark_and_empty_cells(tmp_path: Path) -> None:
    path = written(tmp_path, "a.csv", b"\xef\xbb\xbfword,n\nx,\n")
    assert rows_of(path, "csv") == [(2, {"word": "x", "n": ""})]


def test_tsv(tmp_path: Path) -> None:
    assert rows_of(written(tmp_path, "a.tsv", "a\tb\n1\t2,3\n"), "tsv") == [(2, {"a": "1", "b": "2,3"})]


def test_jsonl_takes_objects_and_strings(tmp_path: Path) -> None:
    path = written(tmp_path, "a.jsonl", '{"word": "x", "n": 1}\n\n"bare"\n')
    assert rows_of(path, "jsonl") == [(1, {"word": "x", "n": 1}), (3, "bare")]


def test_parquet_keeps_types(tmp_path: Path) -> None:
    import pyarrow
    import pyarrow.parquet

    table = pyarrow.table({"word": ["x", None], "n": [1, 2]})
    pyarrow.parquet.write_table(table, tmp_path / "a.parquet")
    assert rows_of(tmp_path / "a.parquet", "parquet") == [(1, {"word": "x", "n": 1}), (2, {"word": None, "n": 2})]


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("a.csv", "", "is empty; expected a first line that names the columns"),
        ("a.csv", "a,a\n1,2\n", r"names the column\(s\) \['a'\] more than once"),
        ("a.csv", "a,b\n1,2\n1,2,3\n", "line 3 has 3 values, and the first line names 2 columns"),
        ("a.csv", 'a,b\n1,"open\n2,3\n', "line 2 is not CSV: unexpected end of data"),
        ("a.csv", b"a,b\n1,2\n\xff\xfe,3\n", "line 3 is not UTF-8 text .byte 0xff at position 0.. Save the file"),
        ("a.jsonl", '{"a": 1}\n{"a": \n', "line 2 is not JSON"),
        ("a.jsonl", '{"a": 1}\n[1, 2]\n', r"line 2 is '\[1, 2\]'; expected a JSON object or a string"),
        ("a.jsonl", "[" * 100_000 + "\n", "line 1 is nested too deeply|line 1 is not JSON"),
        ("a.parquet", "PAR1 no", "is not a Parquet file that can be read"),
        ("a.parquet", "", "is not a Parquet file that can be read"),
    ],
)
def test_a_file_that_cannot_be_read_is_refused_with_its_line(
    tmp_path: Path, name: str, content: str | bytes, message: str
) -> None:
    path = written(tmp_path, name, content)
    with pytest.raises(InvalidInput, match=message):
        rows_of(path, path.suffix[1:])


@pytest.mark.parametrize("kind", ["csv", "jsonl", "parquet"])
def test_a_missing_file_is_named(tmp_path: Path, kind: Any) -> None:
    with pytest.raises(NotFound, match=r"The input file '.*/none' does not exist \(looked in "):
        rows_of(tmp_path / "none", kind)


def test_a_folder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match="is a folder; expected a file"):
        rows_of(tmp_path, "csv")


def test_parquet_from_a_pipe_is_refused() -> None:
    with pytest.raises(InvalidInput, match="Parquet cannot be read from a pipe"):
        open_source("-", "parquet")


def test_the_format_is_told_by_the_extension_or_named() -> None:
    assert file_format("a/b.CSV", None, "--input-format") == "csv"
    assert file_format("a.ndjson", None, "--input-format") == "jsonl"
    assert file_format("-", "jsonl", "--input-format") == "jsonl"
    with pytest.raises(InvalidInput, match=r"'a.xlsx' has the extension '.xlsx', which names no format"):
        file_format("a.xlsx", None, "--input-format")
    with pytest.raises(InvalidInput, match="A standard stream has no file extension; say --input-format"):
        file_format("-", None, "--input-format")
    with pytest.raises(InvalidInput, match="--input-format is 'xml'; expected one of csv"):
        file_format("a.csv", "xml", "--input-format")
