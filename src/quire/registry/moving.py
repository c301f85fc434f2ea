"""Moving an alias together with the record of it: what promotions, rollbacks and trials that end do."""

from __future__ import annotations

import msgspec

from quire.domain.alias_events import AliasEvent, alias_events, event_tag
from quire.domain.entities import Tag
from quire.domain.errors import InvalidInput, InvalidState, NotFound
from quire.domain.ids import now_ms
from quire.domain.names import check_alias, check_text
from quire.domain.promotions import Promotion, promotion_tag, promotions_in, version_before
from quire.domain.prompt_tags import IS_PROMPT
from quire.domain.redaction import redact
from quire.domain.registry import RegisteredModel
from quire.store.base import Store


def move_with_record(registry: Store, event: Promotion) -> Promotion:
    """Move an alias of a model from ``event.old`` to ``event.new``, with the record, both or neither.

    Records of one alias have times that differ, so that their order is known. InvalidState unless the alias is at
    ``event.old``.
    """
    tags = registry.get_registered_model(event.name).tags
    last = max((one.at for one in promotions_in(tags, event.alias)), default=0)
    dated = msgspec.structs.replace(event, at=max(now_ms(), last + 1))
    registry.move_alias(event.name, event.alias, event.new, expected=event.old, tag=promotion_tag(dated))
    return dated


def move_prompt_with_record(registry: Store, name: str, event: AliasEvent) -> AliasEvent:
    """The same for an alias of a prompt, whose records are :class:`AliasEvent`. InvalidState as above."""
    before = alias_events(registry.get_registered_model(name).tags, event.alias)
    last = max((one.at for one in before.values()), default=0)
    dated = msgspec.structs.replace(event, at=max(now_ms(), last + 1))
    key, value = event_tag(dated)
    old, new = (None if number is None else str(number) for number in (event.old, event.new))
    registry.move_alias(name, event.alias, new, expected=old, tag=Tag(key, value))
    return dated


def alias_and_before(registry: Store, name: str, alias: str) -> tuple[str | None, str | None]:
    """The version that an alias has now, and the one to which a rollback would lead. NotFound for no such model."""
    model = registry.get_registered_model(name)
    current = model.aliases.get(alias)
    return current, version_before(promotions_in(model.tags, alias), current)


def move_alias(
    registry: Store, name: str, alias: str, version: str | None, *, expected: str | None, reason: str, by: str
) -> Promotion:
    """Move an alias of a model without evidence, which its record says; without a version the alias is removed.

    Raises InvalidState unless the alias is at ``expected`` (None: nowhere), InvalidInput without a reason and for the
    name of a prompt, NotFound for a version that there is not.
    """
    check_alias(alias)
    said = redact(check_text(reason, "The reason")).strip()
    if not said:
        raise InvalidInput(f"models:/{name}@{alias} is not moved without a reason, which its record keeps.")
    model_of_name(registry, name)
    if version is not None:
        registry.get_model_version(name, version)
    event = Promotion(name=name, alias=alias, old=expected, new=version, by=by, reason=said, forced=True)
    return move_with_record(registry, event)


def roll_back(registry: Store, name: str, alias: str, *, reason: str, by: str) -> Promotion:
    """Move an alias of a model back to the version that it had before, with the record.

    Raises InvalidState if no earlier version is recorded, or if it was deleted.
    """
    said = redact(check_text(reason, "The reason"))
    model_of_name(registry, name)
    current, target = alias_and_before(registry, name, alias)
    if target is None:
        raise InvalidState(
            f"No promotion tells which version models:/{name}@{alias} had before. Choose one: "
            f"promote('models:/{name}/VERSION', force=True, reason=…)."
        )
    try:
        registry.get_model_version(name, target)
    except NotFound:
        raise InvalidState(
            f"models:/{name}@{alias} was at version {target} before, which has been deleted. Choose another: "
            f"promote('models:/{name}/VERSION', force=True, reason=…)."
        ) from None
    event = Promotion(name=name, alias=alias, kind="rollback", old=current, new=target, by=by, reason=said)
    return move_with_record(registry, event)


def model_of_name(registry: Store, name: str) -> RegisteredModel:
    """A registered model. Raises NotFound, and InvalidInput for the name of a prompt."""
    model = registry.get_registered_model(name)
    if IS_PROMPT in model.tags:
        raise InvalidInput(f"{name!r} is the name of a prompt, not of a model. Its aliases are moved as a prompt's.")
    return model
