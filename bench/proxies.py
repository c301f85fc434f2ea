"""What stands between a caller and its model: Quire's endpoints, LiteLLM's proxy, MLflow's gateways and model server.

All ask one upstream, know the same model under the same name, run with one process, and keep to one core.
"""

from __future__ import annotations

import json
import secrets
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from bench.context import LITELLM_PYTHON, MLFLOW_PYTHON
from bench.servers import Kind, Place
from bench.worker import clean_environment

MODEL = "joker"
SYSTEM = "You are a comedian who keeps to one line."
QUESTION = "Tell me a funny joke about a cat that learns to read the newspaper."
CHAT = "/v1/chat/completions"
_ONE_KEY = "sk-bench"
_TOKEN = "token"


@dataclass(frozen=True)
class Proxy:
    """One of them: how it starts, and how it is asked.

    ``chat`` is the path of its OpenAI API, None where it has none; ``invocations`` that of MLflow's protocol.
    """

    kind: Kind
    chat: str | None = CHAT
    invocations: str | None = None
    key: str = ""
    before: list[str] = field(default_factory=list)

    @property
    def name(self) -> str:
        """Its name in the figures."""
        return self.kind.name


def question(*, stream: bool, with_system: bool) -> dict[str, Any]:
    """What a caller asks; the system message is the package's own where Quire serves."""
    system = [{"role": "system", "content": SYSTEM}] if with_system else []
    body: dict[str, Any] = {"model": MODEL, "messages": [*system, {"role": "user", "content": QUESTION}]}
    return {**body, "stream": True} if stream else body


def invocation() -> dict[str, Any]:
    """The same question in MLflow's protocol."""
    return {"inputs": [QUESTION]}


@dataclass(frozen=True)
class Places:
    """What proxies are told: the upstream's port, and a folder with what :func:`prepare` put there."""

    upstream: int
    folder: Path
    key: str = field(default_factory=lambda: f"sk-{secrets.token_hex(32)}")
    """What LiteLLM's proxy, which does not start without one, is asked with."""

    @property
    def base_url(self) -> str:
        """Where the upstream's API begins."""
        return f"http://127.0.0.1:{self.upstream}/v1"

    @property
    def model(self) -> Path:
        """The package."""
        return self.folder / "model"

    @property
    def store(self) -> str:
        """The store in which the package is registered."""
        return f"sqlite:///{self.folder / 'quire.db'}"

    @property
    def environment(self) -> dict[str, str]:
        """What sends an OpenAI client to the upstream."""
        return {"OPENAI_BASE_URL": self.base_url, "OPENAI_API_BASE": self.base_url, "OPENAI_API_KEY": _ONE_KEY}


def prepare(places: Places) -> None:
    """Package the model, register it with an alias, make a token, and write the peers' configurations."""
    made = subprocess.run(
        [sys.executable, "-m", "bench.sides.served_model", places.store, str(places.model), MODEL],
        check=True,
        cwd=places.folder,
        env=clean_environment(),
        stdout=subprocess.PIPE,
        text=True,
    )
    (places.folder / _TOKEN).write_text(made.stdout.split()[-1])
    (places.folder / "litellm.yaml").write_text(json.dumps(_litellm_configuration(places)))
    (places.folder / "gateway.yaml").write_text(json.dumps(_gateway_configuration(places)))
    if MLFLOW_PYTHON.exists():
        subprocess.run(
            [MLFLOW_PYTHON, "-m", "bench.sides.mlflow_gateway", _gateway_store(places), places.base_url, MODEL],
            check=True,
            cwd=places.folder,
            env=clean_environment(),
            stderr=subprocess.DEVNULL,
        )


def _gateway_store(places: Places) -> str:
    return f"sqlite:///{places.folder / 'mlflow-gateway.db'}"


def _litellm_configuration(places: Places) -> dict[str, Any]:
    parameters = {"model": "openai/gpt-4o-mini", "api_base": places.base_url, "api_key": _ONE_KEY}
    return {
        "model_list": [{"model_name": MODEL, "litellm_params": parameters}],
        "litellm_settings": {"set_verbose": False, "telemetry": False, "num_retries": 0},
    }


def _gateway_configuration(places: Places) -> dict[str, Any]:
    config = {"openai_api_key": _ONE_KEY, "openai_api_base": places.base_url}
    model = {"provider": "openai", "name": "gpt-4o-mini", "config": config}
    return {"endpoints": [{"name": MODEL, "endpoint_type": "llm/v1/chat", "model": model}]}


