"""Why people, tokens and old traces went: the reason is in the audit log."""

from __future__ import annotations

import json

from quire.domain.traces import Trace, trace_info
from tests.server.auth.conftest import PASSWORD, Guarded
from tests.spans import START, new_trace, span

API = "/api/quire/v1"


def told(guarded: Guarded, action: str) -> dict[str, object]:
    """What the newest entry of an action says."""
    found: dict[str, object] = json.loads(guarded.access.search_audit(action=action).to_list()[0].after or "{}")
    return found


def test_a_token_is_revoked_for_a_reason(guarded: Guarded) -> None:
    made = guarded.ask("ada", "POST", f"{API}/tokens", {"name": "nightly"})["token"]
    guarded.ask("ada", "DELETE", f"{API}/tokens/{made['token_id']}", {"reason": "it leaked"})
    assert told(guarded, "revoke_token")["reason"] == "it leaked"


def test_users_change_for_a_reason(guarded: Guarded) -> None:
    name, experiment = guarded.user(), guarded.experiment()
    on = {"username": name, "resource_type": "experiment", "resource_id": experiment}
    guarded.ask("ada", "PATCH", f"{API}/users/{name}", {"role": "editor", "reason": "joined the team"})
    grant = "/api/3.0/mlflow/users/permissions"
    guarded.ask("ada", "POST", f"{grant}/grant", {**on, "permission": "MANAGE", "reason": "leads it"})
    guarded.ask("ada", "POST", f"{grant}/revoke", {**on, "reason": "left it"})
    guarded.ask("ada", "PATCH", "users/update-password", {"username": name, "password": PASSWORD, "reason": "lost"})
    guarded.ask("ada", "DELETE", "users/delete", {"username": name, "reason": "left"})
    before = guarded.access.search_audit(action="revoke_user_permission").to_list()[0].before
    assert json.loads(before or "") == {"role": "admin"}
    assert told(guarded, "update_user")["reason"] == "joined the team"
    assert told(guarded, "grant_user_permission")["reason"] == "leads it"
    assert told(guarded, "revoke_user_permission")["reason"] == "left it"
    assert told(guarded, "update_user_password")["reason"] == "lost"
    assert told(guarded, "delete_user")["reason"] == "left"


def test_old_traces_go_for_a_reason_by_who_administers_their_experiment(guarded: Guarded) -> None:
    experiment, editor = guarded.experiment(), guarded.user("editor")
    for number in range(3):
        trace_id = new_trace()
        info = trace_info(trace_id, experiment, timestamp_ms=START + number)
        guarded.store.log_traces([Trace(info, [span(trace_id, start=START + number)])])
    body = {"experiment_ids": [experiment], "before_ms": START + 1, "reason": "kept for 30 days"}
    assert guarded.call(editor, "POST", f"{API}/traces/prune", body).status == 403
    answer = guarded.ask("ada", "POST", f"{API}/traces/prune", body)
    assert answer == {"traces": 2, "notes": 0, "more": False, "after": 0}
    assert len(guarded.store.search_traces([experiment]).to_list()) == 1
    assert told(guarded, "prune_traces")["reason"] == "kept for 30 days"
