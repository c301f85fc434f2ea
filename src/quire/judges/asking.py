"""Asking a service about many rows in one stream: the questions of a row go out together, its answers come together."""

from __future__ import annotations

import contextlib
import threading
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

import msgspec

from quire.domain.calls import Call, Failure, Outcome, model_name
from quire.domain.errors import QuireError
from quire.domain.outputs import UnreadableAnswer, read_outputs
from quire.scorers.spend import Spend

if TYPE_CHECKING:
    from quire.caller import CallerOptions
    from quire.caller.journal import Kept

Group = Sequence[Call] | QuireError | None
"""The calls of one row; why it has none; None for a row that there is nothing to ask about."""
Said = list[str | QuireError]
"""The texts that answer a group's calls, or why there are none."""


class Account:
    """What has been spent so far. Answers that were kept from before cost nothing, and are counted as replayed."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._spent = Spend()

    def count(self, outcome: Outcome) -> None:
        """Account for one call."""
        with self._lock:
            self._spent += _spend_of(outcome)

    @property
    def spent(self) -> Spend:
        """All of it."""
        with self._lock:
            return self._spent


def _spend_of(outcome: Outcome) -> Spend:
    from quire.caller.cost import cost_usd

    if isinstance(outcome, Failure):
        return Spend(questions=1, failed=1, requests=outcome.attempts)
    if outcome.replayed:
        return Spend(questions=1, replayed=1)
    usage = outcome.usage
    return Spend(
        questions=1,
        requests=outcome.attempts,
        input_tokens=usage.input_tokens,
        output_tokens=usage.output_tokens,
        cost_usd=cost_usd(model_name(outcome.call), usage),
    )


def ask(
    groups: Iterable[Group], account: Account, options: CallerOptions | None = None, kept: Kept | None = None
) -> Iterator[Said | QuireError | None]:
    """The answers to each group, in order, as they come; groups are read lazily, a bounded number ahead.

    Raises MissingConfiguration, naming the variables, before anything is sent.
    """
    from quire.caller import Caller

    caller = Caller(options=options)
    waiting: deque[int | QuireError | None] = deque()
    calls = _numbered(groups, waiting)
    with contextlib.closing(caller.iterate(calls, ordered=True, journal=kept)) as outcomes:
        said: Said = []
        for outcome in outcomes:
            account.count(outcome)
            yield from _unasked(waiting)
            said.append(_text(outcome))
            if len(said) == waiting[0]:
                waiting.popleft()
                yield said
                said = []
    yield from _unasked(waiting)


def _numbered(groups: Iterable[Group], waiting: deque[int | QuireError | None]) -> Iterator[Call]:
    """The calls of all groups in a row; ``waiting`` is told how many each has."""
    place = 0
    for group in groups:
        if not isinstance(group, Sequence):
            waiting.append(group)
            continue
        waiting.append(len(group) or None)
        for call in group:
            yield msgspec.structs.replace(call, rows=(place,))
            place += 1


def _unasked(waiting: deque[int | QuireError | None]) -> Iterator[QuireError | None]:
    """What comes before the next answer: rows that nothing was asked about."""
    while waiting and not isinstance(waiting[0], int):
        found = waiting.popleft()
        yield found if isinstance(found, QuireError) else None


def _text(outcome: Outcome) -> str | QuireError:
    if isinstance(outcome, Failure):
        return QuireError(f"The judge could not be asked ({outcome.kind}): {outcome.message}")
    try:
        (said,) = read_outputs(outcome)
    except UnreadableAnswer as error:
        return error
    refusal = _refusal(outcome.response)
    return QuireError(f"The judge refused: {refusal}") if refusal else str(said)


def _refusal(response: dict[str, Any]) -> str | None:
    choices = response.get("choices")
    message = choices[0].get("message") if choices else None
    return message.get("refusal") if isinstance(message, dict) else None
