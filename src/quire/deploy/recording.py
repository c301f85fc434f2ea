"""Noting a deployment in the store, where there is one, so that it can be listed."""

from __future__ import annotations

import getpass
import re
from collections.abc import Sequence
from pathlib import Path
from urllib.parse import unquote

from quire.deploy.targets import Written
from quire.domain.endpoints import Deployment

_FILE = re.compile(r"sqlite(?:\+\w+)?:///(?P<path>[^?]+)")


def record(written: Written, endpoints: Sequence[str], *, ran: bool) -> Deployment | None:
    """Note what was written and whether it was run too; None where the store is a file that does not exist.

    A server that speaks MLflow's protocol alone keeps no deployments: None as well.
    """
    from quire.store.current import current_store, get_tracking_uri
    from quire.store.serving import ServingStore

    if _is_missing(get_tracking_uri()):
        return None
    serving: ServingStore | None = getattr(current_store(), "serving", None)
    if serving is None:
        return None
    place = str(written.folder.absolute())
    deployment = Deployment(
        deployment_id="",
        kind=written.kind,
        name=written.name,
        endpoints=list(endpoints),
        target=f"run from {place}" if ran else f"written to {place}",
        created_by=_account(),
    )
    return serving.record_deployment(deployment)


def _is_missing(uri: str) -> bool:
    found = _FILE.match(uri)
    return found is not None and found["path"] != ":memory:" and not Path(unquote(found["path"])).exists()


def _account() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return ""
