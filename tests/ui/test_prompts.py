"""The pages of prompts: their list, their versions, what a version says."""

from __future__ import annotations

import pytest

import quire
from quire import Client
from tests.ui.browser import Screen, expect, says

MESSAGES = [
    {"role": "system", "content": "You tell jokes in {{language}}."},
    {"role": "user", "content": "Tell me one about {{topic}}. <img src=x onerror=alert(1)>"},
]


@pytest.fixture(scope="module")
def client(quire_server: str) -> Client:
    made = Client(quire_server)
    made.register_prompt("joker", "Tell a joke about {{topic}}.", "The first", tags={"team": "fun"})
    made.register_prompt("joker", "Tell a short joke about {{topic}} in {{language}}.", "Shorter, in any language")
    made.register_prompt(
        "joker",
        MESSAGES,
        "As messages",
        model_config={"model_name": "gpt-4o-mini", "temperature": 0.2},
        response_format={"type": "object", "properties": {"joke": {"type": "string"}}},
        params=[quire.types.ParamSpec("max_tokens", "long", 100, minimum=1, maximum=500)],
    )
    made.set_prompt_alias("joker", "champion", 2, reason="Measured better")
    return made


def test_all_prompts_are_listed_and_found_by_name(screen: Screen, quire_server: str, client: Client) -> None:
    client.register_prompt("it-is-another.one", "x", "Another")
    page = screen.open(f"{quire_server}/prompts")
    row = page.get_by_role("row").filter(has_text="joker")
    row.wait_for()
    says(row, "As messages")
    says(row, "@champion 2")
    screen.look("prompts")
    page.get_by_role("searchbox").fill("ANOTHER")
    page.wait_for_url("**/prompts?q=ANOTHER")
    row.wait_for(state="detached")
    page.get_by_role("link", name="it-is-another.one").click()
    page.wait_for_url("**/prompts/it-is-another.one")
    page.go_back()
    expect(page.get_by_role("searchbox")).to_have_value("ANOTHER")


def test_a_version_shows_its_messages_with_variables_marked(screen: Screen, quire_server: str, client: Client) -> None:
    page = screen.open(f"{quire_server}/prompts/joker")
    page.get_by_role("heading", name="Version 3").wait_for()
    expect(page.locator("mark")).to_have_text(["{{language}}", "{{topic}}"], use_inner_text=True)
    says(page.get_by_label("Template"), "onerror=alert(1)")
    says(page.get_by_role("main"), 'quire.load_prompt("prompts:/joker/3")')
    says(page.get_by_role("region", name="Parameter policy"), "1 to 500")
    screen.look("version")
    page.get_by_role("navigation", name="Versions").get_by_role("link", name="Version 1").click()
    page.wait_for_url("**/prompts/joker?version=1")
    page.get_by_role("heading", name="Version 1").wait_for()
    expect(page.locator("mark")).to_have_text(["{{topic}}"], use_inner_text=True)
    page.go_back()
    page.get_by_role("heading", name="Version 3").wait_for()


def test_two_versions_are_compared_inline_and_side_by_side(screen: Screen, quire_server: str, client: Client) -> None:
    page = screen.open(f"{quire_server}/prompts/joker?tab=changes&version=2")
    page.get_by_role("heading", name="1 message changed; variables +language").wait_for()
    assert page.get_by_label("Changes").first.locator("ins").all_inner_texts() == ["short ", "}} in {{language"]
    screen.look("inline")
    page.get_by_role("combobox", name="Show").select_option("side")
    page.wait_for_url("**layout=side**")
    before, after = page.get_by_label("Before").first, page.get_by_label("After").first
    expect(before).to_have_text("Tell a joke about {{topic}}.", use_inner_text=True)
    expect(after).to_have_text("Tell a short joke about {{topic}} in {{language}}.", use_inner_text=True)
    page.get_by_role("combobox", name="To", exact=True).select_option("3")
    page.get_by_role("heading", name="text became chat").wait_for()
    says(page.get_by_role("main"), "model_config.temperature")
    screen.look("side")
    page.go_back()
    page.get_by_role("heading", name="1 message changed").wait_for()


