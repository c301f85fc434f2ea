"""Whether what is said of a deployment can be kept."""

from __future__ import annotations

import msgspec

from quire.domain.endpoints import Deployment
from quire.domain.errors import InvalidInput
from quire.domain.names import check_text
from quire.domain.redaction import redact_value

MAX_ID = 40
MAX_TEXT = 4000
MAX_ENDPOINTS = 1000


def checked_deployment(deployment: Deployment) -> Deployment:
    """A deployment whose fields have their types, with credentials in its texts replaced. Raises InvalidInput."""
    try:
        given = msgspec.convert(redact_value(msgspec.to_builtins(deployment)), Deployment)
    except (msgspec.ValidationError, TypeError, ValueError) as error:
        raise InvalidInput(f"The deployment cannot be read: {error}.") from None
    check_text(given.deployment_id, "deployment_id", MAX_ID)
    for field in ("kind", "name", "target", "created_by"):
        check_text(getattr(given, field), f"The deployment's {field}", MAX_TEXT)
    if not given.kind:
        raise InvalidInput("A deployment needs its kind, such as 'docker' or 'kubernetes'.")
    if len(given.endpoints) > MAX_ENDPOINTS:
        raise InvalidInput(f"A deployment names at most {MAX_ENDPOINTS:,} endpoints; got {len(given.endpoints):,}.")
    return given
