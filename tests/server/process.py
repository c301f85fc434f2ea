"""A server in a process of its own, to be stopped and killed."""

from __future__ import annotations

import http.client
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any


class ServerProcess:
    """``quire server`` on a free port."""

    def __init__(self, folder: Path, *options: str) -> None:
        command = [sys.executable, "-m", "quire", "server", "--json", "--port", "0"]
        command += ["--backend-store-uri", f"sqlite:///{folder}/quire.db", *options]
        environment = {name: value for name, value in os.environ.items() if not name.startswith(("QUIRE_", "MLFLOW_"))}
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment, cwd=folder)
        assert self.process.stdout is not None
        text = ""
        while not text.rstrip().endswith("\n}"):
            line = self.process.stdout.readline()
            assert line, f"the server ended with {self.process.wait()}"
            text += line
        self.address: str = json.loads(text)["address"]
        self.port = int(self.address.rpartition(":")[2])

    def post(self, path: str, body: Any, timeout: float = 30) -> Any:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=timeout)
        try:
            connection.request("POST", f"/api/2.0/mlflow/{path}", json.dumps(body))
            answer = connection.getresponse()
            content = json.loads(answer.read())
            assert answer.status == 200, content
            return content
        finally:
            connection.close()

    def get(self, path: str) -> tuple[int, bytes]:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        try:
            connection.request("GET", path)
            answer = connection.getresponse()
            return answer.status, answer.read()
        finally:
            connection.close()

    def __enter__(self) -> ServerProcess:
        return self

    def __exit__(self, *_: object) -> None:
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        assert self.process.stdout is not None
        self.process.stdout.close()