def test_an_alias_is_moved_by_drag_and_by_keyboard_with_a_reason(
    screen: Screen, quire_server: str, client: Client
) -> None:
    for text in ("one", "two", "three"):
        client.register_prompt("dragged", text, text)
    client.set_prompt_alias("dragged", "champion", 1, reason="Begin")
    page = screen.open(f"{quire_server}/prompts/dragged?tab=aliases")
    versions = page.get_by_role("navigation", name="Versions").get_by_role("listitem")
    page.get_by_role("button", name="@champion").drag_to(versions.nth(0))
    dialog = page.get_by_role("dialog")
    assert dialog.get_by_role("button", name="Move to version 3").is_disabled()
    dialog.get_by_label("Reason").fill("Three is better than one")
    screen.look("move")
    dialog.get_by_role("button", name="Move to version 3").click()
    dialog.wait_for(state="hidden")
    versions.nth(0).get_by_role("button", name="@champion").wait_for()
    page.get_by_role("cell", name="Three is better than one").wait_for()
    page.get_by_role("button", name="@champion").focus()
    page.keyboard.press("Enter")
    dialog.get_by_role("button", name="Roll back").first.click()
    dialog.get_by_label("Reason").fill("It was not")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    dialog.wait_for(state="hidden")
    page.get_by_role("cell", name="rolled back").wait_for()
    assert client.get_prompt("dragged").aliases == {"champion": 1}  # type: ignore[union-attr]
    page.get_by_role("button", name="Give version 2 an alias").click()
    dialog.get_by_label("Alias").fill("challenger")
    dialog.get_by_label("Reason").fill("To be tried")
    dialog.get_by_role("button", name="Move to version 2").click()
    page.get_by_role("button", name="@challenger").wait_for()
    screen.look("history")


def test_a_move_that_somebody_else_forestalled_is_refused(screen: Screen, quire_server: str, client: Client) -> None:
    for text in ("one", "two", "three"):
        client.register_prompt("raced", text, text)
    client.set_prompt_alias("raced", "champion", 1)
    page = screen.open(f"{quire_server}/prompts/raced")
    page.get_by_role("button", name="@champion").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Version").fill("3")
    dialog.get_by_label("Reason").fill("Mine")
    client.set_prompt_alias("raced", "champion", 2)
    dialog.get_by_role("button", name="Move to version 3").click()
    says(dialog.get_by_role("alert"), "Somebody else was faster")
    assert client.get_prompt("raced").aliases == {"champion": 2}  # type: ignore[union-attr]


def test_a_new_version_is_written_and_what_is_wrong_with_it_is_said(
    screen: Screen, quire_server: str, client: Client
) -> None:
    client.register_prompt("written", [{"role": "user", "content": "Say {{word}}"}], "First")
    page = screen.open(f"{quire_server}/prompts/written")
    page.get_by_role("button", name="New version").click()
    page.wait_for_url("**/prompts/written?tab=new")
    page.get_by_label("Content of message 1").fill("Say {{word}} twice")
    page.get_by_role("button", name="Add a message").click()
    page.get_by_label("Role of message 2").fill("system")
    page.get_by_label("Content of message 2").fill("Be brief")
    page.get_by_role("button", name="Move message 2 up").click()
    page.get_by_label("Commit message").fill("Twice")
    page.get_by_text("Model configuration and response format").click()
    page.get_by_label("Model configuration (JSON)").fill('{"temprature": 1}')
    screen.look("editor")
    page.get_by_role("button", name="Save version").click()
    says(page.get_by_role("alert"), "Did you mean 'temperature'?")
    page.get_by_label("Model configuration (JSON)").fill('{"temperature": 1}')
    page.get_by_role("button", name="Save version").click()
    page.wait_for_url("**/prompts/written?version=2")
    page.get_by_role("heading", name="Version 2").wait_for()
    made = client.load_prompt("prompts:/written/2")
    assert made is not None
    assert made.template == [
        {"role": "system", "content": "Be brief"},
        {"role": "user", "content": "Say {{word}} twice"},
    ]
    assert (made.commit_message, made.model_config) == ("Twice", {"temperature": 1})


def test_a_new_version_stays_as_it_is_written_though_others_come(
    screen: Screen, quire_server: str, client: Client
) -> None:
    client.register_prompt("busy", "one", "First")
    page = screen.open(f"{quire_server}/prompts/busy?tab=new")
    page.get_by_label("Text of the template").fill("mine")
    client.register_prompt("busy", "two", "Second")
    page.get_by_role("navigation", name="Versions").get_by_role("link", name="Version 2").wait_for()
    expect(page.get_by_label("Text of the template")).to_have_value("mine")
    page.get_by_role("heading", name="New version, from version 1").wait_for()


