"""Attributes by which instrumentation leaves work to the background; they are not stored."""

from __future__ import annotations

ANSWER = "quire.answer"
"""True on a span whose outputs are the body of a service's answer: what that says of itself becomes attributes."""
ESTIMATE = "quire.usage.estimate"
"""The kind of call whose tokens are to be counted here if the service gave no counts."""
SHAPES_ONLY = "quire.shapes_only"
"""True on a span whose content is not to be kept, only its shape."""
