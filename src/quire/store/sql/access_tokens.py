"""Tokens in SQL: known by the hash of their secret."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from quire.domain.access import EVERYTHING, Scope, Token, TokenKind, check_scope, check_token_name
from quire.domain.allowances import Used
from quire.domain.errors import NotFound
from quire.domain.ids import now_ms
from quire.store.access import Login
from quire.store.sql.base import SqlPart
from quire.store.sql.session import Session
from quire.store.sql.statement import Statement
from quire.store.sql.users import WIDTH, login_of, logins_of, user_row

_USER = ", ".join(
    f"users.{name}" for name in ("id", "username", "password_hash", "role", "creation_time", "last_update_time")
)
_TOKEN = "username, " + ", ".join(
    f"tokens.{name}"
    for name in (
        "token_id",
        "kind",
        "name",
        "scope",
        "creation_time",
        "expiration_time",
        "last_used_time",
        "revocation_time",
    )
)
_FROM = "FROM tokens JOIN users ON users.id = tokens.user_id"
_BY_HASH = Statement(f"SELECT {_USER}, {_TOKEN} {_FROM} WHERE tokens.hash = :hash")
_BY_HASHES = Statement(f"SELECT tokens.hash, {_USER}, {_TOKEN} {_FROM} WHERE tokens.hash = ANY(:names)")
_BY_ID = Statement(f"SELECT {_TOKEN} {_FROM} WHERE tokens.token_id = :token")
_ALL = Statement(f"SELECT {_TOKEN} {_FROM} WHERE tokens.kind = 'token' ORDER BY tokens.id DESC")
_OF_USER = Statement(f"SELECT {_TOKEN} {_FROM} WHERE tokens.kind = 'token' AND user_id = :id ORDER BY tokens.id DESC")
_ADD = Statement(
    """INSERT INTO tokens (token_id, user_id, kind, hash, name, scope, creation_time, expiration_time)
    VALUES (:token, :user, :kind, :hash, :name, :scope, :created, :expires)"""
)
_REVOKE = Statement("UPDATE tokens SET revocation_time = :now WHERE token_id = :token AND revocation_time IS NULL")
_USED = Statement(
    """UPDATE tokens SET last_used_time = :now WHERE token_id = :token
    AND (last_used_time IS NULL OR last_used_time < :also)"""
)

_ADD_USAGE = Statement(
    """INSERT INTO token_usage (day, token_id, requests, tokens, usd) VALUES (:day, :token, :requests, :tokens, :usd)
    ON CONFLICT (day, token_id) DO UPDATE SET requests = token_usage.requests + excluded.requests,
    tokens = token_usage.tokens + excluded.tokens, usd = token_usage.usd + excluded.usd
    RETURNING requests, tokens, usd"""
)
_USAGE = Statement("SELECT token_id, requests, tokens, usd FROM token_usage WHERE day = :day")
_USAGE_OF = Statement("$usage AND token_id = ANY(:names)", usage=_USAGE.sql)


class SqlTokens(SqlPart):
    """The part of a store that keeps tokens."""

    def create_token(
        self,
        username: str,
        token_hash: str,
        *,
        name: str = "",
        scope: Scope = EVERYTHING,
        expiration_time: int | None = None,
        kind: TokenKind = "token",
    ) -> Token:
        """Let a token in, known by its hash."""
        check_token_name(name)
        content = msgspec.json.encode(check_scope(scope)).decode()
        token_id = f"tk-{os.urandom(16).hex()}"
        with self._database.write() as session:
            user = user_row(session, username)
            session.run(_ADD, (token_id, user[0], kind, token_hash, name, content, now_ms(), expiration_time))
            return _token(_row(session, token_id))

    def find_token(self, token_hash: str) -> Login | None:
        """What is needed to let in who shows this token, valid or not; None if there is no such token."""
        with self._database.read() as session:
            row = session.row(_BY_HASH, (token_hash,))
            if row is None:
                return None
            return msgspec.structs.replace(login_of(session, row[:WIDTH]), token=_token(row[WIDTH:]))

    def find_tokens(self, token_hashes: Sequence[str]) -> dict[str, Login]:
        """What :meth:`find_token` finds for each of many, by the hash; without those that are not known."""
        with self._database.read() as session:
            rows = session.rows_of(_BY_HASHES, list(token_hashes))
            logins = logins_of(session, [row[1 : 1 + WIDTH] for row in rows])
            return {
                row[0]: msgspec.structs.replace(login, token=_token(row[1 + WIDTH :]))
                for row, login in zip(rows, logins, strict=True)
            }

    def list_tokens(self, *, username: str | None = None) -> list[Token]:
        """The tokens of a user, or of all, newest first; sessions are not among them."""
        with self._database.read() as session:
            if username is None:
                return [_token(row) for row in session.rows(_ALL)]
            return [_token(row) for row in session.rows(_OF_USER, (user_row(session, username)[0],))]

    def get_token(self, token_id: str) -> Token:
        """The token of that id."""
        with self._database.read() as session:
            return _token(_row(session, token_id))

    def revoke_token(self, token_id: str) -> Token:
        """Let it in no more. Revoking again changes nothing."""
        with self._database.write() as session:
            session.run(_REVOKE, (now_ms(), token_id))
            return _token(_row(session, token_id))

    def mark_used(self, times: Mapping[str, int]) -> None:
        """Note when tokens, by id, were last used."""
        with self._database.write() as session:
            for token_id, time in sorted(times.items()):
                session.run(_USED, (time, token_id, time))

    def add_token_usage(self, day: int, used: Mapping[str, Used]) -> dict[str, Used]:
        """Add to what tokens, by id, used on a day (of UTC, counted from the epoch); what each has used of it now."""
        totals = {}
        with self._database.write() as session:
            for token_id, more in sorted(used.items()):
                row = session.row(_ADD_USAGE, (day, token_id, more.requests, more.tokens, more.usd))
                assert row is not None
                totals[token_id] = Used(*row)
        return totals

    def token_usage(self, day: int, token_ids: Sequence[str] | None = None) -> dict[str, Used]:
        """What tokens (all, or these) used on a day, by id; without those that used nothing."""
        with self._database.read() as session:
            if token_ids is None:
                rows = session.rows(_USAGE, (day,))
            elif token_ids:
                rows = session.rows(_USAGE_OF, (day, session.listed(list(token_ids))))
            else:
                rows = []
            return {token_id: Used(*counts) for token_id, *counts in rows}


def _row(session: Session, token_id: str) -> tuple[Any, ...]:
    row = session.row(_BY_ID, (token_id,)) if token_id.isprintable() else None
    if row is None:
        raise NotFound(f"No token has the id {token_id[:60]!r}. List them with `quire tokens list`.")
    return row


def _token(row: tuple[Any, ...]) -> Token:
    return Token(
        username=row[0],
        token_id=row[1],
        kind=row[2],
        name=row[3],
        scope=msgspec.json.decode(row[4], type=Scope),
        creation_time=row[5],
        expiration_time=row[6],
        last_used_time=row[7],
        revocation_time=row[8],
    )
