"""One trace: its waterfall, by keyboard too, and what each span holds."""

from __future__ import annotations

import json
import time

import pytest

import quire
from tests.spans import START, message, new_trace
from tests.ui.browser import Screen, address_has, expect, says
from tests.ui.traced import HOSTILE, agent, failing, post, recording, say, traced


class Filled:
    """A server with traces: its URL, and ids of traces by what they are."""

    def __init__(self, url: str, experiment: str, ids: dict[str, str]) -> None:
        self.url, self.experiment, self.ids = url, experiment, ids

    def address(self, name: str, query: str = "") -> str:
        """The page of a trace."""
        return f"{self.url}/traces/{self.ids[name]}{query}"


@pytest.fixture(scope="module")
def filled(quire_server: str) -> Filled:
    with recording(quire_server, "single traces") as (experiment, client):
        ids = {
            "agent": traced(agent(client)),
            "again": traced(agent(client)),
            "hostile": traced(say(client, HOSTILE)),
            "failed": traced(failing()),
        }
    quire.set_tracking_uri(None)
    return Filled(quire_server, experiment, ids)


def test_the_waterfall_shows_spans_and_the_keyboard_moves_between_them(screen: Screen, filled: Filled) -> None:
    page = screen.open(filled.address("agent"))
    tree = page.get_by_role("tree", name="Spans")
    tree.wait_for()
    items = tree.get_by_role("treeitem")
    expect(items).to_have_count(4)
    screen.look("agent")
    tree.focus()
    page.keyboard.press("ArrowDown")
    chosen = page.get_by_role("region", name="Chosen span")
    chosen.get_by_role("heading", name="look").wait_for()
    address_has(page, "span=")
    page.keyboard.press("ArrowUp")
    page.keyboard.press("ArrowLeft")
    expect(items).to_have_count(1)
    expect(items.first).to_have_attribute("aria-expanded", "false")
    page.keyboard.press("ArrowRight")
    expect(items).to_have_count(4)


def test_messages_are_a_conversation_with_tools_and_pictures_that_are_not_loaded(
    screen: Screen, filled: Filled
) -> None:
    page = screen.open(filled.address("agent"))
    page.get_by_role("treeitem").nth(2).click()
    chosen = page.get_by_role("region", name="Chosen span")
    chosen.get_by_text("calls weather").wait_for()
    expect(chosen.get_by_text("result of weather")).to_be_visible()
    expect(chosen.get_by_text("4 degrees")).to_be_visible()
    says(chosen, "(not loaded)")
    assert page.locator("img").count() == 0
    expect(chosen.get_by_text("1 tool: weather")).to_be_visible()
    screen.shot("conversation")
    page.get_by_role("treeitem").nth(3).click()
    chosen.get_by_text("First token after").wait_for()
    expect(chosen.get_by_text("estimate").first).to_be_visible()
    chosen.get_by_role("button", name="Attributes").click()
    chosen.get_by_text("quire.stream.pieces").wait_for()
    screen.shot("attributes")


def test_hostile_text_is_shown_as_text(screen: Screen, filled: Filled) -> None:
    page = screen.open(filled.address("hostile"))
    said = page.get_by_role("region", name="Chosen span").get_by_role("listitem").first
    said.wait_for()
    says(said, "<img src=x onerror=")
    assert "\x1b" not in said.inner_text()
    assert page.locator("img, a[href^='javascript']").count() == 0
    expect(page).to_have_title("Completions · Quire")


def test_a_failed_trace_shows_its_exception_with_the_stack(screen: Screen, filled: Filled) -> None:
    page = screen.open(filled.address("failed"))
    page.get_by_text("ValueError: 7 is not allowed").first.wait_for()
    expect(page.get_by_text("raise ValueError").first).to_be_visible()
    screen.shot("failed")


def test_a_trace_is_judged_and_a_judgement_is_changed_with_its_history(screen: Screen, filled: Filled) -> None:
    quire.set_tracking_uri(filled.url)
    quire.log_feedback(trace_id=filled.ids["again"], name="polite", value=True, rationale="says please")
    page = screen.open(filled.address("again"))
    section = page.get_by_role("region", name="Assessments")
    section.get_by_text("says please").wait_for()
    section.get_by_role("button", name="Assess").click()
    form = section.get_by_role("form", name="Assess")
    form.get_by_label("Kind").select_option("expectation")
    form.get_by_label("Name", exact=True).fill("answer")
    form.get_by_label("Value").fill('{"text": "cold"}')
    form.get_by_label("Your name").fill("ada")
    screen.shot("assess")
    form.get_by_role("button", name="Save").click()
    item = section.get_by_role("article", name="answer")
    item.get_by_text('"text": "cold"').wait_for()
    says(item, "person ada")
    item.get_by_role("button", name="Change").click()
    form = section.get_by_role("form", name="Change the assessment")
    form.get_by_label("Value").fill("warm")
    form.get_by_role("button", name="Save").click()
    item.get_by_text("Replaced one").wait_for()
    screen.look("judged")
    trace = quire.get_trace(filled.ids["again"])
    assert [found.value for found in trace.search_assessments("answer")] == ["warm"]
    assert len(trace.search_assessments("answer", all=True)) == 2
    item.get_by_role("button", name="Delete").click()
    page.get_by_role("dialog").get_by_role("button", name="Delete").click()
    item.get_by_text('"text": "cold"').wait_for()


