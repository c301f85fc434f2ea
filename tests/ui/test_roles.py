"""What somebody's role does not let them do is switched off on the pages of prompts, models and the playground."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

import quire
from quire.domain.access import Resource
from tests.server.auth.conftest import PASSWORD
from tests.ui.browser import Screen, expect
from tests.ui.guarded import Site, guarded_site


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    with guarded_site(tmp_path_factory.mktemp("roles")) as made, pytest.MonkeyPatch.context() as patch:
        patch.setenv("MLFLOW_TRACKING_USERNAME", "ada")
        patch.setenv("MLFLOW_TRACKING_PASSWORD", PASSWORD)
        quire.set_tracking_uri(made.url)
        for name in ("joker", "poet"):
            quire.register_prompt(name, "Tell {{what}}.")
            quire.Client(made.url).set_prompt_alias(name, "champion", 1)
        with quire.start_run():
            quire.openai.log_model(
                "gpt-4o-mini",
                "chat.completions",
                name="m",
                messages=[{"role": "user", "content": "{x}"}],
                registered_model_name="solver",
            )
        quire.Client(made.url).set_registered_model_alias("solver", "champion", "1")
        quire.Client(made.url).set_registered_model_tag("solver", "team", "fun")
        made.access.set_permission("grace", Resource("registered_model", "poet"), "editor")
        yield made
    quire.set_tracking_uri(None)


def refused(place: Any, name: str, needed: str) -> None:
    """A button is switched off, and its title says what is needed."""
    button = place.get_by_role("button", name=name).first
    expect(button).to_have_attribute("title", f"This needs the role {needed}. Ask an admin for it.")
    expect(button).to_be_disabled()


def test_a_reader_of_prompts_may_look_and_is_told_what_changing_needs(screen: Screen, site: Site) -> None:
    page = site.open(screen, "/prompts", "grace")
    refused(page, "New prompt", "editor in the workspace")
    page.goto(f"{site.url}/prompts/joker?tab=new")
    page.get_by_text("This needs the role editor on joker", exact=False).wait_for()
    assert page.get_by_role("button", name="Save version").count() == 0
    page.goto(f"{site.url}/prompts")
    page.get_by_role("link", name="joker").click()
    for button in ("New version", "@champion", "Give version 1 an alias"):
        refused(page, button, "editor on joker")
    screen.look("prompt")
    page.goto(f"{site.url}/prompts/poet")
    expect(page.get_by_role("button", name="New version")).to_be_enabled()
    page.get_by_role("button", name="@champion").click()
    page.get_by_role("dialog", name="Alias @champion").wait_for()


def test_a_reader_of_models_may_look_and_is_told_what_changing_needs(screen: Screen, site: Site) -> None:
    page = site.open(screen, "/models/solver", "grace")
    for button in (
        "Promote version 1",
        "@champion",
        "Give version 1 an alias",
        "Edit the description",
        "Add a tag",
        "Remove the tag team",
    ):
        refused(page, button, "editor on solver")
    screen.look("model")
    page.goto(f"{site.url}/models/solver/versions/1")
    refused(page, "Edit the description", "editor on solver")
    refused(page, "Add a tag", "editor on solver")


def test_a_reader_may_not_spend_the_servers_money_in_the_playground(screen: Screen, site: Site) -> None:
    page = site.open(screen, "/playground", "grace")
    for button in ("Run", "Run all", "Evaluate"):
        refused(page, button, "editor in the workspace")
    screen.look("playground")


def test_an_admin_may_do_all_of_it(screen: Screen, site: Site) -> None:
    page = site.open(screen, "/models/solver")
    expect(page.get_by_role("button", name="Promote version 1")).to_be_enabled()
    page.goto(f"{site.url}/prompts")
    expect(page.get_by_role("button", name="New prompt")).to_be_enabled()
