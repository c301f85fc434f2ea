"""Several worker processes show their metrics as one."""

from __future__ import annotations

import http.client
import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from quire.serving.gathering import merged
from quire.serving.metrics import Metrics
from quire.testing import Simulator
from tests.serving.served import Served
from tests.serving.test_metrics import OF, done, read

REQUESTS = f'quire_serving_requests_total{{{OF},status="200"}}'


def page(count: int, running: int) -> str:
    """What a worker shows that has answered so many requests."""
    metrics = Metrics()
    metrics.add_gauge(
        "quire_serving_running", "gauge", "Requests under way.", lambda: [({"endpoint": "joker"}, running)]
    )
    for _ in range(count):
        metrics(done())
    return metrics.render()


def test_counters_of_workers_are_added_up() -> None:
    found = read(merged({"1": page(2, 1), "2": page(3, 4)}, {"1", "2"}))
    assert found[REQUESTS] == 5
    assert found['quire_serving_request_seconds_bucket{endpoint="joker",le="+Inf"}'] == 5
    assert found['quire_serving_running{endpoint="joker"}'] == 5
    assert {'process_start_time_seconds{worker="1"}', 'process_start_time_seconds{worker="2"}'} <= set(found)


def test_of_a_worker_that_is_gone_what_it_counted_stays() -> None:
    found = read(merged({"1": page(2, 1), "2": page(3, 4)}, {"1"}))
    assert found[REQUESTS] == 5
    assert found['quire_serving_running{endpoint="joker"}'] == 1
    assert 'process_start_time_seconds{worker="2"}' not in found


def test_what_one_worker_alone_has_is_shown() -> None:
    found = read(merged({"1": Metrics().render(), "2": page(1, 0)}, {"1", "2"}))
    assert found[REQUESTS] == 1


@pytest.mark.slow
def test_whichever_worker_is_asked_shows_what_all_served(
    tmp_path: Path, store: str, upstream: Simulator, register: Callable[..., str]
) -> None:
    register(messages=[{"role": "system", "content": "Be brief."}])
    endpoint = {"name": "joker", "model": "models:/joker@champion"}
    with Served(tmp_path / "served", store, [endpoint], upstream.environment, "--workers", "2") as served:
        for _ in range(12):
            assert ask(served, "POST", "/v1/chat/completions", {"model": "joker", "messages": []})[0] in (200, 400)
        until = time.monotonic() + 30
        while time.monotonic() < until:
            seen = [read(ask(served, "GET", "/metrics")[1].decode()) for _ in range(8)]
            totals = {sum(value for name, value in each.items() if "requests_total" in name) for each in seen}
            workers = {name for each in seen for name in each if name.startswith("process_start_time_seconds")}
            if totals == {12} and len(workers) == 2:
                break
            time.sleep(0.1)
        assert totals == {12}
        assert len(workers) == 2


def ask(served: Served, method: str, path: str, body: Any = None) -> tuple[int, bytes]:
    """One request on a connection of its own, so that any worker may take it."""
    connection = http.client.HTTPConnection("127.0.0.1", served.port, timeout=30)
    try:
        content = None if body is None else json.dumps(body)
        connection.request(method, path, content, {"Content-Type": "application/json"})
        answer = connection.getresponse()
        return answer.status, answer.read()
    finally:
        connection.close()
