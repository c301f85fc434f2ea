"""The pages of endpoints: what serves, its traffic from a real server, its settings, and what can be done about it."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from typing import Any

import pytest

import quire
from quire import trials
from quire.domain.endpoints import Deployment, Endpoint, Shadow
from quire.domain.promotions import Promotion
from quire.registry.moving import move_with_record
from quire.serving.settings import ServeSettings
from quire.store.current import current_store
from quire.store.serving import serving_of
from quire.testing import Simulator
from tests.eventually import eventually
from tests.serving.serving import Served
from tests.ui.browser import Screen


@pytest.fixture
def joker(quire_server: str) -> str:
    """An endpoint that serves the champion of a model with two versions, of which the second was promoted."""
    quire.set_tracking_uri(quire_server)
    name = f"joker-{uuid.uuid4().hex[:8]}"
    for text in ("Tell a joke.", "Tell a short joke."):
        messages = [{"role": "system", "content": text}]
        quire.openai.log_model(
            "gpt-4o-mini", "chat.completions", name=name, registered_model_name=name, messages=messages
        )
    store = current_store()
    store.set_alias(name, "champion", "1")
    move_with_record(store, Promotion(name=name, alias="champion", old="1", new="2", by="ada", reason="It is shorter."))
    serving_of(store).put_endpoint(
        Endpoint(
            name=name,
            model=f"models:/{name}@champion",
            description="Jokes for everybody.",
            shadows=[Shadow(name="first", model=f"models:/{name}/1", sample=0.5)],
        )
    )
    return name


@pytest.fixture
def served(joker: str, quire_server: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """The endpoint, which a server has answered forty requests of, some while a trial ran."""
    with Simulator(echo=True) as simulator:
        monkeypatch.setenv("OPENAI_BASE_URL", simulator.base_url)
        monkeypatch.setenv("OPENAI_API_KEY", "the-upstream-key")
        trial = trials.start(joker, {"first": f"models:/{joker}/1"}, "thumb", reason="Was the first one better?")
        server = Served(ServeSettings(tracking_uri=quire_server, follow_s=0.05))
        try:
            for number in range(40):
                answer = _ask(server, joker, f"user-{number}")
                assert answer.status == 200, answer.body
            refused = server_call(server, joker, "user-1", temperature="hot")
            assert refused.status == 400
            server.wait_for(41)
        finally:
            server.stop()
        assert trial.trial_id
        eventually(lambda: _requests(joker) >= 41)
        yield joker


def _ask(server: Served, name: str, key: str) -> Any:
    return server_call(server, name, key)


def server_call(server: Served, name: str, key: str, **fields: Any) -> Any:
    from tests.http_calls import call

    body = {"model": name, "messages": [{"role": "user", "content": "cats"}], **fields}
    return call(server.port, "POST", "/v1/chat/completions", body, headers={"x-quire-key": key})


def _requests(name: str) -> int:
    import httpx

    from quire.store.current import get_tracking_uri

    answer = httpx.get(f"{get_tracking_uri()}/api/quire/v1/endpoints/{name}/traffic").json()
    return sum(part["requests"] for part in answer.get("traffic", []))


def test_an_endpoint_shows_the_traffic_that_a_server_answered(screen: Screen, quire_server: str, served: str) -> None:
    page = screen.open(f"{quire_server}/endpoints/{served}")
    traffic = page.get_by_role("region", name="Traffic in all, scrollable")
    traffic.wait_for()
    text = traffic.inner_text()
    assert f"{served}/2" in text
    assert f"{served}/1" in text
    page.locator("canvas").nth(3).wait_for()
    page.get_by_label("By").select_option("arm")
    page.wait_for_url("**by=arm*")
    traffic.get_by_text("champion").wait_for()
    settings = page.get_by_role("region", name="Settings").inner_text()
    assert "who moves the alias changes what serves" in settings
    assert "the-upstream-key" not in page.content()
    page.get_by_role("region", name="Trials", exact=True).get_by_text("Too early").wait_for()
    screen.look("endpoint")
    page.get_by_role("heading", name="Record").scroll_into_view_if_needed()
    screen.shot("record")
    page.goto(f"{quire_server}/endpoints")
    row = page.get_by_role("row").filter(has_text=served)
    row.get_by_role("img", name="requests").wait_for()
    screen.look("list")
    row.get_by_role("link", name="Too early").click()
    page.get_by_role("heading", name="Arms").wait_for()


def test_rolling_back_asks_why_and_is_in_the_record(screen: Screen, quire_server: str, joker: str) -> None:
    page = screen.open(f"{quire_server}/endpoints/{joker}")
    page.get_by_role("button", name="Roll back to version 1 …").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Reason").fill("The short ones are not funny.")
    screen.look("dialog")
    dialog.get_by_role("button", name="Roll back", exact=True).click()
    record = page.get_by_role("region", name="Record")
    record.get_by_text("The short ones are not funny.").wait_for()
    assert current_store().get_registered_model(joker).aliases["champion"] == "1"
    assert page.get_by_role("button", name="Roll back").count() == 0
    page.get_by_role("region", name="Serves").get_by_role("link", name="version 1", exact=True).wait_for()


def test_settings_are_changed_with_a_reason_and_mistakes_are_said(
    screen: Screen, quire_server: str, joker: str
) -> None:
    page = screen.open(f"{quire_server}/endpoints/{joker}")
    page.get_by_role("button", name="Change …").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Share traced").fill("7")
    dialog.get_by_label("Reason").fill("Too many traces.")
    dialog.get_by_role("button", name="Change", exact=True).click()
    dialog.get_by_role("alert").filter(has_text="trace_sample").wait_for()
    screen.look("refused")
    dialog.get_by_label("Share traced").fill("0.5")
    dialog.get_by_label("Requests at once").fill("4")
    dialog.get_by_role("button", name="Change", exact=True).click()
    dialog.wait_for(state="hidden")
    page.get_by_role("region", name="Settings").get_by_text("50% of requests").wait_for()
    page.get_by_role("region", name="Record").get_by_text("limits, trace_sample").wait_for()
    found = serving_of(current_store()).get_endpoint(joker)
    assert (found.limits.concurrency, found.trace_sample, found.shadows[0].name) == (4, 0.5, "first")
    page.get_by_role("button", name="Change …").click()
    dialog.get_by_text("All of it as JSON").click()
    dialog.get_by_label("The endpoint as JSON").fill('{"name": "joker", "model": "m", "limit": 3}')
    dialog.get_by_text('There is no field "limit"').wait_for()


def test_a_change_that_another_was_faster_with_is_refused(screen: Screen, quire_server: str, joker: str) -> None:
    page = screen.open(f"{quire_server}/endpoints/{joker}")
    page.get_by_role("button", name="Change …").click()
    serving = serving_of(current_store())
    serving.put_endpoint(Endpoint(name=joker, model=f"models:/{joker}/1"))
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Description").fill("Mine.")
    dialog.get_by_label("Reason").fill("Because.")
    dialog.get_by_role("button", name="Change", exact=True).click()
    dialog.get_by_text("was changed by somebody else").wait_for()
    assert serving.get_endpoint(joker).description == ""


def test_an_endpoint_is_made_and_deleted(screen: Screen, quire_server: str) -> None:
    quire.set_tracking_uri(quire_server)
    name = f"made-{uuid.uuid4().hex[:8]}"
    page = screen.open(f"{quire_server}/endpoints")
    page.get_by_role("button", name="New endpoint …").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Name", exact=True).fill(name)
    dialog.get_by_label("Model", exact=True).fill("models:/gone@champion")
    dialog.get_by_label("Reason").fill("A first try.")
    dialog.get_by_role("button", name="Create").click()
    page.wait_for_url(f"**/endpoints/{name}")
    page.get_by_text("@champion is at no version").wait_for()
    page.get_by_role("region", name="Record").get_by_text("A first try.").wait_for()
    page.get_by_text("No request was traced in this time").wait_for()
    screen.look("new")
    page.get_by_role("button", name="Delete …").click()
    dialog.get_by_label("Reason").fill("It was a try.")
    dialog.get_by_role("button", name="Delete", exact=True).click()
    page.wait_for_url("**/endpoints")
    assert name not in [one.name for one in serving_of(current_store()).list_endpoints()]


def test_a_trial_is_started_from_the_page_of_its_endpoint(screen: Screen, quire_server: str, joker: str) -> None:
    serving_of(current_store()).record_deployment(
        Deployment(deployment_id="", kind="docker", name="image", endpoints=[joker], target="./Dockerfile")
    )
    page = screen.open(f"{quire_server}/endpoints/{joker}")
    page.get_by_text("docker: image").wait_for()
    page.get_by_role("button", name="Start a trial …").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Challenger 1", exact=True).fill("long")
    dialog.get_by_label("Model of challenger 1").fill(f"models:/{joker}/9")
    dialog.get_by_label("Share of challenger 1").fill("20")
    dialog.get_by_label("Reason").fill("Longer may be funnier.")
    screen.look("form")
    dialog.get_by_role("button", name="Start", exact=True).click()
    dialog.get_by_role("alert").filter(has_text="9").wait_for()
    dialog.get_by_label("Model of challenger 1").fill(f"models:/{joker}/1")
    dialog.get_by_text("Name, traffic, ramp").click()
    dialog.get_by_label("Ramp").fill("0s 10%, 1h 100%")
    dialog.get_by_label("Name of the trial").fill("Long jokes")
    dialog.get_by_role("button", name="Start", exact=True).click()
    page.wait_for_url("**/trials/t-*")
    page.get_by_role("heading", name="Long jokes").wait_for()
    page.get_by_role("region", name="Record").get_by_text("Longer may be funnier.").wait_for()
    (trial,) = trials.search(joker)
    assert [(arm.name, arm.model, arm.weight) for arm in trial.spec.arms] == [
        ("champion", f"models:/{joker}/2", 0.8),
        ("long", f"models:/{joker}/1", 0.2),
    ]
    assert trial.spec.stopping.metric == "thumb"
    assert [guard.metric for guard in trial.spec.guardrails] == ["failed"]


def test_an_endpoint_that_there_is_not_is_said_to_be_missing(screen: Screen, quire_server: str) -> None:
    page = screen.open(f"{quire_server}/endpoints/nothing")
    page.get_by_text("No endpoint is named 'nothing'").wait_for()
