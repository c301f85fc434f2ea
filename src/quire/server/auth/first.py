"""The first admin of a server: from the environment, or made before by ``quire users create NAME --admin``."""

from __future__ import annotations

import os
from contextlib import suppress

from quire.domain.credentials import check_password, hash_password
from quire.domain.errors import AlreadyExists, InvalidInput
from quire.store.access import AccessStore, Change

USERNAME, PASSWORD = "QUIRE_AUTH_ADMIN_USERNAME", "QUIRE_AUTH_ADMIN_PASSWORD"
_THEIR_PASSWORD = "MLFLOW_AUTH_ADMIN_PASSWORD"  # noqa: S105


def ensure_admin(access: AccessStore) -> None:
    """Make the admin that the environment names, if nobody administers the server yet.

    There is no default password. Raises InvalidInput if there is no admin, and none is named.
    """
    if access.has_admin():
        return
    password = os.environ.get(PASSWORD) or os.environ.get(_THEIR_PASSWORD)
    if not password:
        raise InvalidInput(
            "Nobody administers this server yet. Make the first admin with `quire users create NAME --admin`, with the "
            f"same database, or name one in {USERNAME} and {PASSWORD} (read once, when there is no admin)."
        )
    hashed = hash_password(check_password(password))
    with suppress(AlreadyExists):  # another server starts too
        access.all_or_nothing(lambda: _make(access, os.environ.get(USERNAME) or "admin", hashed))


def _make(access: AccessStore, username: str, hashed: str) -> None:
    access.create_user(username, password_hash=hashed, role="admin")
    access.append_change(
        Change(username="the environment", action="create_user", route=PASSWORD, entity=f"user:{username}")
    )
