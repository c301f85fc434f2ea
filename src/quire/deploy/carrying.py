"""Carrying a deployment out: written, run where that is wanted, and noted in the store."""

from __future__ import annotations

from pathlib import Path

import msgspec

from quire.deploy import tools
from quire.deploy.plan import Plan
from quire.deploy.recording import record
from quire.deploy.targets import Kind, Written, build_commands, write
from quire.domain.endpoint_checks import check_endpoint_name
from quire.domain.endpoints import Deployment
from quire.domain.errors import InvalidInput
from quire.domain.uris import RegisteredModelUri, parse_model_uri, store_kind


class Deployed(msgspec.Struct, frozen=True, kw_only=True):
    """What came of it: the files, whether they were run too, what to run by hand, and the note in the store.

    ``warnings`` say what will not work elsewhere.
    """

    written: Written
    ran: bool
    by_hand: list[str]
    warnings: list[str] = msgspec.field(default_factory=list)
    deployment: Deployment | None = None


def carry_out(
    plan: Plan,
    *,
    kind: Kind,
    folder: Path,
    source: Path | None = None,
    overwrite: bool = False,
    ran: bool = False,
    only_build: bool = False,
) -> Deployed:
    """Write a deployment, and run it if it is to be ``ran``. ``only_build`` builds the image where a builder is there.

    Raises what :func:`quire.deploy.targets.write` does; InvalidState, saying what to run by hand, where a tool is not
    installed or fails: the files are there then, and noted as written.
    """
    written = write(kind, plan, folder, source=source, overwrite=overwrite)
    if only_build:
        written = msgspec.structs.replace(written, commands=build_commands(plan))
        ran = tools.has(written.commands)
    if not ran:
        noted = record(written, plan.names, ran=False)
        by_hand = tools.shown(written.commands)
        return Deployed(written=written, ran=False, by_hand=by_hand, warnings=_warnings(plan), deployment=noted)
    try:
        tools.run(written.commands, written.folder)
    except BaseException:
        record(written, plan.names, ran=False)
        raise
    noted = record(written, plan.names, ran=True)
    return Deployed(written=written, ran=True, by_hand=[], warnings=_warnings(plan), deployment=noted)


def _warnings(plan: Plan) -> list[str]:
    from quire.store.current import get_tracking_uri

    if plan.baked or store_kind(get_tracking_uri()) not in ("sqlite", "file"):
        return []
    return [
        "The models are in a store that is a file of this machine, which servers elsewhere do not reach. Bake them in "
        "(--bake), or keep them in PostgreSQL and a bucket."
    ]


def served_as(uri: str) -> str:
    """The name under which a model is served that was given none: its registered name, else ``model``."""
    parsed = parse_model_uri(uri)
    if isinstance(parsed, RegisteredModelUri):
        try:
            return check_endpoint_name(parsed.name)
        except InvalidInput:
            return "model"
    return "model"
