"""Live updates over a real socket: what this server wrote, what others wrote to its database, and how streams end."""

from __future__ import annotations

import signal
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

import psycopg
import pytest

from quire.server.app import all_calls
from quire.server.auth.attach import access_calls
from quire.server.live import Listener
from quire.server.routes import events
from quire.server.tables import TABLES
from quire.server.topics import BY_NAME, BY_TAG, TOPICS, topics_of
from quire.store.sql import tables
from tests.eventually import eventually
from tests.server.conftest import Served
from tests.server.listening import PLACE, Listening
from tests.server.process import ServerProcess

CALLS = [*all_calls(), *access_calls()]
_SCRIPT = """
import sys, quire
quire.set_tracking_uri(sys.argv[1])
with quire.start_run():
    quire.log_metric("a", 1.0)
"""


def watching() -> list[threading.Thread]:
    return [thread for thread in threading.enumerate() if thread.name.startswith("quire-watch")]


# -- the tables --------------------------------------------------------------------------------------


def test_every_call_that_writes_says_which_topics_it_changes() -> None:
    assert [call.name for call in CALLS if topics_of(call) is None] == []
    assert {topic for call in CALLS for topic in topics_of(call) or ()} <= set(TOPICS)
    assert set(BY_NAME) <= {call.name for call in CALLS}
    assert set(BY_TAG) <= {call.tag for call in CALLS}


def test_every_table_of_the_database_is_listed() -> None:
    assert set(TABLES) == set(tables.metadata.tables)
    assert set().union(*TABLES.values()) <= set(TOPICS)


def test_the_interface_knows_the_same_topics() -> None:
    reader = (Path(__file__).parents[2] / "ui" / "src" / "api" / "live.ts").read_text()
    told = reader.partition("export type Topic =")[2].partition(";")[0]
    assert sorted(part.strip().strip('"') for part in told.split("|") if part.strip()) == sorted(TOPICS)


# -- what this server wrote --------------------------------------------------------------------------


def test_a_call_is_told_of_by_its_topics_and_nothing_else(serve: Callable[..., Served]) -> None:
    server = serve()
    with Listening(server) as heard:
        assert heard.answer.headers["content-type"] == "text/event-stream"
        assert heard.answer.headers["x-accel-buffering"] == "no"
        assert "no-store" in heard.answer.headers["cache-control"]
        server.ask("POST", "registered-models/create", {"name": "secret-name"})
        assert heard.change() == ["home", "models", "prompts"]


def test_what_is_refused_and_what_is_read_is_no_change(serve: Callable[..., Served]) -> None:
    server = serve()
    with Listening(server) as heard:
        assert server.call("POST", "/api/2.0/mlflow/runs/update", {"run_id": "0" * 32}).status == 404
        server.ask("POST", "runs/search", {"experiment_ids": ["0"]})
        server.ask("POST", "registered-models/create", {"name": "later"})
        assert heard.change() == ["home", "models", "prompts"]


def test_many_changes_are_one_event_a_second(serve: Callable[..., Served]) -> None:
    server = serve()
    run = server.run()
    with Listening(server) as heard:
        begun = time.monotonic()
        for step in range(200):
            server.ask("POST", "runs/log-metric", {"run_id": run, "key": "m", "value": step, "timestamp": 1})
        server.ask("POST", "registered-models/create", {"name": "last"})
        told = 0
        while "models" not in heard.change():
            told += 1
        assert told <= 1 + time.monotonic() - begun


def test_several_listeners_cost_one_look(serve: Callable[..., Served]) -> None:
    server = serve()
    with Listening(server) as one, Listening(server) as two, Listening(server) as three:
        eventually(lambda: len(watching()) == 1)
        server.ask("POST", "registered-models/create", {"name": "m"})
        assert one.change() == two.change() == three.change()


# -- what others wrote -------------------------------------------------------------------------------


def test_a_script_on_the_same_file_is_noticed(serve: Callable[..., Served], tmp_path: Path) -> None:
    server = serve()
    with Listening(server) as heard:
        time.sleep(0.1)  # the first look
        subprocess.run([sys.executable, "-c", _SCRIPT, server.settings.backend_store_uri], check=True, cwd=tmp_path)
        assert "all" in heard.until("all")


