"""Settings: tokens, users and roles, the audit log, retention, costs."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import httpx
import msgspec
import pytest

from quire.domain.access import Resource
from quire.domain.ids import now_ms
from quire.domain.traces import Trace, trace_info
from quire.store.base import Store
from tests.quire_server import QuireServer
from tests.spans import new_trace, span
from tests.ui.browser import Screen, expect, says
from tests.ui.guarded import Site, guarded_site

DAY = 86_400_000


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    with guarded_site(tmp_path_factory.mktemp("settings")) as made:
        yield made


def add_trace(store: Store, experiment: str, *, days_ago: float, model: str = "gpt-4o", cost: float = 0.01) -> None:
    """A trace of one call of a model."""
    trace_id, start = new_trace(), now_ms() - int(days_ago * DAY)
    call = span(trace_id, "call", start=start, ms=1200)
    call = msgspec.structs.replace(
        call,
        model=model,
        usage={"input_tokens": 1000, "output_tokens": 200, "total_tokens": 1200},
        cost={"input_cost": cost / 2, "output_cost": cost / 2, "total_cost": cost},
    )
    store.log_traces([Trace(trace_info(trace_id, experiment, timestamp_ms=start, state="OK"), [call])])


def newest(site: Site, action: str) -> dict[str, Any]:
    """What the newest entry of an action says was asked for."""
    found: dict[str, Any] = json.loads(site.access.search_audit(action=action).to_list()[0].after or "{}")
    return found


def give_reason(page: Any, button: str, reason: str) -> None:
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Reason").fill(reason)
    dialog.get_by_role("button", name=button, exact=True).click()
    dialog.wait_for(state="hidden")


def test_a_token_is_made_shown_once_works_and_is_revoked(screen: Screen, site: Site) -> None:
    site.store.create_experiment("routing")
    page = site.open(screen, "/settings", "grace")
    page.get_by_text("grace has no tokens").wait_for()
    screen.look("none")
    page.get_by_role("button", name="New token").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Name").fill("dashboard")
    dialog.get_by_label("Ends after days").fill("30")
    dialog.get_by_label("May only read").check()
    dialog.get_by_text("Only for some experiments").click()
    dialog.get_by_label("routing").check()
    screen.look("new")
    dialog.get_by_role("button", name="Make the token").click()
    dialog.get_by_text("It is shown this once").wait_for()
    dialog.get_by_role("button", name="Copy the token").click()
    secret = page.evaluate("navigator.clipboard.readText()")
    screen.look("secret")
    dialog.get_by_role("button", name="I have copied it").click()
    row = page.get_by_role("row", name="dashboard")
    row.get_by_text("read only, experiment 1").wait_for()
    assert secret not in page.content()
    ask = {"Authorization": f"Bearer {secret}"}
    assert httpx.get(f"{site.url}/api/quire/v1/me", headers=ask).json()["username"] == "grace"
    screen.look("tokens")
    row.get_by_role("button", name="Revoke").click()
    give_reason(page, "Revoke", "it leaked")
    row.get_by_text("revoked").wait_for()
    assert httpx.get(f"{site.url}/api/quire/v1/me", headers=ask).status_code == 401
    assert newest(site, "revoke_token")["reason"] == "it leaked"


def test_a_reader_changes_their_password_and_does_not_see_users(screen: Screen, site: Site) -> None:
    site.user("linus", "reader")
    page = site.open(screen, "/settings?tab=users", "linus")
    page.get_by_text("Only an admin of the server sees this.").wait_for()
    page.get_by_role("button", name="Tokens").click()
    page.get_by_label("The one you have").fill("not my password")
    page.get_by_label("A new one, of 12 characters or more").fill("a wholly new one")
    page.get_by_role("button", name="Change it").click()
    page.get_by_role("alert").get_by_text("current_password is not your password").wait_for()


def test_an_admin_makes_a_user_gives_roles_and_deletes_them(screen: Screen, site: Site) -> None:
    experiment = site.store.create_experiment("support")
    page = site.open(screen, "/settings?tab=users")
    page.get_by_role("button", name="New user").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("User name").fill("margaret")
    dialog.get_by_label("Password").fill("short")
    dialog.get_by_label("Role in the workspace").select_option("reader")
    dialog.get_by_role("button", name="Add the user").click()
    expect(dialog).to_be_visible()
    dialog.get_by_label("Password").fill("a pass phrase of margaret")
    dialog.get_by_role("button", name="Add the user").click()
    page.wait_for_url("**/settings?tab=users&user=margaret")
    panel = page.get_by_role("region", name="The user margaret")
    panel.get_by_label("Role in the workspace").select_option("editor")
    panel.get_by_role("button", name="Change the role").click()
    give_reason(page, "Change", "joined the team")
    panel.get_by_role("combobox", name="Experiment", exact=True).select_option("support")
    panel.get_by_role("combobox", name="Role", exact=True).select_option("admin")
    panel.get_by_role("button", name="Give the role").click()
    give_reason(page, "Give", "leads it")
    panel.get_by_text(f"support ({experiment})").wait_for()
    assert site.access.get_permission("margaret", Resource("experiment", experiment)).role == "admin"
    assert site.access.get_user("margaret").role == "editor"
    screen.look("user")
    panel.get_by_role("button", name="Take away").click()
    give_reason(page, "Take it", "left it")
    panel.get_by_text("None: the role in the workspace counts.").wait_for()
    panel.get_by_role("button", name="Delete the user").click()
    screen.look("delete")
    give_reason(page, "Delete", "left")
    page.wait_for_url("**/settings?tab=users")
    assert newest(site, "delete_user") == {"username": "margaret", "reason": "left"}
    assert "margaret" not in [user.username for user in site.access.list_users()]


@pytest.mark.slow
def test_the_audit_log_is_narrowed_and_paged_in_the_address(screen: Screen, site: Site) -> None:
    for number in range(60):
        name = site.user(f"user {number}")
        site.access.all_or_nothing(lambda name=name: site.access.set_role(name, "reader"))
    page = site.open(screen, "/settings?tab=audit")
    page.get_by_role("row").nth(1).wait_for()
    calls = httpx.Client(base_url=site.url, auth=("ada", "correct horse battery"))
    for number in range(60):
        body = {"role": "editor", "reason": f"reason {number}"}
        calls.patch(f"/api/quire/v1/users/user {number}", json=body).raise_for_status()
    page.get_by_label("Did what").fill("update user")
    page.get_by_role("button", name="Find").click()
    page.wait_for_url("**action=update_user*")
    page.get_by_text("reason 59", exact=True).wait_for()
    page.get_by_role("row", name="reason 59").get_by_text("show").click()
    page.get_by_role("row", name="reason 59").get_by_text('"role": "editor"').wait_for()
    screen.look("audit")
    page.get_by_role("button", name="Next page").click()
    page.get_by_text("reason 9", exact=True).wait_for()
    page.go_back()
    page.get_by_text("reason 59", exact=True).wait_for()
    page.get_by_label("To what").fill("user:nobody at all")
    page.get_by_role("button", name="Find").click()
    page.get_by_text("No change matches that").wait_for()


def test_old_traces_are_planned_and_go_for_a_reason(screen: Screen, site: Site) -> None:
    experiment = site.store.create_experiment("old and new")
    for days in (100, 99, 1):
        add_trace(site.store, experiment, days_ago=days)
    page = site.open(screen, f"/settings?tab=retention&experiments=[{experiment}]")
    page.get_by_label("Older than days").fill("30")
    page.get_by_role("button", name="See what would go").click()
    page.wait_for_url("**older=30*")
    plan = page.get_by_role("region", name="What would go")
    plan.get_by_text("2 traces").wait_for()
    screen.look("plan")
    plan.get_by_role("button", name="Delete them").click()
    screen.look("asked")
    give_reason(page, "Delete", "kept for 30 days")
    page.get_by_text("Nothing would go").wait_for()
    assert len(site.store.search_traces([experiment]).to_list()) == 1
    assert newest(site, "prune_traces")["reason"] == "kept for 30 days"


def test_costs_are_summed_by_day_model_and_experiment(screen: Screen, site: Site) -> None:
    store = site.store
    experiment = store.create_experiment("an experiment whose name is so long that it is cut in the table " * 3)
    for days in range(5):
        add_trace(store, experiment, days_ago=days, model="gpt-4o", cost=0.25)
        add_trace(store, experiment, days_ago=days, model="gpt-4o-mini", cost=0.01)
    page = site.open(screen, f"/settings?tab=costs&experiments=[{experiment}]", "grace")
    page.get_by_role("img", name="Cost by day").wait_for()
    expect(page.get_by_role("row")).to_have_count(6)
    screen.look("by-day")
    page.get_by_label("Summed by").select_option("model")
    page.get_by_role("cell", name="gpt-4o-mini").wait_for()
    says(page.get_by_role("row").nth(1), "$1.25")
    screen.look("by-model")
    page.get_by_label("Summed by").select_option("experiment")
    page.get_by_role("link", name="an experiment whose name").wait_for()
    screen.look("by-experiment")
    page.go_back()
    page.get_by_role("cell", name="gpt-4o-mini").wait_for()


def test_without_auth_it_says_how_to_turn_it_on(screen: Screen, quire_server: str) -> None:
    page = screen.open(f"{quire_server}/settings")
    page.get_by_text("This server asks nobody who they are").wait_for()
    says(page.get_by_role("region", name="commands"), "quire server --auth")
    screen.look("auth-off")


@pytest.mark.slow
def test_a_server_that_is_lost_is_told_and_asked_again(
    screen: Screen, tmp_path_factory: pytest.TempPathFactory
) -> None:
    with QuireServer(tmp_path_factory.mktemp("lost")) as server:
        page = screen.open(f"{server.url}/prompts")
        page.locator("h1").wait_for()
        page.route("**/api/quire/v1/me", lambda route: route.abort())
        page.route("**/api/2.0/mlflow/experiments/search", lambda route: route.abort())
        page.reload()
        page.get_by_role("link", name="Settings").click()
        said = page.get_by_role("alert")
        said.get_by_text("The server cannot be reached.").wait_for()
        page.unroute("**/api/quire/v1/me")
        said.get_by_role("button", name="Try again").click()
        page.get_by_text("This server asks nobody who they are").wait_for()
