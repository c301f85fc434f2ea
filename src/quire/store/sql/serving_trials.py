"""Trials in SQL: each is JSON, with what it is found by beside it; a change names the revision it was made from."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec

from quire.domain.errors import InvalidInput, InvalidState, NotFound
from quire.domain.ids import new_trial_id, now_ms
from quire.domain.names import check_text
from quire.domain.redaction import redact, secret_in
from quire.domain.trial_changes import check_change
from quire.domain.trial_checks import STATES, check_states, check_trial
from quire.domain.trials import Phase, Trial, TrialEvent, TrialSpec, TrialState
from quire.store.sql.serving_endpoints import SqlEndpoints
from quire.store.sql.session import Session
from quire.store.sql.statement import Statement

_LOOK = Statement("SELECT id, content FROM trials WHERE trial_id = :trial")
_LOCK = Statement("SELECT id, content FROM trials WHERE trial_id = :trial FOR UPDATE")
_OPEN = Statement(
    "SELECT trial_id, state FROM trials WHERE subject = :subject AND namespace = :namespace AND state != 'ended'"
)
_ADD = Statement(
    """INSERT INTO trials (trial_id, subject, namespace, state, revision, content)
    VALUES (:trial, :subject, :namespace, :state, :revision, :content)"""
)
_SET = Statement("UPDATE trials SET state = :state, revision = :revision, content = :content WHERE id = :id")
_IN_STATES = Statement("SELECT content FROM trials WHERE state = ANY(:names) ORDER BY id DESC")
_OF_SUBJECT = Statement("SELECT content FROM trials WHERE subject = :subject AND state = ANY(:names) ORDER BY id DESC")
_decoder = msgspec.json.Decoder(Trial)


class SqlTrials(SqlEndpoints):
    """The part of a store that keeps trials."""

    def create_trial(self, spec: TrialSpec, *, created_by: str = "", reason: str = "") -> Trial:
        """Start a trial, in its phase 0, which begins at once. Its record begins with the reason.

        InvalidInput for a definition that does not hold together; InvalidState if one runs on the same subject and
        namespace already.
        """
        spec, said = check_trial(spec), redact(check_text(reason, "The reason"))
        with self._database.write() as session:
            session.take_turns(f"trials of {spec.subject}")
            other = session.row(_OPEN, (spec.subject, spec.namespace or ""))
            if other is not None:
                raise _occupied(spec, other)
            now = now_ms()
            begun = TrialEvent(kind="started", at=now, by=created_by[:255], reason=said)
            trial = Trial(
                trial_id=new_trial_id(),
                spec=spec,
                phases=[Phase(number=0, start_time=now, weights={arm.name: arm.weight for arm in spec.arms})],
                events=[begun],
                created_by=created_by[:255],
                creation_time=now,
                last_update_time=now,
            )
            place = (trial.trial_id, spec.subject, spec.namespace or "")
            session.run(_ADD, (*place, trial.state, trial.revision, _encoded(trial)))
            return trial

    def get_trial(self, trial_id: str) -> Trial:
        """A trial by its id. NotFound."""
        with self._database.read() as session:
            return trial_row(session, trial_id)[1]

    def list_trials(self, *, subject: str | None = None, states: Sequence[TrialState] = ()) -> list[Trial]:
        """Trials, of a subject or in these states, newest first."""
        check_states(states)
        with self._database.read() as session:
            wanted = session.listed(list(states or STATES))
            if subject is None:
                rows = session.rows(_IN_STATES, (wanted,))
            else:
                rows = session.rows(_OF_SUBJECT, (subject.replace("\0", ""), wanted))
            return [_decoder.decode(content) for (content,) in rows]

    def update_trial(self, trial: Trial, *, expected: int) -> Trial:
        """Store what has become of a trial; its revision grows.

        InvalidState unless ``expected`` was its revision, or if its definition differs, or if phases or events that had
        been written are not there as they were. Without any events those that there are stay.
        """
        given = _typed(trial)
        with self._database.write() as session:
            number, before = trial_row(session, given.trial_id, lock=True)
            if before.revision != expected:
                raise InvalidState(
                    f"The trial {before.trial_id} was changed by somebody else: the revision {expected} was expected, "
                    f"and it is {before.revision}. Read it again, and make the change anew."
                )
            if not given.events:
                given = msgspec.structs.replace(given, events=before.events)
            check_change(before, given)
            made = msgspec.structs.replace(
                given,
                spec=before.spec,
                revision=before.revision + 1,
                created_by=before.created_by,
                creation_time=before.creation_time,
                last_update_time=now_ms(),
            )
            session.run(_SET, (made.state, made.revision, _encoded(made), number))
            return made


def trial_row(session: Session, trial_id: object, *, lock: bool = False) -> tuple[int, Trial]:
    """The number of a trial inside the database, and the trial. Raises NotFound."""
    findable = isinstance(trial_id, str) and trial_id.isprintable()
    row = session.row(_LOCK if lock else _LOOK, (trial_id,)) if findable else None
    if row is None:
        raise missing_trial(trial_id)
    return row[0], _decoder.decode(row[1])


def missing_trial(trial_id: object) -> NotFound:
    """The error of a trial that there is not."""
    return NotFound(f"No trial has the id {trial_id!r:.120}. List them with `quire trials list`.")


def read_trial(content: str) -> Trial:
    """A trial as it is stored."""
    return _decoder.decode(content)


def _typed(trial: Trial) -> Trial:
    plain = msgspec.to_builtins(trial)
    try:
        given = msgspec.convert(plain, Trial)
    except (msgspec.ValidationError, TypeError, ValueError) as error:
        raise InvalidInput(f"The trial cannot be read: {error}.") from None
    place = secret_in(plain)
    if place is not None:
        raise InvalidInput(f"The trial {given.trial_id} holds what looks like a credential in {place}. Take it out.")
    return given


def _occupied(spec: TrialSpec, other: tuple[Any, ...]) -> InvalidState:
    space = f" in the namespace {spec.namespace!r}" if spec.namespace else ""
    return InvalidState(
        f"The trial {other[0]} on {spec.subject}{space} has not ended (it is {other[1]}), and two at once would change "
        "what each other measures. Stop it first, or limit the new one to a namespace."
    )


def _encoded(trial: Trial) -> str:
    return msgspec.json.encode(trial).decode()
