"""Reports: verdict first, nothing from the network, every text escaped, at most so many rows."""

from __future__ import annotations

import re
import time
from html.parser import HTMLParser
from pathlib import Path

import pytest

import quire
from quire.evaluate import Evaluation
from tests.evaluate.helpers import has_word, length, words

EVIL = (
    "<script>alert('x')</script> | **bold** [link](https://evil.example/) @someone </pre> `code` <img src=x onerror=y>"
)
VOID = {"meta", "link", "br", "hr", "img", "input"}


class Page(HTMLParser):
    """Collects elements and text, and checks that what was opened is closed."""

    def __init__(self, text: str) -> None:
        super().__init__(convert_charrefs=True)
        self.open: list[str] = []
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.words: list[str] = []
        self.feed(text)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.words.append(data)

    @property
    def text(self) -> str:
        return " ".join("".join(self.words).split())


def plain(word: str) -> str:
    return f"Hello {word}, this is {EVIL}"


def careful(word: str) -> str:
    if word == "w3":
        raise ValueError(EVIL)
    return f"Good day {word}, this is {EVIL}!" if word != "w1" else "nothing"


@pytest.fixture
def result() -> Evaluation:
    data = words(30)
    data[0]["inputs"]["word"] = f"w0 {EVIL}"
    return quire.evaluate(data, {"plain": plain, f"careful {EVIL}": careful}, [has_word, length])


def test_the_page_is_whole_and_asks_nothing_of_the_network(result: Evaluation, tmp_path: Path) -> None:
    written = result.report(tmp_path / "report.html")
    assert (tmp_path / "report.html").read_text(encoding="utf-8") == written
    page = Page(written)
    names = {tag for tag, _attributes in page.tags}
    assert names.isdisjoint({"script", "link", "img", "iframe", "object", "embed", "a", "form", "base"})
    assert not any(
        name in {"src", "href", "srcset", "action", "xlink:href"} or name.startswith("on")
        for _tag, attributes in page.tags
        for name in attributes
    )
    style = re.search(r"<style>(.*?)</style>", written, re.DOTALL)
    assert style is not None
    assert "url(" not in style.group(1)
    assert "@import" not in style.group(1)
    assert "prefers-color-scheme: dark" in style.group(1)
    policies = [attributes["content"] for tag, attributes in page.tags if attributes.get("http-equiv")]
    assert policies[0] is not None
    assert policies[0].startswith("default-src 'none'")


def test_the_page_can_be_read_on_a_phone_and_aloud(result: Evaluation) -> None:
    page = Page(result.report())
    assert ("html", {"lang": "en"}) in page.tags
    viewports = [attributes for tag, attributes in page.tags if attributes.get("name") == "viewport"]
    assert viewports[0]["content"] == "width=device-width, initial-scale=1"
    pictures = [attributes for tag, attributes in page.tags if tag == "svg"]
    assert len(pictures) >= 4
    assert all(picture["role"] == "img" and picture["aria-label"] for picture in pictures)
    assert all("scope" in attributes for tag, attributes in page.tags if tag == "th")
    assert [tag for tag, _attributes in page.tags].count("h1") == 1
    assert [tag for tag, _attributes in page.tags].count("main") == 1


def test_the_verdict_comes_first_and_the_rows_where_they_differ_most(result: Evaluation) -> None:
    page = result.report(max_rows=5)
    places = [
        page.index(heading)
        for heading in ('class="verdict', "<h2>Scores", "<h2>Cost and", "<h2>Distributions", "<h2>Rows")
    ]
    assert places == sorted(places)
    assert page.count("<details>") == 5
    assert "30 records have other scores; 5 are shown" in page
    first = page[page.index("<details>") : page.index("</details>")]
    assert "<strong>4</strong>" in first or "<strong>2</strong>" in first
    assert "<del>" in page
    assert "<ins>" in page
    assert "How it was computed" in page
    assert result.run_id in page


def test_every_text_is_escaped(result: Evaluation) -> None:
    written = result.report()
    assert "<script>alert" not in written
    assert "<img" not in written
    page = Page(written)
    assert "<script>alert('x')</script>" in page.text
    marked = result.report(format="markdown")
    assert "<script>" not in marked
    assert "<img" not in marked
    outside = re.sub(r"<pre>.*?</pre>", "", marked, flags=re.DOTALL)
    assert "@someone" not in outside
    assert "[link](https" not in re.sub(r"<summary>.*?</summary>", "", outside), "in a summary nothing is Markdown"
    assert marked.count("<pre>") == marked.count("</pre>")


def test_markdown_has_one_table_line_a_score(result: Evaluation, tmp_path: Path) -> None:
    marked = result.report(tmp_path / "report.md")
    assert (tmp_path / "report.md").read_text(encoding="utf-8") == marked
    assert marked.startswith("## ")
    lines = [line for line in marked.splitlines() if line.startswith(("| has\\_word", "| length"))]
    assert len(lines) == 2
    assert all(len(re.findall(r"(?<!\\)\|", line)) == 9 for line in lines)
    assert "The" not in lines[0]


def test_one_variant_and_many(tmp_path: Path) -> None:
    alone = quire.evaluate(words(3), {"plain": plain}, [has_word])
    assert "plain on data" in Page(alone.report()).text
    assert "plain on data" in alone.report(format="markdown")
    many = quire.evaluate(words(12), {"a": plain, "b": careful, "c": lambda word: word}, [has_word, length])
    page = Page(many.report())
    assert "Ranking by has_word" in page.text
    assert "### Ranking by has\\_word" in many.report(format="markdown")
    again = quire.load_evaluation(many.run_id).report()
    assert again == many.report()


def test_variants_that_are_the_same_have_no_rows_to_show() -> None:
    result = quire.evaluate(words(3), {"a": plain, "b": plain}, [has_word])
    assert "The two have the same scores on every record." in Page(result.report()).text


def test_latency_alone_is_no_disagreement() -> None:
    data = words(6)
    result = quire.evaluate(data, {"a": plain, "b": lambda word: word}, [has_word, quire.scorers.Latency()])
    assert "The two have the same scores on every record." in Page(result.report()).text

    def slow(word: str) -> str:
        time.sleep(0.005)
        return word

    timed = quire.evaluate(data, {"a": plain, "b": slow}, [quire.scorers.Latency()])
    assert "6 records have other scores" in timed.report()


def test_long_answers_are_cut_and_said(tmp_path: Path) -> None:
    result = quire.evaluate(words(2), {"a": lambda word: "x " * 9000, "b": lambda word: "y " * 9000 + "z"}, [length])
    assert "more characters)" in result.report()
    assert len(result.report()) < 200_000


def test_the_report_says_which_scores_are_primary(tmp_path: Path) -> None:
    longer = {"a": lambda word: word, "b": lambda word: f"{word} and more"}
    evaluated = quire.evaluate(words(30), longer, [has_word, length], primary="has_word")
    stored = quire.load_evaluation(evaluated.run_id)
    assert evaluated.compare().verdict == stored.compare().verdict == "no difference shown"
    assert evaluated.compare(primary=[]).verdict == evaluated.compare(scorers=["length"]).verdict == "better"
    for kind in ("html", "markdown"):
        text = stored.report(format=kind).replace("\\", "")
        assert "length (secondary)" in text
        assert "The verdict is that of the primary scores" in text
    assert "has_word (secondary)" in stored.report(format="html", primary="length")
