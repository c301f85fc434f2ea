"""Ray Serve: a program whose replicas each run the server's ASGI application, and the file that deploys it."""

from __future__ import annotations

from quire.deploy.plan import Plan
from quire.deploy.source import Source
from quire.models.yamltext import dump_yaml

MODULE = "serve_app"

_ASGI = '''\
"""What Quire serves, as an ASGI application: `uvicorn asgi:app` runs it as it is, serve_app.py under Ray.

Callers need a token where QUIRE_AUTH=1 is set, which it has to be where other machines reach it.
"""

from pathlib import Path

from quire.server.auth import auth_from_environment
from quire.serving import asgi_app

app = asgi_app(Path(__file__).parent / "endpoints.yaml", auth=auth_from_environment(None))
'''

_APP = '''\
"""Serves {names} on Ray Serve. Written by `quire deploy ray-serve`; start it here: serve run {module}:app

Each replica runs Quire's own ASGI application. Keys come from the environment of the replicas (env.example).
"""

from ray import serve


def build():
    """The application, made in the replica: it holds connections, which do not travel."""
    from asgi import app

    return app


@serve.deployment(
    name={name!r},
    max_ongoing_requests=1000,
    autoscaling_config={{"min_replicas": {least}, "max_replicas": {most}, "target_ongoing_requests": 200}},
    graceful_shutdown_timeout_s={drain},
    health_check_period_s=10,
    ray_actor_options={{"num_cpus": 1}},
)
@serve.ingress(build)
class Quire:
    """One replica."""


app = Quire.bind()
'''


def ray_files(plan: Plan, source: Source) -> dict[str, str]:
    """The texts by their names."""
    app = _APP.format(
        names=", ".join(plan.names),
        module=MODULE,
        name=plan.name,
        least=plan.replicas,
        most=plan.most_replicas,
        drain=plan.drain_s,
    )
    return {
        "asgi.py": _ASGI,
        f"{MODULE}.py": app,
        "serve.yaml": _config(plan),
        "requirements.txt": f"{source.requirement}\nray[serve]>=2.48\n",
    }


def _config(plan: Plan) -> str:
    head = "# For a cluster, from this folder: serve deploy serve.yaml\n"
    application = {
        "name": plan.name,
        "route_prefix": "/",
        "import_path": f"{MODULE}:app",
        "runtime_env": {"env_vars": {"QUIRE_AUTH": "1"}},
    }
    content = {"http_options": {"host": "127.0.0.1", "port": plan.port}, "applications": [application]}
    return head + dump_yaml(content, sort_keys=False)