def test_a_trace_becomes_a_record_of_a_new_dataset(screen: Screen, filled: Filled) -> None:
    page = screen.open(filled.address("agent"))
    page.get_by_role("button", name="Add to a dataset").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Name of the new dataset").fill("asked once")
    screen.shot("dataset")
    dialog.get_by_role("button", name="Add").click()
    page.get_by_text("The dataset has 1 records now, as version 1").wait_for()
    quire.set_tracking_uri(filled.url)
    (record,) = quire.datasets.load("asked once")
    assert record.inputs == {"question": "Is it cold?"}
    assert isinstance(record.outputs, str)


def test_a_trace_is_downloaded_and_copied(screen: Screen, filled: Filled) -> None:
    page = screen.open(filled.address("agent"))
    page.get_by_text("Download", exact=True).click()
    with page.expect_download() as download:
        page.get_by_role("link", name="Recording").click()
    recorded = download.value.path().read_text(encoding="utf-8").splitlines()
    assert len(recorded) == 2
    with page.expect_download() as download:
        page.get_by_role("link", name="OTLP JSON").click()
    assert download.value.suggested_filename == "traces.otlp.jsonl"
    page.get_by_role("button", name="Copy the line of Python").click()
    page.get_by_role("button", name="Copied").wait_for()
    copied = page.evaluate("navigator.clipboard.readText()")
    assert copied == f'quire.get_trace("{filled.ids["agent"]}")'


def test_the_traces_of_a_session_stand_in_their_order(screen: Screen, filled: Filled) -> None:
    page = screen.open(filled.address("again"))
    session = page.get_by_role("region", name="Session")
    links = session.get_by_role("link")
    links.first.wait_for()
    expect(links).to_have_count(2)
    links.first.click()
    page.wait_for_url(f"**/{filled.ids['agent']}")


@pytest.mark.slow
def test_a_trace_in_progress_goes_on_by_itself(screen: Screen, filled: Filled) -> None:
    trace_id, root = new_trace(), "00000000000000aa"
    now = int(time.time() * 1000)
    child = message(trace_id, "first step", parent=root, start=now, ms=5)
    post(filled.url, filled.experiment, child)
    page = screen.open(f"{filled.url}/traces/{trace_id}")
    items = page.get_by_role("treeitem")
    items.first.wait_for()
    expect(items).to_have_count(1)
    expect(page.get_by_text("in progress")).to_be_visible()
    screen.shot("in-progress")
    open_step = message(trace_id, "second step", parent=root, start=now + 10, ms=0)
    open_step.end_time_unix_nano = 0
    post(filled.url, filled.experiment, open_step)
    page.get_by_role("treeitem", name="second step").wait_for()
    says(page.get_by_role("treeitem", name="second step"), "not ended")
    page.get_by_role("treeitem", name="second step").click()
    page.get_by_text("still running").wait_for()
    post(filled.url, filled.experiment, message(trace_id, "all", span_id=root, start=now - 5, ms=90))
    page.get_by_role("treeitem", name="all").wait_for()
    page.get_by_text("never ended").wait_for()
    screen.look("unended")


def test_broken_traces_are_shown_without_breaking(screen: Screen, filled: Filled) -> None:
    trace_id, root = new_trace(), "00000000000000aa"
    long = "A very long name of a span " * 20
    huge = {"messages": [{"role": "user", "content": "word " * 200_000}]}
    post(
        filled.url,
        filled.experiment,
        message(trace_id, "root", span_id=root, ms=50, mlflow__spanInputs=json.dumps(huge)),
        message(trace_id, "before its parent", parent=root, start=START - 20, ms=10),
        message(trace_id, "without its parent", parent="00000000000000ff", ms=10),
        message(trace_id, long, parent=root, start=START + 5, ms=100),
        message(trace_id, "\x1b[31m\u202enrut", parent=root, ms=10, odd="\x00\x01"),
    )
    page = screen.open(f"{filled.url}/traces/{trace_id}")
    page.get_by_role("treeitem", name="its parent is missing").wait_for()
    expect(page.get_by_role("treeitem", name="outside of its parent's time")).to_have_count(2)
    page.get_by_role("button", name="Show more").wait_for()
    screen.look("broken")
    turned = page.get_by_role("treeitem", name="nrut")
    assert "\u202e" not in turned.inner_text()
    turned.click()
    page.get_by_role("region", name="Chosen span").get_by_role("button", name="Attributes").click()
    page.get_by_text("odd").wait_for()


