"""The pages of models: their list, versions, promotions, and what a version holds."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import quote

import pytest

import quire
from quire import Client
from quire.bundle import import_model
from quire.types import ParamSpec
from tests.ui.browser import Screen, expect, says

ODD = 'spaß & "50%" #1 \'?'
"""A name that needs care in an address, in a URI and in a filter."""


def log(name: str, tone: str) -> str:
    """Log a model and register it; its version."""
    messages = [{"role": "system", "content": f"Be {tone}. <b>x</b>"}, {"role": "user", "content": "About {topic}"}]
    signature = quire.models.infer_signature(params={"temperature": 0.5})
    signature.params.params[0] = ParamSpec("temperature", "double", 0.5, minimum=0, maximum=1)
    with quire.start_run(run_name=f"made {tone}"):
        info = quire.openai.log_model(
            model="gpt-4o-mini",
            task="chat.completions",
            name="joker",
            messages=messages,
            max_tokens=100,
            signature=signature,
            registered_model_name=name,
        )
    return str(info.registered_model_version)


@pytest.fixture(scope="module")
def client(quire_server: str) -> Client:
    quire.set_tracking_uri(quire_server)
    for name in ("joker model", ODD):
        log(name, "kind")
        log(name, "brief")
    made = Client(quire_server)
    made.set_registered_model_alias("joker model", "champion", "1")
    return made


def test_models_are_listed_apart_from_prompts_and_odd_names_lead_to_them(
    screen: Screen, quire_server: str, client: Client
) -> None:
    client.register_prompt("no-model", "x")
    page = screen.open(f"{quire_server}/models")
    page.get_by_role("link", name="joker model").wait_for()
    assert page.get_by_role("link", name="no-model").count() == 0
    screen.look("models")
    page.get_by_role("searchbox").fill("#1 '?")
    page.get_by_role("link", name="joker model").wait_for(state="detached")
    page.get_by_role("link", name=ODD).click()
    page.get_by_role("heading", name=ODD).wait_for()
    page.get_by_role("link", name="Version 2").click()
    page.get_by_role("heading", name=f"{ODD}, version 2").wait_for()
    page.get_by_text("Be brief.").wait_for()
    says(page.get_by_label("lines that load it"), quote(ODD, safe="!'()*"))


def test_an_alias_moves_with_a_reason_and_the_record_tells_of_it(
    screen: Screen, quire_server: str, client: Client
) -> None:
    page = screen.open(f"{quire_server}/models/joker%20model")
    rows = page.get_by_role("region", name="Versions").get_by_role("row")
    page.get_by_role("button", name="@champion").drag_to(rows.nth(1))
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Reason").fill("Shorter is better")
    dialog.get_by_role("button", name="Move to version 2").click()
    rows.nth(1).get_by_role("button", name="@champion").wait_for()
    screen.look("versions")
    page.get_by_role("button", name="Promotions").click()
    page.wait_for_url("**tab=promotions")
    row = page.get_by_role("row").filter(has_text="Shorter is better")
    row.wait_for()
    says(row, "moved by hand")
    screen.look("promotions")
    assert client.get_model_version_by_alias("joker model", "champion").version == "2"


def test_description_and_tags_are_edited(screen: Screen, quire_server: str, client: Client) -> None:
    page = screen.open(f"{quire_server}/models/joker%20model")
    page.get_by_role("button", name="Edit the description").click()
    page.get_by_label("Description").fill("Tells **jokes**. <img src=x onerror=alert(1)>")
    page.get_by_role("button", name="Save").click()
    page.locator("strong", has_text="jokes").wait_for()
    page.get_by_role("button", name="Add a tag").click()
    page.get_by_label("Key of the tag").fill("team")
    page.get_by_label("Value of the tag").fill("fun")
    page.get_by_role("button", name="Save the tag").click()
    page.get_by_text("team: fun").wait_for()
    assert client.get_registered_model("joker model").tags["team"] == "fun"
    page.get_by_role("button", name="Remove the tag team").click()
    page.get_by_text("team: fun").wait_for(state="detached")


def test_a_version_explains_what_it_holds(screen: Screen, quire_server: str, client: Client) -> None:
    page = screen.open(f"{quire_server}/models/joker%20model/versions/2")
    page.get_by_text("Be brief. <b>x</b>").wait_for()
    main = page.get_by_role("main").inner_text()
    expect(page.locator("mark")).to_have_text(["{topic}"], use_inner_text=True)
    for said in ("gpt-4o-mini", "chat.completions", '"max_tokens": 100', "0 to 1", "Reads: string"):
        assert said in main
    screen.look("package")
    page.get_by_role("link", name="The run that made it").click()
    page.wait_for_url("**/runs/**")
    page.go_back()
    page.get_by_role("button", name="Changes").click()
    page.locator("ins", has_text="brief").wait_for()
    expect(page.locator("del", has_text="kind")).to_have_count(1)
    screen.look("changes")
    page.get_by_role("button", name="Lineage").click()
    page.get_by_role("link", name="made brief").wait_for()
    screen.look("lineage")


def test_files_are_shown_as_text_and_the_whole_is_downloaded_as_one_file(
    screen: Screen, quire_server: str, client: Client, tmp_path: Path
) -> None:
    page = screen.open(f"{quire_server}/models/joker%20model/versions/2?tab=files")
    page.get_by_role("region", name="File MLmodel").get_by_text("flavors:").wait_for()
    page.get_by_role("list", name="Files").get_by_role("link", name="model.yaml").click()
    page.get_by_role("region", name="File model.yaml").get_by_text("Be brief. <b>x</b>").wait_for()
    screen.look("files")
    with page.expect_download() as downloading:
        page.get_by_role("link", name="Download as one file").click()
    file = tmp_path / downloading.value.suggested_filename
    assert file.name == "joker model-2.quire"
    downloading.value.save_as(file)
    quire.set_tracking_uri(f"sqlite:///{tmp_path}/other.db")
    brought = import_model(file)
    assert brought.versions[0].name == "joker model"