def test_own_writes_are_not_taken_for_those_of_others(serve: Callable[..., Served]) -> None:
    server = serve()
    with Listening(server) as heard:
        found: set[str] = set()
        end = time.monotonic() + 3
        while time.monotonic() < end:
            server.run()
            found.update(heard.change())
        assert "all" not in found


def test_what_others_wrote_between_own_writes_is_told_of_in_the_end(
    serve: Callable[..., Served], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("quire.server.live.DOUBT_SECONDS", 2.0)
    server = serve()
    with Listening(server) as heard:
        server.run()
        with sqlite3.connect(tmp_path / "quire.db") as other:
            other.execute("INSERT INTO keys (name) VALUES ('of somebody else')")
        other.close()
        server.run()
        assert "all" in heard.until("all")


def test_a_script_on_the_same_postgresql_database_is_noticed_by_table(
    serve: Callable[..., Served], postgres_copy: str, tmp_path: Path
) -> None:
    server = serve(backend_store_uri=postgres_copy)
    with Listening(server) as heard:
        subprocess.run([sys.executable, "-c", _SCRIPT, postgres_copy], check=True, cwd=tmp_path)
        found = heard.until("runs")
        assert "all" not in found
        assert not found & {"models", "datasets", "trials", "settings"}


def test_own_calls_are_told_of_at_once_on_postgresql(serve: Callable[..., Served], postgres_copy: str) -> None:
    server = serve(backend_store_uri=postgres_copy)
    with Listening(server) as heard:
        server.ask("POST", "registered-models/create", {"name": "m"})
        assert heard.change() == ["home", "models", "prompts"]


def test_a_lost_connection_to_postgresql_is_made_again(serve: Callable[..., Served], postgres_copy: str) -> None:
    server = serve(backend_store_uri=postgres_copy)
    with Listening(server) as heard:
        time.sleep(0.5)  # the first look
        with psycopg.connect(postgres_copy, autocommit=True) as other:
            other.execute(
                """SELECT pg_terminate_backend(pid) FROM pg_stat_activity
                WHERE query LIKE '%pg_stat_get_tuples_inserted%' AND pid <> pg_backend_pid()"""
            )
            other.execute("INSERT INTO experiment_tags (experiment_id, key, value) VALUES (0, 'a', 'b')")
        assert "all" not in heard.until("experiments")


# -- how streams end ---------------------------------------------------------------------------------


def test_without_listeners_nothing_is_done(serve: Callable[..., Served]) -> None:
    server = serve()
    assert watching() == []
    with Listening(server):
        eventually(lambda: len(watching()) == 1)
    eventually(lambda: watching() == [])
    assert server.app.context.live._polling is None


def test_a_server_that_ends_ends_its_streams_at_once(tmp_path: Path) -> None:
    with ServerProcess(tmp_path) as process:
        server: Served = process  # type: ignore[assignment]  # it has a port, which is all that is needed
        with Listening(server) as one, Listening(server) as two:
            begun = time.monotonic()
            process.process.send_signal(signal.SIGTERM)
            assert one.block() == two.block() == []
            assert process.process.wait(20) == 0
            assert time.monotonic() - begun < 5


def test_a_stream_is_kept_alive_and_ends_after_its_time(
    serve: Callable[..., Served], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(events, "HEARTBEAT_SECONDS", 0.2)
    monkeypatch.setattr(events, "LONGEST_SECONDS", 1.0)
    server = serve()
    with Listening(server) as heard:
        assert heard.block() == [": still here"]
        while heard.block():
            pass
    assert server.call("GET", "/health").status == 200


def test_what_waits_for_a_slow_listener_is_bounded() -> None:
    import asyncio

    async def fill() -> list[str]:
        listener = Listener()
        for _ in range(10_000):
            listener.tell(TOPICS)
        return await listener.changes(1)

    assert asyncio.run(fill()) == sorted(TOPICS)


def test_the_stream_is_in_the_document(serve: Callable[..., Served]) -> None:
    document = serve().call("GET", "/api/quire/v1/openapi.json").json
    assert "text/event-stream" in document["paths"][PLACE]["get"]["responses"]["200"]["content"]
