"""A server that asks who may do what, and users of it."""

from __future__ import annotations

import base64
import hashlib
import itertools
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from quire.domain.access import Role
from quire.server import Settings
from quire.server.auth import AuthSettings
from quire.store import open_store
from quire.store.access import AccessStore, access_of
from tests.server.conftest import Answer, Served

PASSWORD = "correct horse battery"
API = "/api/2.0/mlflow/"


def cheap_hash(password: str) -> str:
    """What is stored of a password, at a cost that tests can afford."""

    def text(raw: bytes) -> str:
        return base64.urlsafe_b64encode(raw).decode().rstrip("=")

    made = hashlib.scrypt(password.encode(), salt=b"salt", n=2, r=1, p=1, dklen=32)
    return f"scrypt$2$1$1${text(b'salt')}${text(made)}"


def basic(username: str, password: str = PASSWORD) -> dict[str, str]:
    return {"Authorization": "Basic " + base64.b64encode(f"{username}:{password}".encode()).decode()}


def bearer(secret: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {secret}"}


class Guarded:
    """A server with an admin called ada."""

    def __init__(
        self, folder: Path, uri: str | None = None, server: Mapping[str, Any] | None = None, **auth: Any
    ) -> None:
        self.uri = uri or f"sqlite:///{folder}/quire.db"
        self.store = open_store(self.uri, artifact_root="mlflow-artifacts:/")
        if not self.access.has_admin():
            self.access.create_user("ada", password_hash=cheap_hash(PASSWORD), role="admin")
        given = {"backend_store_uri": self.uri, "artifact_root": str(folder / "files"), **(server or {})}
        self.served = Served(Settings(**given, auth=AuthSettings(**auth)))
        self._names = itertools.count()

    @property
    def access(self) -> AccessStore:
        return access_of(self.store)

    def stop(self) -> None:
        self.served.stop()

    def user(self, role: Role | None = None) -> str:
        """The name of a new user."""
        name = f"user-{next(self._names)}"
        self.access.create_user(name, password_hash=cheap_hash(PASSWORD), role=role)
        return name

    def call(self, who: str | dict[str, str] | None, method: str, path: str, body: Any = None) -> Answer:
        """Make a request as a user, or with these headers; a path without a slash is below MLflow's."""
        headers = basic(who) if isinstance(who, str) else dict(who or {})
        return self.served.call(method, path if path.startswith("/") else API + path, body, headers=headers)

    def ask(self, who: str | dict[str, str], method: str, path: str, body: Any = None) -> Any:
        """Make a request that must succeed."""
        answer = self.call(who, method, path, body)
        assert answer.status == 200, answer.body
        return answer.json

    def experiment(self, who: str = "ada") -> str:
        """The id of a new experiment of a user."""
        created = self.ask(who, "POST", "experiments/create", {"name": f"experiment-{next(self._names)}"})
        return str(created["experiment_id"])

    def run(self, who: str, experiment: str) -> str:
        """The id of a new run."""
        return str(self.ask(who, "POST", "runs/create", {"experiment_id": experiment})["run"]["info"]["run_id"])

    def model(self, who: str = "ada") -> str:
        """The name of a new registered model."""
        name = f"model-{next(self._names)}"
        self.ask(who, "POST", "registered-models/create", {"name": name})
        return name

    def token(self, who: str, **fields: Any) -> str:
        """The secret of a new token."""
        return str(self.ask(who, "POST", "/api/quire/v1/tokens", fields)["secret"])


Guard = Callable[..., Guarded]


@pytest.fixture
def guard(tmp_path: Path) -> Iterator[Guard]:
    """Starts guarded servers with other settings."""
    started: list[Guarded] = []

    def start(*, uri: str | None = None, server: Mapping[str, Any] | None = None, **auth: Any) -> Guarded:
        folder = tmp_path / f"server-{len(started)}"
        folder.mkdir()
        started.append(Guarded(folder, uri, server, **auth))
        return started[-1]

    yield start
    for server in started:
        server.stop()


@pytest.fixture(scope="module")
def guarded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Guarded]:
    """A guarded server for all tests of a module, which make their own users and things."""
    server = Guarded(tmp_path_factory.mktemp("guarded"))
    yield server
    server.stop()
