"""Moving an alias only from where it is expected, which MLflow's protocol has no call for."""

from __future__ import annotations

from quire.domain.entities import Tag
from quire.domain.names import check_alias, check_registered_name, check_tags, check_version
from quire.domain.registry import alias_elsewhere
from quire.store.rest.base import encode
from quire.store.rest.client import Call
from quire.store.rest.dataset_versions import RestDatasetVersions
from quire.store.rest.wire.common import Empty
from quire.store.rest.wire.registered_models import MoveAlias

_PATH = "/api/quire/v1/registered-models/move-alias"


class RestAliasMoves(RestDatasetVersions):
    """The part of a store that moves aliases on a condition."""

    def move_alias(self, name: str, alias: str, version: str | None, *, expected: str | None, tag: Tag) -> None:
        """Move an alias from the version where it is expected, and set a tag of the model.

        A Quire server does both or neither. MLflow's has no such call: there the alias is looked at just before it is
        moved, so that two who do so within the same moment may both succeed; the tag is set first, and taken away if
        the alias does not follow.
        """
        check_registered_name(name)
        check_alias(alias)
        check_tags([tag], "registered model")
        for number in (version, expected):
            if number is not None:
                check_version(number)
        if self.speaks_quire():
            message = MoveAlias(
                name=name, alias=alias, version=version, expected=expected, key=tag.key, value=tag.value
            )
            self._client.decode(Call(method="POST", path=_PATH, body=encode(message)), Empty)
            return
        found = self.get_registered_model(name).aliases.get(alias)
        if found != expected:
            raise alias_elsewhere(name, alias, expected, found)
        self.set_registered_model_tag(name, tag)
        try:
            if version is None:
                self.delete_alias(name, alias)
            else:
                self.set_alias(name, alias, version)
        except BaseException:
            self.delete_registered_model_tag(name, tag.key)
            raise
