"""The Compose file of a server: closed in, checked, with its secrets from the environment."""

from __future__ import annotations

from typing import Any

from quire.deploy.plan import USER, Plan
from quire.deploy.variables import secrets
from quire.models.yamltext import dump_yaml

_HEAD = """\
# Serves {names}. Written by `quire deploy compose`.
#
#   cp env.example .env     and fill it in
#   docker compose up --build --detach --wait
#
# No secret is in this file: each comes from the environment or .env, and `up` refuses to begin while one is missing.
# It listens on this machine alone; put a proxy that ends TLS before it, and change `ports` where that runs elsewhere.
"""


def compose_text(plan: Plan) -> str:
    """The text of compose.yaml."""
    return _HEAD.format(names=", ".join(plan.names)) + dump_yaml(_compose(plan), sort_keys=False)


def _compose(plan: Plan) -> dict[str, Any]:
    return {"name": plan.name, "services": {"serve": _service(plan)}}


def _service(plan: Plan) -> dict[str, Any]:
    return {
        "image": plan.image,
        "build": {"context": "."},
        "environment": {variable.name: _from_outside(variable.name, variable.required) for variable in secrets(plan)},
        "ports": [f"127.0.0.1:{plan.port}:{plan.port}"],
        "read_only": True,
        "tmpfs": [f"/data:uid={USER},gid={USER},mode=0700"],
        "cap_drop": ["ALL"],
        "security_opt": ["no-new-privileges:true"],
        "mem_limit": "1g",
        "pids_limit": 512,
        "restart": "unless-stopped",
        # Longer than the server takes to end what is under way.
        "stop_grace_period": f"{plan.drain_s + 10}s",
    }


def _from_outside(name: str, required: bool) -> str:
    return f"${{{name}:?set {name}}}" if required else f"${{{name}:-}}"
