"""What an import did, and whether what it brought can be read back."""

from __future__ import annotations

import msgspec


class Count(msgspec.Struct, kw_only=True):
    """How many things of a kind there are in the source, how many were added, how many were there already."""

    kind: str
    found: int = 0
    added: int = 0
    present: int = 0


class Files(msgspec.Struct, kw_only=True):
    """Artifact files copied, and those that were there already."""

    copied: int = 0
    present: int = 0
    size: int = 0


class Report(msgspec.Struct, kw_only=True):
    """An import from ``source`` into ``target``. ``dry_run`` says that nothing was written.

    ``left_out`` says what the source has that Quire does not take; ``problems`` what was not found again when the
    counts were compared and a sample read back: none after an import that went well.
    """

    source: str
    target: str
    dry_run: bool = False
    counts: list[Count] = msgspec.field(default_factory=list)
    files: Files = msgspec.field(default_factory=Files)
    checked: int = 0
    left_out: list[str] = msgspec.field(default_factory=list)
    problems: list[str] = msgspec.field(default_factory=list)

    def count(self, kind: str) -> Count:
        """The count of a kind, begun if it is new."""
        for known in self.counts:
            if known.kind == kind:
                return known
        self.counts.append(Count(kind=kind))
        return self.counts[-1]
