"""Evaluations of every kind in the browser: promoted, refused, compared with another, alone, failed, unscored."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest

import quire
from quire.domain.scores import Score
from quire.simulator import Behaviour
from quire.testing import Simulator
from tests.server.auth.conftest import PASSWORD
from tests.ui.browser import Screen, expect
from tests.ui.guarded import Site, guarded_site

MODEL = "solver"
DATA = [{"inputs": {"word": f"w{number}"}} for number in range(20)]


@quire.scorer
def says_well(outputs: Any) -> bool:
    return "well" in str(outputs)


@quire.scorer
def speechless(outputs: Any) -> list[Score]:
    return [Score(name="speechless")]


@quire.trace
def plain(word: str) -> str:
    return f"Say {word}"


@quire.trace
def breaks(word: str) -> str:
    if word in ("w3", "w4"):
        raise ValueError(f"{word} <img src=x onerror=alert(1)> is too much")
    return f"Say {word} well"


def evaluated(name: str, variants: dict[str, Any], scorers: list[Any]) -> str:
    found = quire.evaluate(DATA, variants, scorers, run_name=name, log_assessments=False)
    return str(found.run_id)


class Evaluated:
    """A server with users, and evaluations of every kind in it."""

    def __init__(self, site: Site) -> None:
        self.site = site
        self.models = self._of_models()
        self.alone = evaluated("alone", {"plain": plain}, [says_well])
        self.broken = evaluated("broken", {"plain": plain, "breaks": breaks}, [says_well])
        self.unscored = evaluated("unscored", {"plain": plain, "breaks": breaks}, [speechless])

    def _of_models(self) -> str:
        with Simulator(behaviour=Behaviour(echo=True)) as simulator, pytest.MonkeyPatch.context() as patch:
            for name, value in simulator.environment.items():
                patch.setenv(name, value)
            for content in ("Say {word}", "Say {word} well"):
                with quire.start_run():
                    messages = [{"role": "user", "content": content}]
                    task = "chat.completions"
                    quire.openai.log_model(
                        "gpt-4o-mini", task, name="m", messages=messages, registered_model_name=MODEL
                    )
            quire.promote(f"models:/{MODEL}/1", reason="the first")
            variants = {f"v{version}": f"models:/{MODEL}/{version}" for version in (1, 2)}
            return str(quire.evaluate(DATA, variants, [says_well], primary="says_well", run_name="models").run_id)


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Evaluated]:
    with guarded_site(tmp_path_factory.mktemp("kinds")) as site, pytest.MonkeyPatch.context() as patch:
        patch.setenv("QUIRE_CACHE_DIR", str(tmp_path_factory.mktemp("cache")))
        patch.setenv("MLFLOW_TRACKING_USERNAME", "ada")
        patch.setenv("MLFLOW_TRACKING_PASSWORD", PASSWORD)
        quire.set_tracking_uri(site.url)
        quire.set_experiment("kinds")
        yield Evaluated(site)
    quire.set_tracking_uri(None)


def test_a_better_version_is_promoted_with_a_reason_that_the_record_keeps(screen: Screen, made: Evaluated) -> None:
    page = made.site.open(screen, f"/evaluations/{made.models}?a=v1&b=v2")
    page.get_by_role("heading", name="v2 is better than v1 on says_well").wait_for()
    page.get_by_role("button", name=f"Promote {MODEL} version 2").click()
    dialog = page.get_by_role("dialog")
    act = dialog.get_by_role("button", name="Promote")
    assert act.is_disabled()
    dialog.get_by_label("Reason").fill("It says well.")
    screen.look("dialog")
    act.click()
    page.get_by_text(f"models:/{MODEL}@champion is version 2 now").wait_for()
    assert quire.promotions(MODEL)[-1].reason == "It says well."
    found = made.site.access.search_audit(action="promote_variant").to_list()[0]
    assert (found.username, "It says well." in str(found.after)) == ("ada", True)
    page.goto(f"{made.site.url}/settings?tab=audit")
    page.get_by_text("promote variant").first.wait_for()


def test_a_promotion_that_the_evidence_refuses_is_told_with_its_figures(screen: Screen, made: Evaluated) -> None:
    if quire.MlflowClient().get_model_version_by_alias(MODEL, "champion").version != "2":
        quire.promote(f"models:/{MODEL}/2", force=True, reason="to be refused")
    page = made.site.open(screen, f"/evaluations/{made.models}?a=v2&b=v1")
    page.get_by_role("button", name=f"Promote {MODEL} version 1").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Reason").fill("I like it.")
    dialog.get_by_role("button", name="Promote").click()
    dialog.get_by_role("alert").get_by_text("is not promoted: says_well is better").wait_for()
    screen.look("refused")
    assert quire.MlflowClient().get_model_version_by_alias(MODEL, "champion").version == "2"


def test_who_may_only_read_is_told_what_promoting_and_rating_need(screen: Screen, made: Evaluated) -> None:
    page = made.site.open(screen, f"/evaluations/{made.models}?a=v1&b=v2", "grace")
    page.get_by_text(f"This needs the role editor on the model {MODEL}.").wait_for()
    assert page.get_by_role("button", name=f"Promote {MODEL} version 2").is_disabled()
    page.goto(f"{made.site.url}/evaluations/{made.alone}?at=0")
    page.get_by_text("Rating needs the role editor on the experiment.").wait_for()
    assert page.get_by_role("button", name="Good").count() == 0
    screen.look("reader")


def test_an_evaluation_of_one_variant_pretends_no_verdict(screen: Screen, made: Evaluated) -> None:
    page = made.site.open(screen, f"/evaluations/{made.alone}")
    page.get_by_role("heading", name="Distribution").wait_for()
    page.get_by_role("heading", name="20 shown").wait_for()
    page.get_by_text("Nobody has judged these answers yet.").wait_for()
    assert page.get_by_role("heading", name="Differences").count() == 0
    page.get_by_role("region", name="Scores").get_by_role("row", name="says_well 0.0% 0").wait_for()
    assert page.get_by_text("better", exact=True).count() == 0
    assert page.get_by_role("button", name="Promote").count() == 0
    screen.look("alone")
    page.goto(f"{made.site.url}/evaluations?q=alone")
    page.get_by_text("one variant").wait_for()


def test_two_evaluations_are_compared_on_the_records_of_both(screen: Screen, made: Evaluated) -> None:
    page = made.site.open(screen, "/evaluations?q=broken")
    page.get_by_role("row", name="broken").get_by_role("link", name="with another").click()
    page.get_by_text("Choose the evaluation on the same data").wait_for()
    page.get_by_role("link", name="alone").click()
    page.wait_for_url(f"**/evaluations/{made.alone}?with={made.broken}")
    page.get_by_role("heading", name="Differences").wait_for()
    page.get_by_role("row", name="says_well").first.wait_for()
    page.get_by_role("link", name="broken").wait_for()
    screen.look("across")
    page.get_by_role("combobox", name=re.compile("^Baseline")).select_option("breaks")
    page.get_by_role("heading", name="plain is worse than breaks on says_well").wait_for()
    page.get_by_role("combobox", name=re.compile("^Baseline")).select_option("plain")
    page.get_by_role("heading", name="No difference").wait_for()
    page.get_by_role("combobox", name="Show").select_option("all")
    page.get_by_role("heading", name="20 shown").wait_for()
    page.get_by_role("row", name="w7").click()
    page.get_by_role("heading", name="Answers").wait_for()
    expect(page.get_by_role("region", name="Answer of plain")).to_have_count(2)


def test_failed_rows_are_counted_found_and_shown_as_text(screen: Screen, made: Evaluated) -> None:
    page = made.site.open(screen, f"/evaluations/{made.broken}?a=plain&b=breaks")
    page.get_by_text("2 of breaks").wait_for()
    page.get_by_role("combobox", name="Show").select_option("failed")
    page.get_by_role("heading", name="2 shown").wait_for()
    page.get_by_role("row", name="<img src=x").first.click()
    answer = page.get_by_role("region", name="Answer of breaks")
    answer.get_by_text("failed").wait_for()
    answer.get_by_text("<img src=x onerror=alert(1)> is too much").wait_for()
    assert page.locator("img").count() == 0
    screen.look("failed-row")


def test_an_evaluation_without_scores_shows_its_answers(screen: Screen, made: Evaluated) -> None:
    page = made.site.open(screen, f"/evaluations/{made.unscored}?a=plain&b=breaks")
    page.get_by_role("combobox", name="Show").select_option("all")
    page.get_by_role("heading", name="20 shown").wait_for()
    page.get_by_text("No answer has this score.").wait_for()
    page.get_by_role("row", name="Say w7").first.wait_for()
    assert page.get_by_text("better", exact=True).count() == 0
    screen.look("unscored")
    page.get_by_role("row", name="Say w7").first.click()
    page.get_by_role("region", name="Answer of plain").get_by_text("Say w7").wait_for()
