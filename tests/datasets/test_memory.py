"""Importing, reading and exporting a large dataset in memory that does not grow with it."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.slow

PROGRAM = """
import json, resource, sys
import quire
from quire import datasets
quire.set_tracking_uri("sqlite:///large.db")
count = int(sys.argv[1])

def resident():  # without the pages of the database's file, which SQLite maps and the system may take back
    with open("/proc/self/statm") as statm:
        _, held, shared, *_ = map(int, statm.read().split())
    return (held - shared) * resource.getpagesize() / 1e6

with open("large.jsonl", "w") as lines:
    for n in range(count):
        row = {"inputs": {"question": f"question {n} " + "x" * 200}, "expectations": {"answer": str(n)}}
        lines.write(json.dumps(row) + "\\n")
seen = {"importing": [], "reading": []}
made = datasets.create("large", "large.jsonl", progress=lambda done: seen["importing"].append(resident()))
for place, record in enumerate(made):
    if place % 10_000 == 0:
        seen["reading"].append(resident())
assert len(made) == count
assert datasets.export(made, "again.jsonl") == count
seen["exported"] = [resident()]
print(json.dumps(seen))
"""


@pytest.mark.timeout(600)
def test_memory_does_not_grow_with_the_number_of_records(tmp_path: Path) -> None:
    command = [sys.executable, "-c", PROGRAM, "200000"]
    done = subprocess.run(command, cwd=tmp_path, stdout=subprocess.PIPE, text=True, check=True, timeout=600)
    seen = json.loads(done.stdout)
    early = seen["importing"][10]
    print(f"\nMB: {early:.0f} after 20,000 records, {seen['importing'][-1]:.0f} after 200,000")
    assert max(seen["importing"]) < early + 40
    assert max(seen["reading"]) < early + 60
    assert seen["exported"][0] < early + 60
