"""Promoting a version of a model on evidence, in the interface."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import quire
from quire.simulator import Behaviour
from quire.testing import Simulator
from tests.quire_server import QuireServer
from tests.ui.browser import Screen, expect, says


@quire.scorer
def says_well(outputs: Any) -> bool:
    return "well" in str(outputs)


@quire.scorer
def letters(outputs: Any) -> int:
    return len(str(outputs))


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A server with two versions of a model, of which the second is better, and an evaluation of both."""
    folder: Path = tmp_path_factory.mktemp("promoting")
    with (
        QuireServer(folder) as found,
        Simulator(behaviour=Behaviour(echo=True)) as simulator,
        pytest.MonkeyPatch.context() as patch,
    ):
        for name, value in simulator.environment.items():
            patch.setenv(name, value)
        patch.setenv("QUIRE_CACHE_DIR", str(folder / "cache"))
        quire.set_tracking_uri(found.url)
        for content in ("Say {word}", "Say {word} well"):
            with quire.start_run():
                quire.openai.log_model(
                    "gpt-4o-mini",
                    "chat.completions",
                    name="m",
                    messages=[{"role": "user", "content": content}],
                    registered_model_name="my solver",
                )
        data = [{"inputs": {"word": f"w{number}"}} for number in range(20)]
        variants = {f"v{version}": f"models:/my%20solver/{version}" for version in (1, 2)}
        quire.evaluate(data, variants, [says_well, letters], run_name="old and new")
        yield found.url
    quire.set_tracking_uri(None)


def test_a_version_is_promoted_on_evidence_or_refused_in_the_gates_words(screen: Screen, server: str) -> None:
    page = screen.open(f"{server}/models/my%20solver")
    page.get_by_role("button", name="Promote version 1").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_text("points nowhere yet").wait_for()
    assert dialog.get_by_role("button", name="Promote", exact=True).is_disabled()
    dialog.get_by_label("Reason").fill("The first")
    dialog.get_by_role("button", name="Promote", exact=True).click()
    dialog.wait_for(state="hidden")
    page.get_by_role("button", name="@champion").wait_for()
    page.get_by_role("button", name="Promote version 2").click()
    evidence = dialog.get_by_role("group", name="Evidence")
    expect(evidence.get_by_label("old and new")).to_be_checked()
    gate = dialog.get_by_role("group", name="What must hold")
    expect(gate.get_by_label("Better on")).to_have_value("says_well")
    gate.get_by_label("Records at least").fill("50")
    gate.get_by_role("button", name="Add a score that may not be worse").click()
    expect(gate.get_by_label("Not worse on")).to_have_value("letters")
    dialog.get_by_label("Reason").fill("It says well")
    screen.look("dialog")
    dialog.get_by_role("button", name="Promote", exact=True).click()
    says(dialog.get_by_role("alert"), "20 records have both scores; 50 wanted")
    gate.get_by_label("Records at least").fill("20")
    says(dialog.get_by_label("command"), "--not-worse letters=0.9")
    dialog.get_by_role("button", name="Promote", exact=True).click()
    dialog.wait_for(state="hidden")
    page.get_by_role("group", name="Views").get_by_role("button", name="Promotions").click()
    row = page.get_by_role("row").filter(has_text="It says well")
    row.get_by_text("promoted", exact=True).wait_for()
    row.get_by_text("says_well is better").wait_for()
    screen.look("record")
    assert quire.promotions("my solver")[-1].reason == "It says well"
    page.go_back()
    page.get_by_role("button", name="Promote version 1").click()
    expect(evidence.get_by_label("old and new")).to_be_checked()
    dialog.get_by_label("Reason").fill("Back")
    expect(gate.get_by_label("Better on")).to_have_value("says_well")
    dialog.get_by_role("button", name="Promote", exact=True).click()
    said = dialog.get_by_role("alert").inner_text()
    assert "says_well is better" in said
    assert "one-sided p" in said
    screen.look("refused")
