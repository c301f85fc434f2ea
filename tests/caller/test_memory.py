"""The memory of a batch, which does not grow with its rows. Speed is held to its bars by ``make bench``."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import Any

import pytest

from quire.testing import SimulatorProcess

pytestmark = pytest.mark.slow

PROGRAM = """
import json, resource, sys
from quire.caller import Caller, CallerOptions, ServiceSettings
from quire.domain.calls import Answer, Call
base, rows = sys.argv[1], int(sys.argv[2])

def calls(count):
    for n in range(count):
        yield Call("chat.completions", {"model": "m", "messages": [{"role": "user", "content": f"row {n}"}]}, (n,))

def resident():
    with open("/proc/self/statm") as statm:
        return int(statm.read().split()[1]) * resource.getpagesize() / 1e6
"""
MEMORY = """
caller = Caller(ServiceSettings(api_key="sk-test", base_url=base))
seen = {}
for count, outcome in enumerate(caller.iterate(calls(rows)), 1):
    assert isinstance(outcome, Answer)
    if count % (rows // 5) == 0:
        seen[count] = resident()
print(json.dumps({"resident_mb": list(seen.values())}))
"""


def run(program: str, *arguments: object) -> dict[str, Any]:
    ran = subprocess.run(
        [sys.executable, "-c", PROGRAM + program, *map(str, arguments)],
        stdout=subprocess.PIPE, text=True, check=True, timeout=1500,
    )  # fmt: skip
    result: dict[str, Any] = json.loads(ran.stdout)
    return result


@pytest.mark.timeout(1600)
def test_memory_does_not_grow_with_the_number_of_rows() -> None:
    with SimulatorProcess(keep_requests=1) as server:
        resident = run(MEMORY, server.base_url, 50_000)["resident_mb"]
    print(f"\nresident at each fifth of 50,000 rows: {', '.join(f'{mb:.0f}' for mb in resident)} MB")
    assert max(resident) < 300
    assert resident[-1] < resident[0] * 1.1 + 5
