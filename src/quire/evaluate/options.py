"""What may be said about how an evaluation is carried out, checked before anything is opened."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, TypedDict

import msgspec

from quire.caller.options import CallerOptions
from quire.caller.progress import Shown
from quire.domain.errors import InvalidInput
from quire.domain.ids import is_run_id
from quire.evaluate.kept import Cache

MOST_REPEATS = 1000


class CallOptions(TypedDict, total=False):
    """Keywords of ``evaluate`` about its requests; each may be left out. Meanings are those of ``predict``.

    ``max_concurrency``: requests (or calls of a function, or scorers that wait) under way at once, for all variants
    together.
    """

    max_concurrency: int
    max_retries: int
    timeout: float
    max_requests_per_minute: float | None
    max_tokens_per_minute: float | None


class Options(msgspec.Struct, frozen=True, kw_only=True):
    """An evaluation's options: repeats, seed, spend limit, cache, resumption, display, and the caller's."""

    repeats: int
    seed: int
    params: dict[str, Any]
    max_cost_usd: float | None
    cache: Cache
    resume: str | Path | None
    progress: Shown
    call: CallOptions
    primary: list[str] = msgspec.field(default_factory=list)
    log_assessments: bool = True

    def __post_init__(self) -> None:
        check_whole("repeats", self.repeats, 1)
        check_whole("seed", self.seed, 0)
        if self.repeats > MOST_REPEATS:
            raise InvalidInput(f"repeats is {self.repeats}; expected at most {MOST_REPEATS}.")
        if not isinstance(self.cache, bool | str | Path):
            raise InvalidInput(f"cache is {self.cache!r}; expected True, False, or the path of a file.")
        if not isinstance(self.log_assessments, bool):
            raise InvalidInput(f"log_assessments is {self.log_assessments!r}; expected True or False.")
        unknown = sorted(set(self.call) - set(CallOptions.__annotations__))
        if unknown:
            known = ", ".join(CallOptions.__annotations__)
            raise InvalidInput(
                f"evaluate has no option {unknown[0]!r}. Options of its requests are {known}; inference parameters "
                "such as temperature are given as params={...}."
            )
        self.caller_options([])

    @property
    def resumed_run(self) -> str | None:
        """The run of an interrupted evaluation that is to be gone on with."""
        given = self.resume
        return given if isinstance(given, str) and is_run_id(given) else None

    @property
    def journal(self) -> Path | None:
        """The file that keeps this evaluation's answers."""
        return None if self.resume is None or self.resumed_run is not None else Path(self.resume)

    @property
    def at_once(self) -> int:
        """How many calls may be under way."""
        return self.caller_options([]).max_concurrency

    def caller_options(self, from_models: Iterable[Mapping[str, Any]]) -> CallerOptions:
        """What the caller follows: these options, else the models' own parameters, of several the largest."""
        given: dict[str, Any] = {}
        names = set(CallerOptions.__struct_fields__)
        for params in from_models:
            for name in names & params.keys():
                given[name] = max(params[name], given.get(name, params[name]))
        given.update({name: value for name, value in self.call.items() if value is not None})
        return CallerOptions(**given, max_cost_usd=self.max_cost_usd)


def read_names(given: object) -> list[str]:
    """The names of scores that were given: one, or a list. Raises InvalidInput for what is neither."""
    names = [given] if isinstance(given, str) else given
    if not isinstance(names, list | tuple) or not all(isinstance(name, str) and name for name in names):
        raise InvalidInput(f"primary is {given!r}; expected the name of a score, such as 'exact_answer', or a list.")
    return list(dict.fromkeys(names))


def check_whole(name: str, value: object, least: int) -> None:
    """Raise InvalidInput unless a value is a whole number that is large enough."""
    if isinstance(value, bool) or not isinstance(value, int) or value < least:
        raise InvalidInput(f"{name} is {value!r}; expected a whole number of at least {least}.")
