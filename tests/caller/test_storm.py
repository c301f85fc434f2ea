"""The whole of it in bad weather: no row is lost and none is paid for twice."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

import pytest

from quire.caller import Caller, CallerOptions, Journal, Report, ServiceSettings
from quire.domain.calls import Answer, Call
from quire.testing import SimulatorProcess

pytestmark = pytest.mark.slow

ROWS = 10_000
WEATHER = {"rate_limit": 0.20, "server_error": 0.05, "disconnect": 0.01, "truncate": 0.01}


def calls(rows: int) -> list[Call]:
    return [
        Call("chat.completions", {"model": "m", "messages": [{"role": "user", "content": f"row {n}"}]}, (n,))
        for n in range(rows)
    ]


def echoed(outcome: object) -> str:
    assert isinstance(outcome, Answer), outcome
    return str(json.loads(outcome.response["choices"][0]["message"]["content"])[0]["content"])


@pytest.mark.timeout(900)
def test_ten_thousand_rows_in_a_storm() -> None:
    with SimulatorProcess(
        echo=True, error_rates=WEATHER, retry_after_ms=100, pause_at_request=6000, pause_s=30, keep_requests=100_000
    ) as server:
        caller = Caller(ServiceSettings(api_key="sk-test", base_url=server.base_url), CallerOptions())
        report = Report()
        began = time.monotonic()
        outcomes = list(caller.iterate(calls(ROWS), report=report))
        elapsed = time.monotonic() - began
        assert [echoed(outcome) for outcome in outcomes] == [f"row {n}" for n in range(ROWS)]
        delivered = Counter(
            request.body["messages"][0]["content"] for request in server.requests if request.status == 200
        )
        assert len(delivered) == ROWS
        assert set(delivered.values()) == {1}
        refused = sum(request.status == 429 for request in server.requests)
    assert refused > 0.15 * ROWS
    assert report.failed == 0
    assert report.rows == ROWS
    assert elapsed >= 30
    print(f"\n{ROWS} rows in a storm: {elapsed:.1f} s, {report.requests} requests, {report.retries} retries")


PROGRAM = """
import sys
from quire.caller import Caller, CallerOptions, Journal, ServiceSettings
from quire.domain.calls import Answer, Call
base, path, rows = sys.argv[1], sys.argv[2], int(sys.argv[3])
caller = Caller(ServiceSettings(api_key="sk-test", base_url=base), CallerOptions(max_concurrency=64))
calls = (
    Call("chat.completions", {"model": "m", "messages": [{"role": "user", "content": f"row {n}"}]}, (n,))
    for n in range(rows)
)
with Journal(path) as journal:
    for outcome in caller.iterate(calls, journal=journal):
        assert isinstance(outcome, Answer), outcome
        print(outcome.response["choices"][0]["message"]["content"], flush=True)
"""


@pytest.mark.timeout(900)
def test_killed_in_a_storm_and_resumed(tmp_path: Path) -> None:
    rows, in_flight = 5000, 64
    with SimulatorProcess(
        seed=7, clock=1, error_rates=WEATHER, retry_after_ms=50, latency_ms=5, keep_requests=100_000
    ) as server:
        command = [sys.executable, "-c", PROGRAM, server.base_url]
        whole = subprocess.run(
            [*command, str(tmp_path / "whole"), str(rows)], capture_output=True, text=True, check=True, timeout=400
        )
        server.reset()
        answered: Counter[str] = Counter()
        recorded = 0
        for _ in range(4):
            with subprocess.Popen([*command, str(tmp_path / "j"), str(rows)], stdout=subprocess.DEVNULL) as process:
                while server.count < 900:
                    time.sleep(0.02)
                process.kill()
            time.sleep(0.2)
            answered += Counter(_answered(server))
            server.reset()
            with Journal(tmp_path / "j") as journal:
                assert journal.entries_before > recorded
                recorded = journal.entries_before
        resumed = subprocess.run(
            [*command, str(tmp_path / "j"), str(rows)], capture_output=True, text=True, check=True, timeout=400
        )
        answered += Counter(_answered(server))
        assert resumed.stdout == whole.stdout
        assert len(_answered(server)) == rows - recorded
    twice = sum(times - 1 for times in answered.values())
    assert len(answered) == rows
    assert twice <= 4 * in_flight
    print(f"\n{rows} rows, killed 4 times: {twice} answers were in flight at a kill and were paid for again")


def _answered(server: SimulatorProcess) -> list[str]:
    return [request.body["messages"][0]["content"] for request in server.requests if request.status == 200]