def quire(places: Places, name: str = "quire", *arguments: str, key: str = "", **endpoint: Any) -> Proxy:
    """``quire serve``: traces in SQLite, no keys, as it is by default; with more arguments under another name."""
    file = places.folder / f"{name}.json"

    def line(place: Place) -> list[str]:
        served = {"name": MODEL, "model": f"models:/{MODEL}@champion", **endpoint}
        file.write_text(json.dumps({"endpoints": [served]}))
        options = ["--host", "127.0.0.1", "--port", str(place.port), *arguments]
        return ["-m", "quire", "serve", "--config", str(file), *options]

    environment = {**places.environment, "QUIRE_TRACKING_URI": places.store}
    kind = Kind(name, "Quire", Path(sys.executable), line, environment=environment)
    return Proxy(kind, invocations="/invocations", key=key)


def quire_untraced(places: Places) -> Proxy:
    """The same without traces."""
    return quire(places, "quire-untraced", trace_sample=0.0)


def quire_with_keys(places: Places) -> Proxy:
    """The same, asked with a token that has limits."""
    return quire(places, "quire-keys", "--auth", key=(places.folder / _TOKEN).read_text())


def litellm(places: Places) -> Proxy:
    """LiteLLM's proxy without a database, with its master key alone, in production mode, by the prices it ships."""

    def line(place: Place) -> list[str]:
        configuration = str(places.folder / "litellm.yaml")
        return ["--config", configuration, "--host", "127.0.0.1", "--port", str(place.port), "--num_workers", "1"]

    environment = {"LITELLM_MODE": "PRODUCTION", "LITELLM_LOG": "ERROR", "LITELLM_LOCAL_MODEL_COST_MAP": "True"}
    environment |= {"LITELLM_MASTER_KEY": places.key, "LITELLM_TELEMETRY": "False"}
    program = LITELLM_PYTHON.with_name("litellm")
    kind = Kind("litellm", "LiteLLM", program, line, environment=environment, health="/health/liveliness")
    return Proxy(kind, key=places.key)


def mlflow_gateway(places: Places) -> Proxy:
    """``mlflow gateway start``: a file of endpoints, no traces; deprecated, and the leaner of MLflow's two."""

    def line(place: Place) -> list[str]:
        options = ["--host", "127.0.0.1", "--port", str(place.port), "--workers", "1"]
        return ["-m", "mlflow", "gateway", "start", "--config-path", str(places.folder / "gateway.yaml"), *options]

    # Its workers, which are stopped while others are measured, must not be taken for dead.
    return Proxy(_mlflow("mlflow-gateway", "MLflow gateway", line, {"GUNICORN_CMD_ARGS": "--timeout 3600"}))


def mlflow_ai_gateway(places: Places) -> Proxy:
    """The AI Gateway of ``mlflow server``: endpoints in its database, each request a trace, as it is by default."""

    def line(place: Place) -> list[str]:
        options = ["--host", "127.0.0.1", "--port", str(place.port), "--workers", "1"]
        artifacts = ["--artifacts-destination", str(place.files)]
        return ["-m", "mlflow", "server", "--backend-store-uri", _gateway_store(places), *artifacts, *options]

    kind = _mlflow(
        "mlflow-ai-gateway", "MLflow AI Gateway", line, {"MLFLOW_GATEWAY_API_BASE_ALLOW_PRIVATE_IPS": "true"}
    )
    return Proxy(kind, chat="/gateway/mlflow/v1/chat/completions")


def mlflow_model_server(places: Places) -> Proxy:
    """``mlflow models serve`` of the very package that Quire serves."""

    def line(place: Place) -> list[str]:
        options = ["--env-manager", "local", "--host", "127.0.0.1", "--port", str(place.port), "--workers", "1"]
        return ["-m", "mlflow", "models", "serve", "--model-uri", str(places.model), *options]

    kind = _mlflow("mlflow-models", "MLflow model server", line, places.environment)
    return Proxy(kind, chat=None, invocations="/invocations")


def _mlflow(name: str, title: str, line: Any, environment: Mapping[str, str]) -> Kind:
    path = f"{MLFLOW_PYTHON.parent}:/usr/local/bin:/usr/bin:/bin"  # it starts uvicorn by its name
    return replace(Kind(name, title, MLFLOW_PYTHON, line), environment={**environment, "PATH": path})
