"""What reading JSON raises, where a text came from elsewhere and may be anything."""

from __future__ import annotations

import msgspec

UNREADABLE = (msgspec.MsgspecError, UnicodeDecodeError, RecursionError)
"""No JSON, or not of the form that was expected; not UTF-8; nested deeper than can be read."""
