"""The playground: variants are asked, compared and saved; what its visitors type is kept."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import quire
from quire.testing import Simulator
from tests.quire_server import QuireServer
from tests.ui.browser import Screen, expect, says

ANSWERS = {
    "Say hello to Ada.": "Hello, Ada! How are you today?",
    "Greet Ada.": "Hello, Ada! How is it going?",
    "second": "I do not know.",
}


@pytest.fixture
def server(tmp_path: Path, simulator: Simulator, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """A Quire server whose environment names a simulator."""
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    simulator.behave(recording=ANSWERS)
    with QuireServer(tmp_path / "server") as found:
        quire.set_tracking_uri(found.url)
        yield found.url


def register(template: Any, **fields: object) -> None:
    quire.register_prompt("greeting", template, model_config={"model_name": "gpt-4o-mini"}, **fields)  # type: ignore[arg-type]


def test_a_message_is_written_and_asked(screen: Screen, server: str) -> None:
    page = screen.open(f"{server}/playground")
    page.get_by_role("textbox", name="Message 1", exact=True).fill("Say hello to {{name}}.")
    page.get_by_role("textbox", name="name", exact=True).fill("Ada")
    page.get_by_role("button", name="Run", exact=True).click()
    page.get_by_text("Hello, Ada! How are you today?").wait_for()
    page.get_by_text("simulator", exact=True).wait_for()
    assert re.search(r"\$0\.0000\d+", page.get_by_role("definition").all_inner_texts()[2])
    screen.look("answered")
    page.get_by_role("link", name="Its trace").click()
    page.wait_for_url("**/traces/tr-*")


def test_versions_side_by_side_are_run_by_one_key_and_compared(screen: Screen, server: str) -> None:
    register("Say hello to {{name}}.")
    register("Greet {{name}}.")
    page = screen.open(f'{server}/playground?bases=["prompts:/greeting/1","prompts:/greeting/2"]')
    page.get_by_role("textbox", name="name", exact=True).fill("Ada")
    page.get_by_role("textbox", name="name", exact=True).press("Control+Enter")
    for name, words in (("Variant A", "How are you today?"), ("Variant B", "How is it going?")):
        page.get_by_role("region", name=name).get_by_text(words).wait_for()
    page.get_by_label("Show what the answers say otherwise than A").check()
    changes = page.get_by_role("group", name="Changes")
    changes.locator("del", has_text="today").first.wait_for()
    page.wait_for_url("**differences=true**")
    screen.look("two")
    page.reload()
    expect(page.get_by_role("textbox", name="name", exact=True)).to_have_value("Ada")


def test_a_policy_makes_the_form_and_nothing_else_is_offered(screen: Screen, server: str, simulator: Simulator) -> None:
    params = [
        quire.types.ParamSpec("temperature", "double", 0.5, minimum=0, maximum=1),
        quire.types.ParamSpec("reasoning_effort", "string", "low", choices=["low", "high"]),
    ]
    register("Say hello to {{name}}.", params=params)
    page = screen.open(f"{server}/playground")
    page.get_by_label("Begins with").fill("prompts:/greeting/1")
    page.get_by_text("a double from 0 to 1").wait_for()
    assert page.get_by_label("Another parameter").count() == 0
    page.get_by_label("temperature").fill("2")
    page.get_by_text("expected a double from 0 to 1").wait_for()
    page.get_by_label("temperature").fill("0.25")
    page.get_by_label("reasoning_effort").select_option("high")
    page.get_by_role("textbox", name="name", exact=True).fill("Ada")
    page.get_by_role("button", name="Run", exact=True).click()
    page.get_by_text("How are you today?").wait_for()
    body = simulator.requests[-1].body
    assert (body["temperature"], body["reasoning_effort"]) == (0.25, "high")
    screen.look("policy")


def test_what_was_typed_before_the_list_of_versions_came_is_chosen_when_it_comes(screen: Screen, server: str) -> None:
    register("Say hello to {{name}}.")
    with screen.late("**/registered-models/search*"):
        page = screen.open(f"{server}/playground")
        page.get_by_label("Begins with").fill("prompts:/greeting/1")
        assert page.get_by_text("version 1", exact=True).count() == 0
    page.get_by_text("version 1", exact=True).wait_for()
    page.get_by_role("textbox", name="Text", exact=True).wait_for()


@pytest.mark.slow
def test_what_is_written_while_a_base_is_read_stays(screen: Screen, server: str) -> None:
    register([{"role": "user", "content": "Say hello to {{name}}."}])
    page = screen.open(f"{server}/playground")
    with screen.late("**/playground/base*"):
        page.get_by_label("Begins with").fill("prompts:/greeting/1")
        page.get_by_label("Begins with").press("Enter")
        page.get_by_role("textbox", name="Message 1", exact=True).fill("Greet {{name}}.")
    page.get_by_text("version 1", exact=True).wait_for()
    expect(page.get_by_role("textbox", name="Message 1", exact=True)).to_have_value("Greet {{name}}.")
    page.reload()
    with screen.late("**/playground/base*"):
        page.reload()
        page.get_by_role("button", name="Save as a version").click()
        page.get_by_role("dialog").get_by_text("Loading the policy").wait_for()
    expect(page.get_by_role("dialog").get_by_label("Prompt")).to_have_value("greeting")


def test_parts_of_messages_and_values_of_parameters_follow_what_they_say(screen: Screen, server: str) -> None:
    parts = [[{"type": "text", "text": f"{{{{{name}}}}}"}] for name in ("first", "second")]
    quire.register_prompt(
        "greeting",
        [{"role": "user", "content": part} for part in parts],
        model_config={"model_name": "gpt-4o-mini", "temperature": 0.75},
    )
    page = screen.open(f"{server}/playground")
    page.get_by_label("Another parameter").fill("temperature")
    page.get_by_role("button", name="Add", exact=True).click()
    page.get_by_label("temperature", exact=True).fill("0.50")
    page.get_by_label("Begins with").fill("prompts:/greeting/1")
    expect(page.get_by_label("temperature", exact=True)).to_have_value("0.75")
    page.get_by_role("button", name="Move message 2 up").click()
    expect(page.get_by_role("textbox", name="Message 1", exact=True)).to_have_value(re.compile("second"))
    page.get_by_role("textbox", name="Message 1", exact=True).fill("[")
    page.get_by_text("this is no JSON").wait_for()
    assert page.get_by_role("textbox", name="Message 1", exact=True).input_value() == "["


def test_a_variant_becomes_a_version(screen: Screen, server: str) -> None:
    register("Say hello to {{name}}.")
    page = screen.open(f'{server}/playground?bases=["prompts:/greeting/1"]')
    page.get_by_role("textbox", name="Text", exact=True).fill("Greet {{name}}.")
    page.get_by_role("button", name="Save as a version").click()
    dialog = page.get_by_role("dialog", name="Save as a version of a prompt")
    expect(dialog.get_by_label("Prompt")).to_have_value("greeting")
    dialog.get_by_label("Commit message").fill("Shorter")
    screen.look("save")
    dialog.get_by_role("button", name="Save", exact=True).click()
    dialog.get_by_text("Saved as version 2").wait_for()
    assert quire.load_prompt("prompts:/greeting/2").template == "Greet {{name}}."


def test_an_answer_is_stopped_and_a_refusal_is_said_in_the_services_words(
    screen: Screen, server: str, simulator: Simulator
) -> None:
    simulator.behave(recording={"Talk.": "word " * 300}, token_latency_ms=100)
    page = screen.open(f"{server}/playground")
    page.get_by_role("textbox", name="Message 1", exact=True).fill("Talk.")
    page.get_by_role("button", name="Run", exact=True).click()
    page.get_by_text("word word").wait_for()
    page.get_by_role("button", name="Stop", exact=True).click()
    page.get_by_text("stopped", exact=True).wait_for()
    simulator.behave(error_rates={"server_error": 1.0})
    page.get_by_role("button", name="Run", exact=True).click()
    page.get_by_role("alert").get_by_text("The service refused the request").wait_for()
    screen.look("refused")


def test_messages_are_added_moved_and_removed(screen: Screen, server: str, simulator: Simulator) -> None:
    page = screen.open(f"{server}/playground")
    page.get_by_role("textbox", name="Message 1", exact=True).fill("second")
    page.get_by_role("button", name="Add a message").click()
    page.get_by_role("textbox", name="Message 2", exact=True).fill("first")
    page.get_by_label("Role of message 2").select_option("system")
    page.get_by_role("button", name="Move message 2 up").click()
    expect(page.get_by_role("textbox", name="Message 1", exact=True)).to_have_value("first")
    page.get_by_role("button", name="Run", exact=True).click()
    page.get_by_text("I do not know.").wait_for()
    assert [message["role"] for message in simulator.requests[-1].body["messages"]] == ["system", "user"]
    page.get_by_role("button", name="Remove message 1").click()
    expect(page.get_by_role("textbox", name="Message 1", exact=True)).to_have_value("second")
    page.get_by_role("button", name="Add a variant").click()
    screen.narrow()
    expect(page.get_by_role("region", name="Variant A")).to_be_hidden()
    page.get_by_role("group", name="Variant").get_by_role("button", name="Variant A").click()
    page.get_by_role("region", name="Variant A").wait_for()
    screen.wide()


def test_a_server_without_a_service_says_what_to_set(
    screen: Screen, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("OPENAI_API_KEY", "OPENAI_BASE_URL", "OPENAI_API_BASE", "OPENAI_API_TYPE"):
        monkeypatch.delenv(name, raising=False)
    with QuireServer(tmp_path) as found:
        page = screen.open(f"{found.url}/playground")
        page.get_by_text("The server has no service to ask").wait_for()
        says(page.locator("main"), "quire simulate")
        screen.look("no-service")


def test_a_record_of_a_dataset_fills_the_variables(screen: Screen, server: str) -> None:
    records = [{"inputs": {"name": f"Person {number}", "age": number}} for number in range(60)]
    quire.genai.datasets.create_dataset("people").merge_records([*records, {"inputs": {"name": "Ada", "age": 36}}])
    page = screen.open(f"{server}/playground")
    page.get_by_role("textbox", name="Message 1", exact=True).fill("{{name}} is {{age}}.")
    page.get_by_role("textbox", name="age", exact=True).wait_for()
    page.get_by_role("button", name="Fill from a dataset").click()
    dialog = page.get_by_role("dialog", name="Fill from a dataset")
    dialog.get_by_text("Records 1 to 50").wait_for()
    screen.look("dataset")
    dialog.get_by_role("button", name="After").click()
    dialog.get_by_text("Records 51 to 61").wait_for()
    dialog.get_by_label("Find on this page").fill("ada")
    dialog.get_by_role("button", name="Ada").click()
    dialog.wait_for(state="hidden")
    expect(page.get_by_role("textbox", name="name", exact=True)).to_have_value("Ada")
    expect(page.get_by_role("textbox", name="age", exact=True)).to_have_value("36")


def test_variants_are_sent_to_an_evaluation_and_its_results_are_linked(
    screen: Screen, server: str, simulator: Simulator
) -> None:
    simulator.behave(recording={"Say hello to Ada.": "Hello, Ada!", "Greet Ada.": "Hi."})
    data = quire.genai.datasets.create_dataset("greetings")
    data.merge_records([{"inputs": {"name": "Ada"}, "expectations": {"answer": "Hello, Ada!"}}])
    register("Say hello to {{name}}.")
    register("Greet {{name}}.")
    page = screen.open(f'{server}/playground?bases=["prompts:/greeting/1","prompts:/greeting/2"]')
    page.get_by_text("version 2").wait_for()
    page.get_by_role("button", name="Evaluate", exact=True).click()
    dialog = page.get_by_role("dialog", name="Evaluate on a dataset")
    dialog.get_by_role("group", name="exact_match").wait_for()
    dialog.get_by_label("Add").select_option("regex_match")
    scorer = dialog.get_by_role("group", name="regex_match")
    scorer.get_by_text("needs 'pattern'").wait_for()
    scorer.get_by_label("pattern").fill("(")
    scorer.get_by_text("is no regular expression").wait_for()
    scorer.get_by_label("pattern").fill("^Hello")
    scorer.get_by_text("More", exact=True).click()
    scorer.get_by_label("name", exact=True).fill("greets")
    dialog.get_by_label("The verdict is of").select_option("greets")
    dialog.get_by_label("Add").select_option("length")
    dialog.get_by_label("Add").select_option("rubric")
    judge = dialog.get_by_role("group", name="rubric")
    judge.get_by_label("levels").fill("1: Cold")
    judge.get_by_label("criterion").fill("How warm it is")
    judge.get_by_text("two or more whole numbers").wait_for()
    screen.look("scorers")
    judge.get_by_role("button", name="Remove rubric").click()
    dialog.get_by_label("May spend, in US dollars").fill("0.5")
    screen.look("evaluate")
    dialog.get_by_role("button", name="Evaluate").click()
    dialog.wait_for(state="hidden")
    jobs = page.get_by_role("region", name="Evaluations from here")
    jobs.get_by_text("done", exact=True).wait_for(timeout=60_000)
    jobs.get_by_text("2 of 2 rows").wait_for()
    screen.look("jobs")
    jobs.get_by_role("link", name="greetings: A, B").click()
    page.wait_for_url("**/evaluations/*")
    page.get_by_text("greets", exact=True).locator("visible=true").first.wait_for()


def test_traces_go_where_they_are_sent_or_nowhere(screen: Screen, server: str) -> None:
    mine = quire.create_experiment("mine")
    page = screen.open(f"{server}/playground")
    page.get_by_label("Traces and evaluations go to").select_option("mine")
    page.wait_for_url(re.compile(f"experiment=[^&]*{mine}"))
    page.get_by_role("textbox", name="Message 1", exact=True).fill("second")
    page.get_by_role("button", name="Run", exact=True).click()
    page.get_by_role("link", name="Its trace").wait_for()
    assert len(quire.search_traces(locations=[mine], return_type="list")) == 1
    page.get_by_label("Trace answers").uncheck()
    page.wait_for_url("**trace=false**")
    screen.look("destination")
    page.reload()
    expect(page.get_by_label("Trace answers")).not_to_be_checked()
    page.get_by_role("button", name="Run", exact=True).click()
    page.get_by_role("definition").first.wait_for()
    assert page.get_by_role("link", name="Its trace").count() == 0
    assert len(quire.search_traces(locations=[mine], return_type="list")) == 1


def test_the_policy_of_a_saved_version_is_edited_and_checked(screen: Screen, server: str) -> None:
    register("Say hello to {{name}}.", params=[quire.types.ParamSpec("temperature", "double", 0.5, maximum=1)])
    page = screen.open(f'{server}/playground?bases=["prompts:/greeting/1"]')
    page.get_by_label("temperature").fill("0.25")
    page.get_by_role("button", name="Save as a version").click()
    dialog = page.get_by_role("dialog", name="Save as a version of a prompt")
    param = dialog.get_by_role("group", name="temperature")
    expect(param.get_by_label("Default")).to_have_value("0.25")
    param.get_by_label("Minimum").fill("0.5")
    dialog.get_by_role("button", name="Save", exact=True).click()
    dialog.get_by_text("the default of 'temperature' is 0.25").wait_for()
    param.get_by_label("Minimum").fill("0")
    dialog.get_by_role("button", name="Add a parameter").click()
    dialog.get_by_role("group", name="parameter 2").get_by_label("Name").fill("seed")
    expect(dialog.get_by_role("group", name="seed").get_by_label("Type")).to_have_value("long")
    screen.look("policy")
    dialog.get_by_role("button", name="Save", exact=True).click()
    dialog.get_by_text("Saved as version 2").wait_for()
    made = quire.load_prompt("prompts:/greeting/2").params
    assert made is not None
    assert [(spec.name, spec.default, spec.minimum) for spec in made] == [
        ("temperature", 0.25, 0),
        ("seed", None, None),
    ]


@pytest.mark.slow
def test_a_page_is_smooth_while_a_megabyte_is_answered(screen: Screen, server: str, simulator: Simulator) -> None:
    words = "word " * 200_000
    simulator.behave(recording={"Talk.": words})
    page = screen.open(f"{server}/playground")
    page.get_by_role("textbox", name="Message 1", exact=True).fill("Talk.")
    page.evaluate(
        """() => {
            window.frames_ = [];
            let last = performance.now();
            const tick = (now) => { window.frames_.push(now - last); last = now; requestAnimationFrame(tick); };
            requestAnimationFrame(tick);
        }"""
    )
    page.get_by_role("button", name="Run", exact=True).click()
    page.get_by_role("button", name="Show more").click()
    page.get_by_label("Model", exact=True).fill("gpt-4o")
    expect(page.get_by_label("Model", exact=True)).to_have_value("gpt-4o")
    page.get_by_role("definition").first.wait_for(timeout=120_000)
    frames = sorted(page.evaluate("window.frames_"))

    # The whole text would take far longer than that to lay out at each frame.
    assert frames[len(frames) * 95 // 100] < 200, frames[-20:]
    page.get_by_text("characters are left").wait_for()


@pytest.mark.slow
def test_an_evaluation_is_stopped(screen: Screen, server: str, simulator: Simulator) -> None:
    simulator.behave(latency_ms=60_000)
    data = quire.genai.datasets.create_dataset("greetings")
    data.merge_records([{"inputs": {"name": "Ada"}, "expectations": {"answer": "Hello"}}])
    register("Say hello to {{name}}.")
    page = screen.open(f'{server}/playground?bases=["prompts:/greeting/1"]')
    page.get_by_text("version 1").wait_for()
    page.get_by_role("button", name="Evaluate", exact=True).click()
    dialog = page.get_by_role("dialog", name="Evaluate on a dataset")
    dialog.get_by_role("button", name="Evaluate").click()
    jobs = page.get_by_role("region", name="Evaluations from here")
    jobs.get_by_text("running", exact=True).wait_for(timeout=60_000)
    jobs.get_by_role("button", name="Stop").click()
    jobs.get_by_text("stopped", exact=True).wait_for(timeout=60_000)
    jobs.get_by_text("What had finished is kept in the run").wait_for()
