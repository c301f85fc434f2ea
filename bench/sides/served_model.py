"""Package the chat model that proxies serve, register it with the alias ``champion``, and make a token to ask it."""

from __future__ import annotations

import sys
from typing import Any

import quire
from bench.proxies import SYSTEM
from quire.domain.access import Scope
from quire.domain.allowances import Allowance
from quire.domain.credentials import hash_token, new_token
from quire.store import open_store


def main(store: str, folder: str, name: str) -> None:
    """``store`` is Quire's, ``folder`` becomes the package; prints the token."""
    quire.set_tracking_uri(store)
    quire.openai.save_model(
        path=folder,
        model="gpt-4o-mini",
        task="chat.completions",
        messages=[{"role": "system", "content": SYSTEM}],
    )
    version = quire.register_model(folder, name)
    quire.MlflowClient().set_registered_model_alias(name, "champion", version.version)
    print(_token(store, name))


def _token(store: str, name: str) -> str:
    """One that holds for the endpoint alone, with limits that are not reached."""
    allowance = Allowance(requests_per_minute=1e9, tokens_per_minute=1e9, usd_per_day=1e9)
    secret = new_token()
    opened: Any = open_store(store)
    opened.access.create_user("bench", password_hash=None)
    opened.access.create_token(
        "bench", hash_token(secret), scope=Scope(endpoints=(name,), allowance=allowance), expiration_time=None
    )
    opened.close()
    return secret


if __name__ == "__main__":
    main(*sys.argv[1:])
