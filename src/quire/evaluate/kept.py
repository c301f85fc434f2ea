"""Answers that are there already, for one evaluation: those of its journal, then those of the shared cache."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from quire.caller.journal import Journal, Kept, Keyed
from quire.caller.settings import ServiceSettings
from quire.domain.calls import Answer, Usage
from quire.evaluate.answers import AnswerCache, Numbering, default_path

Cache = bool | str | Path


class KeptAnswers:
    """A journal and a cache as one. What the journal holds counts against the spend limit; the cache's does not."""

    def __init__(self, journal: Journal | None, cache: AnswerCache | None) -> None:
        self._journal = journal
        self._cache = cache
        self._all: list[Kept] = [kept for kept in (journal, cache) if kept is not None]

    def spent(self) -> dict[str, Usage]:
        """The tokens, by model, that this evaluation paid before it was interrupted."""
        return {} if self._journal is None else self._journal.spent()

    def replay(self, calls: Sequence[Keyed]) -> list[Answer | None]:
        """The answer that is kept for each call; None for one that must be asked."""
        found: list[Answer | None] = [None] * len(calls)
        for kept in self._all:
            lacking = [place for place, answer in enumerate(found) if answer is None]
            for place, answer in zip(lacking, kept.replay([calls[place] for place in lacking]), strict=True):
                found[place] = answer
        return found

    def write(self, entries: Sequence[tuple[bytes, int, Answer]]) -> None:
        """Keep answers in both."""
        for kept in self._all:
            kept.write(entries)

    def close(self) -> None:
        """Close both files."""
        for kept in (self._journal, self._cache):
            if kept is not None:
                kept.close()


def keep_answers(
    cache: Cache, journal: Path | None, fingerprint: str, service: ServiceSettings, number: Numbering
) -> KeptAnswers | None:
    """What an evaluation keeps answers in; None if in nothing. Raises what opening the files raises."""
    opened = None if journal is None else Journal(journal, fingerprint)
    try:
        shared = _open_cache(cache, service, number)
    except BaseException:
        if opened is not None:
            opened.close()
        raise
    return KeptAnswers(opened, shared) if opened is not None or shared is not None else None


def _open_cache(cache: Cache, service: ServiceSettings, number: Numbering) -> AnswerCache | None:
    if isinstance(cache, bool):
        return AnswerCache(default_path(), service, number) if cache else None
    return AnswerCache(Path(cache), service, number)
