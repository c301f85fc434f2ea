"""A simulator of the OpenAI API, for people without a key, for tests and for load. Its answers are labelled."""

from __future__ import annotations

from quire.simulator.app import SimulatorApp
from quire.simulator.behaviour import Behaviour

__all__ = ["Behaviour", "SimulatorApp", "create_app"]


def create_app(behaviour: Behaviour | None = None) -> SimulatorApp:
    """The simulator as an ASGI application, for a server of your own."""
    return SimulatorApp(behaviour or Behaviour())