def test_ten_thousand_spans_are_scrolled_and_moved_through(screen: Screen, filled: Filled) -> None:
    trace_id, root = new_trace(), "00000000000000aa"
    spans = [
        message(trace_id, f"step {number}", span_id=f"{number + 1000:016x}", parent=root, start=START + number, ms=3)
        for number in range(9_999)
    ]
    post(filled.url, filled.experiment, message(trace_id, "root", span_id=root, ms=10_010), *spans)
    page = screen.open(f"{filled.url}/traces/{trace_id}")
    tree = page.get_by_role("tree", name="Spans")
    tree.wait_for()
    assert page.get_by_role("treeitem").count() < 80
    tree.focus()
    page.keyboard.press("End")
    page.get_by_role("treeitem", name="step 9998").wait_for()
    page.get_by_role("button", name="Zoom in").click()
    page.get_by_role("region", name="Chosen span").get_by_role("heading", name="step 9998").wait_for()
    screen.shot("many")


PIXEL = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="


def test_when_the_first_token_came_is_marked_on_the_bar(screen: Screen, filled: Filled) -> None:
    trace_id, root = new_trace(), "00000000000000aa"
    streamed = {"mlflow__llm__model": "m", "quire__stream__first_token_ms": 250.0}
    post(
        filled.url,
        filled.experiment,
        message(trace_id, "root", span_id=root, ms=1000),
        message(trace_id, "streamed", parent=root, start=START + 250, ms=500, **streamed),
        message(trace_id, "late", parent=root, start=START + 800, ms=500, status="ERROR", **streamed),
    )
    page = screen.open(f"{filled.url}/traces/{trace_id}")
    row = page.get_by_role("treeitem", name="streamed")
    mark = row.get_by_title("The first token came after 250 ms")
    mark.wait_for()
    says(row, "first token after 250 ms")
    expect(page.get_by_title("The first token came")).to_have_count(2)
    track, at = row.locator("div").nth(1).bounding_box(), mark.bounding_box()
    assert track is not None
    assert at is not None
    share = (at["x"] + at["width"] / 2 - track["x"]) / track["width"]
    assert abs(share - 500 / 1300) < 0.01, "the window is from 0 to 1300 ms"
    screen.look("streamed")


def test_pictures_in_a_message_are_shown_when_asked_for_and_sound_by_its_words(screen: Screen, filled: Filled) -> None:
    trace_id = new_trace()
    asked = [
        {"type": "text", "text": "What is this?"},
        {"type": "image_url", "image_url": {"url": f"data:image/png;base64,{PIXEL}"}},
        {"type": "image_url", "image_url": {"url": "data:image/svg+xml;base64,PHN2Zz48L3N2Zz4="}},
        {"type": "input_audio", "input_audio": {"data": "A" * 400, "format": "wav"}},
    ]
    sound = {"role": "assistant", "content": None, "audio": {"id": "a", "data": "B" * 500, "transcript": "A dot."}}
    older = {"role": "assistant", "content": None, "function_call": {"name": "look", "arguments": '{"at": "it"}'}}
    post(
        filled.url,
        filled.experiment,
        message(
            trace_id,
            "chat",
            mlflow__spanInputs=json.dumps({"messages": [{"role": "user", "content": asked}, older]}),
            mlflow__spanOutputs=json.dumps({"choices": [{"message": sound}]}),
        ),
    )
    page = screen.open(f"{filled.url}/traces/{trace_id}")
    chosen = page.get_by_role("region", name="Chosen span")
    chosen.get_by_text("A dot.").wait_for()
    expect(chosen.get_by_text("calls look")).to_be_visible()
    assert page.locator("img").count() == 0
    show = chosen.get_by_role("button", name="Show", exact=True)
    assert show.count() == 1, "a drawing (SVG) is not shown"
    show.click()
    picture = chosen.get_by_role("img", name="What the message shows")
    picture.wait_for()
    page.wait_for_function("() => document.querySelector('main img').naturalWidth === 1")
    screen.look("media")
    chosen.get_by_role("button", name="Hide").click()
    picture.wait_for(state="detached")


def test_a_trace_that_there_is_not_is_said_so(screen: Screen, quire_server: str) -> None:
    page = screen.open(f"{quire_server}/traces/tr-{'0' * 32}")
    page.get_by_role("alert").wait_for()
    says(page.get_by_role("alert"), "not found")
