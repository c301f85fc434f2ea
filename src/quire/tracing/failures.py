"""What an error says of itself, whatever its own methods do."""

from __future__ import annotations

import traceback


def text_of(error: BaseException) -> str:
    """Its message."""
    try:
        return str(error)
    except Exception:
        return f"<{type(error).__name__} that cannot be shown>"


def stack_of(error: BaseException) -> str:
    """Its traceback; empty if there is none."""
    try:
        return "".join(traceback.format_exception(error))
    except Exception:
        return ""
