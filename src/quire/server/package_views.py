"""Packaged models as messages of the server."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from quire.domain.package_view import column_views, param_views
from quire.store.rest.wire.model_packages import PackageView

if TYPE_CHECKING:
    from quire.models import LoadedPackage


def view_of(loaded: LoadedPackage) -> PackageView:
    """What a package holds."""
    package, model = loaded.package, loaded.model
    return PackageView(
        task=package.task,
        model=package.model,
        variables=sorted(package.variables),
        template=dict(package.template),
        fixed_json=_json(dict(package.fixed)),
        params=param_views(package.signature.params),
        inputs=column_views(package.signature.inputs),
        outputs=column_views(package.signature.outputs),
        metadata_json=_json(model.metadata),
        prompts=[str(uri) for uri in model.prompts or ()],
        flavors=sorted(model.flavors),
        mlflow_version=str(model.mlflow_version or ""),
        created=model.utc_time_created,
    )


def _json(value: Any) -> str:
    return msgspec.json.format(msgspec.json.encode(value, enc_hook=str)).decode() if value else ""
