"""Testing an application against a simulated OpenAI API, over a real socket."""

from __future__ import annotations

from quire.simulator.behaviour import Behaviour
from quire.simulator.request_log import RecordedRequest
from quire.testing.process import SimulatorProcess
from quire.testing.simulator import Simulator

__all__ = ["Behaviour", "RecordedRequest", "Simulator", "SimulatorProcess"]
