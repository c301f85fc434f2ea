"""The marked parts of the documents are rendered from the recorded figures and from nothing else."""

from __future__ import annotations

import pytest

from bench.report import DOCUMENTS, fill, read_record, rendered_parts

TEXT = "# Title\n<!-- bench:a -->\nold\nlines\n<!-- /bench:a -->\nprose\n<!-- bench:b -->\n<!-- /bench:b -->\n"


def test_a_part_is_replaced_between_its_markers_and_the_prose_stays():
    filled = fill(TEXT, {"a": "new"})
    assert "<!-- bench:a -->\nnew\n<!-- /bench:a -->\nprose\n" in filled
    assert "old" not in filled


def test_a_part_without_figures_is_left_as_it_is():
    assert fill(TEXT, {"c": "new"}) == TEXT


def test_an_empty_part_is_filled_and_filling_twice_changes_nothing():
    once = fill(TEXT, {"b": r"1.2 s | \1 | \g<0>"})
    assert r"1.2 s | \1 | \g<0>" in once
    assert fill(once, {"b": r"1.2 s | \1 | \g<0>"}) == once


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_the_documents_show_what_the_record_holds(document):
    text = document.read_text(encoding="utf-8")
    assert fill(text, rendered_parts(read_record())) == text, "`python -m bench --render` brings it up to date"
