"""A server with auth whose people use the web interface."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from quire.domain.access import Role
from quire.store import open_store
from quire.store.access import AccessStore, access_of
from tests.quire_server import QuireServer
from tests.server.auth.conftest import PASSWORD, cheap_hash
from tests.ui.browser import Screen


class Site:
    """A server with an admin called ada and a reader called grace; their password is PASSWORD."""

    def __init__(self, url: str, store: Any) -> None:
        self.url = url
        self.store = store

    @property
    def access(self) -> AccessStore:
        """The users of the server."""
        return access_of(self.store)

    def user(self, name: str, role: Role | None = None) -> str:
        """A new user."""
        self.access.create_user(name, password_hash=cheap_hash(PASSWORD), role=role)
        return name

    def open(self, screen: Screen, path: str = "/", username: str = "ada", password: str = PASSWORD) -> Any:
        """Open a page as somebody who has to sign in first; the page, at that place."""
        page = screen.open(f"{self.url}{path}")
        page.get_by_label("User name").fill(username)
        page.get_by_label("Password").fill(password)
        page.get_by_role("button", name="Sign in").click()
        page.get_by_role("navigation", name="Places").wait_for()
        return page


@contextmanager
def guarded_site(folder: Path, **settings: Any) -> Iterator[Site]:
    """A server with auth, stopped afterwards. ``settings`` are the server's."""
    folder.mkdir(parents=True, exist_ok=True)
    store = open_store(f"sqlite:///{folder}/quire.db", artifact_root="mlflow-artifacts:/")
    site = Site("", store)
    site.user("ada", "admin")
    site.user("grace", "reader")
    with QuireServer(folder, auth={"failures": 50}, **settings) as server:
        site.url = server.url
        yield site
    store.close()
