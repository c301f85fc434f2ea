"""The Dockerfile of an image that serves: two stages, a user without rights, one folder to write to."""

from __future__ import annotations

import sys

from quire.deploy.plan import USER, Plan
from quire.deploy.source import FOLDER, Source

SERVED = "/srv/quire"
"""Where endpoints and models lie in the image."""
_HEALTH = (
    "import os, urllib.request as u; u.urlopen(f'http://127.0.0.1:{os.environ[\\\"QUIRE_PORT\\\"]}/health', timeout=4)"
)


def dockerfile(plan: Plan, source: Source) -> str:
    """The text of the Dockerfile."""
    copied = f"COPY {FOLDER} {FOLDER}\n" if source.path is not None else ""
    models = f"COPY models {SERVED}/models\n" if plan.baked else ""
    return f"""\
# Serves {", ".join(plan.names)}. Written by `quire deploy`; build it here: docker build -t {plan.image} .
#
# It runs as a user without rights, and needs to write nowhere but in /data: the root file system may be read-only.
# No key is in it. What it reads from the environment is in env.example.
ARG PYTHON={sys.version_info.major}.{sys.version_info.minor}-slim

FROM python:${{PYTHON}} AS build
WORKDIR /build
# The versions that were installed where this file was written.
COPY versions.txt ./
{copied}RUN python -m venv /quire
RUN /quire/bin/pip install --no-cache-dir --constraint versions.txt '{source.requirement}'

FROM python:${{PYTHON}}
RUN useradd --uid {USER} --no-create-home --home-dir /data --shell /usr/sbin/nologin quire && \\
    mkdir /data && chown quire:quire /data
COPY --from=build /quire /quire
COPY endpoints.yaml {SERVED}/
{models}ENV PATH=/quire/bin:$PATH \\
    PYTHONUNBUFFERED=1 \\
    PYTHONDONTWRITEBYTECODE=1 \\
    TMPDIR=/data \\
    QUIRE_HOST=0.0.0.0 \\
    QUIRE_PORT={plan.port} \\
    QUIRE_AUTH=1
WORKDIR /data
VOLUME /data
EXPOSE {plan.port}
USER {USER}:{USER}
HEALTHCHECK --interval=10s --timeout=5s --start-period=30s --retries=3 CMD ["python", "-c", "{_HEALTH}"]
ENTRYPOINT ["quire"]
CMD [{", ".join(f'"{word}"' for word in serve_words(plan))}]
"""


def dockerignore(plan: Plan, source: Source) -> str:
    """What the builder is sent: only what the image is built from."""
    kept = ["versions.txt", "endpoints.yaml", *(["models"] if plan.baked else [])]
    kept += [FOLDER] if source.path is not None else []
    lines = ["# Only what the image is built from.", "*", *(f"!{name}" for name in kept), "**/__pycache__"]
    return "".join(f"{line}\n" for line in lines)


def serve_words(plan: Plan) -> list[str]:
    """The arguments of ``quire`` in the image."""
    return ["serve", "--config", f"{SERVED}/endpoints.yaml", "--drain-timeout", str(plan.drain_s)]
