"""A folder of prompt files kept in step with the registry, both ways: :func:`pull` and :func:`push`."""

from __future__ import annotations

from quire.prompts.folder.sync import Outcome, SyncReport, pull, push

__all__ = ["Outcome", "SyncReport", "pull", "push"]