def test_a_policy_is_edited_checked_and_compared(screen: Screen, quire_server: str, client: Client) -> None:
    params = [quire.types.ParamSpec("temperature", "double", 0.5, minimum=0, maximum=1)]
    client.register_prompt("limited", "Say {{word}}", "First", params=params)
    page = screen.open(f"{quire_server}/prompts/limited?tab=new")
    param = page.get_by_role("group", name="temperature")
    param.get_by_label("Maximum").fill("0.25")
    page.get_by_role("button", name="Add a parameter").click()
    effort = page.get_by_role("group", name="parameter 2")
    effort.get_by_label("Name").fill("reasoning_effort")
    effort = page.get_by_role("group", name="reasoning_effort")
    effort.get_by_label("Choices").fill("low\nhigh")
    effort.get_by_label("Default").fill("low")
    page.get_by_label("Commit message").fill("Limits")
    page.get_by_role("button", name="Save version").click()
    says(page.get_by_role("alert"), "expected a double from 0 to 0.25")
    param.get_by_label("Default").fill("0.1")
    screen.look("policy")
    page.get_by_role("button", name="Save version").click()
    page.wait_for_url("**/prompts/limited?version=2")
    page.get_by_role("region", name="Parameter policy").get_by_text("0 to 0.25").wait_for()
    made = client.load_prompt("prompts:/limited/2")
    assert made is not None
    assert made.params is not None
    assert [(spec.name, spec.default, spec.choices) for spec in made.params] == [
        ("temperature", 0.1, None),
        ("reasoning_effort", "low", ("low", "high")),
    ]
    page.get_by_role("group", name="Views").get_by_role("button", name="Changes").click()
    changes = page.get_by_role("region", name="Parameter policy")
    changes.get_by_text("params.temperature.maximum").wait_for()
    says(changes, "params.reasoning_effort")
    screen.look("policy-changes")
    page.get_by_role("button", name="New version").click()
    page.get_by_role("button", name="Remove the policy").click()
    page.get_by_label("Commit message").fill("Free")
    page.get_by_role("button", name="Save version").click()
    page.wait_for_url("**/prompts/limited?version=3")
    page.get_by_role("heading", name="Version 3").wait_for()
    assert client.load_prompt("prompts:/limited/3").params is None  # type: ignore[union-attr]


def test_a_prompt_is_made(screen: Screen, quire_server: str, client: Client) -> None:
    page = screen.open(f"{quire_server}/prompts")
    page.get_by_role("button", name="New prompt").click()
    page.get_by_label("Name", exact=False).first.fill("made here")
    page.get_by_label("Text of the template").fill("Hello {{name}}")
    page.get_by_label("Commit message").fill("Made in the browser")
    page.get_by_role("button", name="Create").click()
    says(page.get_by_role("alert"), "letters")
    page.get_by_label("Name", exact=False).first.fill("made-here")
    page.get_by_role("button", name="Create").click()
    page.wait_for_url("**/prompts/made-here?version=1")
    page.get_by_role("heading", name="Version 1").wait_for()
    expect(page.locator("mark")).to_have_text(["{{name}}"], use_inner_text=True)


def test_each_line_leads_to_the_version_that_brought_it(screen: Screen, quire_server: str, client: Client) -> None:
    client.register_prompt("blamed", "first\nsecond", "First")
    client.register_prompt("blamed", "first\nthird", "Second")
    page = screen.open(f"{quire_server}/prompts/blamed?tab=lines")
    page.get_by_role("heading", name="Lines of version 2").wait_for()
    rows = page.get_by_role("table").get_by_role("row")
    assert [row.split("\t") for row in rows.all_inner_texts()[1:]] == [["version 1", "first"], ["version 2", "third"]]
    screen.look("lines")


def test_what_came_of_a_version_is_drawn_and_listed(screen: Screen, quire_server: str, client: Client) -> None:
    client.register_prompt("traced-back", "x {{y}}", "First")
    experiment = client.create_experiment("lineage of prompts")
    run = client.create_run(experiment, run_name="used it")
    client.link_prompt_version_to_run(run.info.run_id, "prompts:/traced-back/1")
    page = screen.open(f"{quire_server}/prompts/traced-back?tab=lineage")
    link = page.get_by_role("main").get_by_role("link", name="used it")
    link.wait_for()
    page.locator("canvas").wait_for()
    screen.look("lineage")
    link.click()
    page.wait_for_url(f"**/runs/{run.info.run_id}**")
