"""Promotion and rollback: an alias moved on evidence, recorded, and taken back."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

from quire.domain.errors import InvalidInput, InvalidState, NotFound
from quire.domain.gates import Gate, GateResult, read_gate
from quire.domain.names import check_alias, check_text
from quire.domain.promotions import Promotion, promotions_in
from quire.domain.redaction import redact
from quire.domain.uris import RegisteredModelUri, parse_model_uri
from quire.registry.moving import move_with_record, roll_back
from quire.rollout.evidence import Evidence, Found, find_evidence
from quire.rollout.judging import judge
from quire.store.base import Store
from quire.store.resolve import resolve
from quire.tracking import origin
from quire.tracking.client import Client

if TYPE_CHECKING:
    from quire.evaluate.evaluation import Evaluation


class PromotionRefused(InvalidState):
    """The gate did not pass. ``result`` has its checks with their figures."""

    def __init__(self, message: str, result: GateResult) -> None:
        super().__init__(message)
        self.result = result


def promote(
    uri: str,
    gate: Gate | None = None,
    evidence: str | Evaluation | Sequence[str | Evaluation] | None = None,
    *,
    alias: str = "champion",
    force: bool = False,
    reason: str = "",
    seed: int = 0,
    client: Client | None = None,
    by: str | None = None,
) -> Promotion:
    """Point an alias at a version of a registered model if its gate passes, and record that.

    ``uri`` is ``models:/NAME/VERSION`` (or another alias). ``evidence`` is an evaluation, or the id of its run, or
    several, that scored both this version and what the gate compares it with; without it the newest stored evaluation
    that scored both is taken. The first version to get the alias has nothing to be compared with and needs neither.
    ``force=True`` moves the alias without evidence or against it, needs a ``reason``, and says so in the record.

    ``client`` names other stores than the current ones; ``by`` who promotes, where that is not who runs this.

    The alias moves only if it is still where it was when the gate was asked: of two promotions at once one wins, and
    the other raises InvalidState. Raises PromotionRefused (an InvalidState) when the gate does not pass, InvalidInput
    without a gate, NotFound for a version, or evidence on it, that there is not.
    """
    check_alias(alias)
    said = redact(check_text(reason, "The reason"))
    client = client or Client()
    challenger = _version_of(client, uri)
    name, old = challenger.name, _current(client, challenger.name, alias)
    _refuse_without_grounds(challenger, old, alias, gate, force=force, reason=said)
    wanted = None if gate is None else read_gate(gate)
    result, runs = _judged(client, challenger, old, alias, wanted, evidence, seed=seed)
    if result is not None and not result.passed and not force:
        failed = "; ".join(f"{check.name}: {check.said}" for check in result.checks if not check.passed)
        raise PromotionRefused(
            f"models:/{name}/{challenger.version} is not promoted: {failed}. Gather more evidence, or force it with a "
            "reason.",
            result,
        )
    promotion = Promotion(
        name=name,
        alias=alias,
        old=old,
        new=challenger.version,
        by=origin.user() if by is None else by,
        reason=said,
        evidence=runs,
        gate=wanted,
        checks=[] if result is None else result.checks,
        forced=force and (result is None or not result.passed),
    )
    return move_with_record(client.registry_store, promotion)


def rollback(uri: str, *, reason: str = "") -> Promotion:
    """Move an alias (``models:/NAME@ALIAS``) back to the version that it had before, and record that.

    Once more goes one promotion further back. Raises InvalidState if no earlier version is recorded, or if it was
    deleted; InvalidInput for a URI without an alias.
    """
    return rollback_in(Client().registry_store, uri, reason=reason, by=origin.user())


def rollback_in(registry: Store, uri: str, *, reason: str, by: str) -> Promotion:
    """:func:`rollback` in a registry, for somebody of this name."""
    found = parse_model_uri(str(uri))
    if not isinstance(found, RegisteredModelUri) or not found.alias:
        raise InvalidInput(f"{uri!r} names no alias; expected models:/NAME@ALIAS, such as models:/solver@champion.")
    return roll_back(registry, found.name, found.alias, reason=reason, by=by)


def promotions(name: str, alias: str | None = None) -> list[Promotion]:
    """What became of the aliases of a registered model, or of one of them, oldest first. NotFound for no such model."""
    return promotions_in(Client().registry_store.get_registered_model(name).tags, alias)


def _version_of(client: Client, uri: str) -> Found:
    parsed = parse_model_uri(str(uri))
    if not isinstance(parsed, RegisteredModelUri):
        raise InvalidInput(f"{uri!r} is no version of a registered model; expected models:/NAME/VERSION.")
    registered = resolve(client.store, client.registry_store, parsed).registered()
    return Found(registered.name, str(registered.version))


def _current(client: Client, name: str, alias: str) -> str | None:
    return client.registry_store.get_registered_model(name).aliases.get(alias)


def _refuse_without_grounds(
    challenger: Found, old: str | None, alias: str, gate: Gate | None, *, force: bool, reason: str
) -> None:
    if force and not reason:
        raise InvalidInput("A promotion that is forced needs a reason, which its record keeps: reason='…'.")
    if old == challenger.version:
        raise InvalidState(f"models:/{challenger.name}@{alias} is at version {old} already; nothing was changed.")
    if gate is None and old is not None and not force:
        raise InvalidInput(
            f"models:/{challenger.name}@{alias} is at version {old}, and nothing says that version "
            f"{challenger.version} is better. Give a gate and its evidence: promote(uri, gate=quire.gate('SCORER'), "
            "evidence=evaluation); or force=True with a reason."
        )


def _judged(
    client: Client,
    challenger: Found,
    old: str | None,
    alias: str,
    gate: Gate | None,
    evidence: Any,
    *,
    seed: int,
) -> tuple[GateResult | None, list[str]]:
    """What the gate says, and the runs that it looked at; nothing where there is nothing to compare with."""
    if gate is None:
        return None, []
    against = _against(client, challenger, old, alias, gate)
    if against is None:
        return None, []
    if evidence is None:
        if isinstance(against, str):
            raise InvalidInput(
                f"The gate compares with the variant {against!r}, which evidence has to name: an evaluation, or the id "
                "of its run."
            )
        evidence = find_evidence(challenger, against, client=client)
    found = Evidence(evidence if _is_several(evidence) else [evidence])
    champion, challenged = found.of(against), found.of(challenger)
    return judge(gate, champion, challenged, seed=seed), found.run_ids


def _against(client: Client, challenger: Found, old: str | None, alias: str, gate: Gate) -> Found | str | None:
    """What the challenger is compared with: a version, or the name of a variant; None where there is none yet."""
    wanted = gate.better_than
    if wanted.startswith("@"):
        named = wanted.removeprefix("@")
        version = old if named == alias else _current(client, challenger.name, named)
        if version is None and named != alias:
            raise NotFound(f"The gate compares with models:/{challenger.name}{wanted}, and there is no such alias.")
        return None if version is None else Found(challenger.name, version)
    return _version_of(client, wanted) if wanted.startswith("models:/") else wanted


def _is_several(evidence: object) -> bool:
    return isinstance(evidence, Iterable) and not isinstance(evidence, str)
