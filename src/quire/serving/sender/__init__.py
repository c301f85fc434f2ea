"""Sending what a packaged model made to its upstreams, with all that makes it robust."""

from __future__ import annotations

from quire.serving.sender.making import make_sender

__all__ = ["make_sender"]
