"""What was deployed: ``/api/quire/v1/deployments``."""

from __future__ import annotations

from quire.server.calls import Calls
from quire.server.context import Context
from quire.store.rest.wire.common import Empty
from quire.store.rest.wire.serving import DeploymentResponse, DeploymentsResponse, RecordDeployment
from quire.store.serving import serving_of

calls = Calls("quire", "v1", tag="Deployments")
_DEPLOYMENTS = "/api/quire/v1/deployments"


@calls.write("POST", _DEPLOYMENTS)
def record_deployment(context: Context, request: RecordDeployment) -> DeploymentResponse:
    """Note that something was deployed."""
    return DeploymentResponse(deployment=serving_of(context.store).record_deployment(request.deployment))


@calls.read("GET", _DEPLOYMENTS)
def list_deployments(context: Context, request: Empty) -> DeploymentsResponse:
    """Deployments, newest first."""
    return DeploymentsResponse(deployments=serving_of(context.store).list_deployments())
