"""Attributes by which instrumentation leaves work to the background; they are not stored."""

from __future__ import annotations

ESTIMATE = "quire.usage.estimate"
"""The kind of call whose tokens are to be counted, because the service gave no counts."""
SHAPES_ONLY = "quire.shapes_only"
"""True on a span whose content is not to be kept, only its shape."""
