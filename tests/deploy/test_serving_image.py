"""The image that `quire deploy` describes, without a daemon that builds it: its steps are taken in a folder, and what
it runs is run so. What is written for Ray Serve is run by another ASGI server."""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from quire.deploy import make_plan, write
from quire.domain.access import Scope
from quire.domain.credentials import hash_token, new_token
from quire.domain.endpoints import Endpoint
from quire.store import open_store
from quire.store.access import access_of
from quire.testing import Simulator
from tests.deploy.test_generated import instructions

pytestmark = pytest.mark.slow

REPOSITORY = Path(__file__).resolve().parents[2]
ASKED = json.dumps({"model": "joker", "metadata": {"animal": "cats"}}).encode()


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def call(url: str, body: bytes | None = None, token: str = "") -> tuple[int, bytes]:
    headers = {"Content-Type": "application/json", **({"Authorization": f"Bearer {token}"} if token else {})}
    try:
        with urllib.request.urlopen(urllib.request.Request(url, body, headers), timeout=30) as answer:
            return answer.status, answer.read()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.read()


@contextmanager
def running(
    command: list[str], folder: Path, environment: dict[str, str], url: str
) -> Iterator[subprocess.Popen[bytes]]:
    """A server, once it answers; ended as Docker and Kubernetes end it."""
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(command, cwd=folder, env=environment, stdout=log, stderr=log)
    try:
        deadline = time.monotonic() + 120
        while True:
            try:
                urllib.request.urlopen(f"{url}/health", timeout=5).close()
                break
            except OSError:
                assert process.poll() is None, (folder / "log").read_text()
                assert time.monotonic() < deadline, (folder / "log").read_text()
                time.sleep(0.05)
        yield process
    finally:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(60)
        except subprocess.TimeoutExpired:
            process.kill()


def plain(environment: dict[str, str]) -> dict[str, str]:
    kept = {
        name: value for name, value in os.environ.items() if not name.startswith(("OPENAI", "AZURE", "QUIRE", "MLFLOW"))
    }
    return {**kept, **environment}


@pytest.mark.timeout(600)
def test_the_image_serves_with_tokens_and_ends_in_order(
    project: Path, endpoint: Callable[..., Endpoint], simulator: Simulator, tmp_path: Path
) -> None:
    context = tmp_path / "context"
    write("docker", make_plan([endpoint()], baked=True), context, source=REPOSITORY)
    found = instructions((context / "Dockerfile").read_text())
    ignored = (context / ".dockerignore").read_text().splitlines()
    build, top = tmp_path / "build", tmp_path / "top"
    build.mkdir()
    (top / "data").mkdir(parents=True)
    for name in (line[1:] for line in ignored if line.startswith("!")):
        subprocess.run(["cp", "-r", str(context / name), str(build)], check=True)
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    for step in [text for kind, text in found if kind == "RUN" and "useradd" not in text]:
        command = re.sub(r"(?<![\w/.])/quire\b", str(top / "quire"), step)
        done = subprocess.run(["sh", "-ec", command], cwd=build, env={**os.environ, "PATH": path}, capture_output=True)
        assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-2000:]
    served = top / "srv"
    served.mkdir()
    for name in ("endpoints.yaml", "models"):
        subprocess.run(["cp", "-r", str(build / name), str(served)], check=True)

    store = f"sqlite:///{top}/data/quire.db"
    token = new_token()
    access = access_of(open_store(store))
    access.create_user("shop", password_hash=None, role="reader")
    access.create_token("shop", hash_token(token), scope=Scope(endpoints=("joker",)))
    port = free_port()
    environment = dict(re.findall(r"(\w+)=(\S+)", " ".join(text for kind, text in found if kind == "ENV")))
    environment |= {
        **simulator.environment,
        "PATH": f"{top}/quire/bin:/usr/bin:/bin",
        "TMPDIR": f"{top}/data",
        "QUIRE_PORT": str(port),
        "QUIRE_TRACKING_URI": store,
    }
    words = [str(top / "quire/bin/quire"), *json.loads(dict(found)["CMD"])]
    words = [word.replace("/srv/quire", str(served)) for word in words]
    url = f"http://127.0.0.1:{port}"
    with running(words, top / "data", environment, url) as process:
        status, answer = call(f"{url}/v1/chat/completions", ASKED, token)
        assert (status, json.loads(answer)["object"]) == (200, "chat.completion")
        assert call(f"{url}/v1/chat/completions", ASKED)[0] == 401
        health = json.loads(dict(found)["HEALTHCHECK"].partition("CMD ")[2])
        assert subprocess.run(health, env=environment, check=False).returncode == 0
    assert process.returncode == 0, (top / "data" / "log").read_text()
    assert subprocess.run(health, env=environment, capture_output=True, check=False).returncode != 0


def test_what_is_written_for_ray_serve_is_an_application(
    project: Path, endpoint: Callable[..., Endpoint], simulator: Simulator, tmp_path: Path
) -> None:
    wheel = tmp_path / "quire-0.1.0-py3-none-any.whl"
    wheel.write_bytes(b"a wheel")
    folder = tmp_path / "app"
    write("ray-serve", make_plan([endpoint()], baked=True), folder, source=wheel)
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    environment = plain({**simulator.environment, "QUIRE_TRACKING_URI": f"sqlite:///{tmp_path}/ray.db"})
    command = [sys.executable, "-m", "uvicorn", "asgi:app", "--port", str(port), "--log-level", "warning"]
    with running(command, folder, environment, url):
        status, answer = call(f"{url}/v1/chat/completions", ASKED)
        assert (status, json.loads(answer)["object"]) == (200, "chat.completion")
        assert json.loads(call(f"{url}/v1/models")[1])["data"][0]["id"] == "joker"


def test_ray_serve_runs_it(
    project: Path, endpoint: Callable[..., Endpoint], simulator: Simulator, tmp_path: Path
) -> None:
    pytest.importorskip("ray.serve", reason="Ray Serve is absent: pip install 'ray[serve]'")
    wheel = tmp_path / "quire-0.1.0-py3-none-any.whl"
    wheel.write_bytes(b"a wheel")
    folder, port = tmp_path / "app", free_port()
    write("ray-serve", make_plan([endpoint()], baked=True, replicas=1, port=port), folder, source=wheel)
    program = (
        "import ray, serve_app, time, urllib.request\n"
        "from ray import serve\n"
        f"serve.start(http_options={{'host': '127.0.0.1', 'port': {port}}})\n"
        "serve.run(serve_app.app)\n"
        f"print(urllib.request.urlopen('http://127.0.0.1:{port}/v1/models').read().decode())\n"
        "serve.shutdown()\nray.shutdown()\n"
    )
    environment = plain({**simulator.environment, "QUIRE_TRACKING_URI": f"sqlite:///{tmp_path}/ray.db"})
    environment["RAY_USAGE_STATS_ENABLED"] = "0"
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=folder, env=environment, capture_output=True, text=True, check=False
    )
    assert '"id":"joker"' in done.stdout, done.stderr[-3000:]
