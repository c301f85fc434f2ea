"""The compose file: valid by the specification's schema, without a secret, its parts fitting together."""

from __future__ import annotations

import copy
import json
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

FOLDER = Path(__file__).resolve().parents[2] / "deploy"
COMPOSE = yaml.safe_load((FOLDER / "compose.yaml").read_text())
SERVERS = ("quire-1", "quire-2")


def check(path: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "check_jsonschema", "--builtin-schema", "vendor.compose-spec", str(path)]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def test_the_file_is_valid() -> None:
    done = check(FOLDER / "compose.yaml")
    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize(
    "change",
    [
        lambda made: made["services"]["quire-1"].update(read_onyl=True),
        lambda made: made["services"]["postgres"].update(ports="5432"),
        lambda made: made["services"]["quire-2"].update(restart=3),
    ],
)
def test_a_broken_file_is_found(change: Callable[[Any], None], tmp_path: Path) -> None:
    made = copy.deepcopy(COMPOSE)
    change(made)
    path = tmp_path / "compose.json"
    path.write_text(json.dumps(made))
    done = check(path)
    assert done.returncode == 1
    assert "Schema validation errors" in done.stdout


def test_every_secret_comes_from_outside() -> None:
    needed = set()
    for service in COMPOSE["services"].values():
        for name, value in service.get("environment", {}).items():
            if any(word in name for word in ("PASSWORD", "SECRET", "KEY", "ROOT_USER")):
                assert re.fullmatch(r"\$\{[A-Z_]+:\?[^}]+\}", value), (name, value)
                needed.add(value[2:].partition(":")[0])
            assert not re.search(r"://[^/@]*:[^/@]*@", str(value)), name
    empty = {line[:-1] for line in (FOLDER / "env.example").read_text().splitlines() if line.endswith("=")}
    assert needed <= empty, "the example names what has to be filled in, and fills in none of it"


def test_the_servers_are_twins_and_closed() -> None:
    first, second = (COMPOSE["services"][name] for name in SERVERS)
    assert first == second
    assert (first["read_only"], first["cap_drop"], first["security_opt"]) == (True, ["ALL"], ["no-new-privileges:true"])
    assert not any("ports" in service for name, service in COMPOSE["services"].items() if name != "proxy")


def test_the_proxy_balances_over_the_servers_and_is_trusted() -> None:
    text = (FOLDER / "Caddyfile").read_text()
    assert re.search(r"reverse_proxy (.*) \{", text)[1].split() == [f"{name}:5000" for name in SERVERS]  # type: ignore[index]
    assert text.count("{") == text.count("}")
    network = COMPOSE["networks"]["inside"]["ipam"]["config"][0]["subnet"]
    assert COMPOSE["services"]["quire-1"]["environment"]["QUIRE_TRUSTED_PROXIES"] == network


def test_servers_start_after_the_database_has_its_tables() -> None:
    assert COMPOSE["services"]["quire-1"]["depends_on"]["upgrade"] == {"condition": "service_completed_successfully"}
    assert COMPOSE["services"]["upgrade"]["command"] == ["db", "upgrade"]
