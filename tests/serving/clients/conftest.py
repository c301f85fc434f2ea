"""One served process for the clients of a module, behind it a simulator that answers alike each time."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from quire.testing import SimulatorProcess
from tests.serving.clients.packages import NAMES, endpoint, register
from tests.serving.served import Served
from tests.simulator.conftest import validate

__all__ = ["served", "store", "upstream", "validate"]

REPOSITORY = Path(__file__).resolve().parents[3]


@pytest.fixture(scope="module")
def upstream() -> Iterator[SimulatorProcess]:
    """It calls tools where it may."""
    with SimulatorProcess(call_tools="auto", clock=1_700_000_000) as running:
        yield running


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The store in which the models are registered."""
    folder = tmp_path_factory.mktemp("served-models")
    uri = f"sqlite:///{folder / 'quire.db'}"
    register(uri, folder / "packages")
    return uri


@pytest.fixture(scope="module")
def served(upstream: SimulatorProcess, store: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """Every model under its name."""
    endpoints = [endpoint(name) for name in NAMES]
    with Served(tmp_path_factory.mktemp("serve"), store, endpoints, upstream.environment) as running:
        yield running
