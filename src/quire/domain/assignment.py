"""Assignment: which arm of a trial a key is given, by hashes alone, so that servers agree without talking.

Weighted rendezvous hashing: D. Thaler and C. Ravishankar, "Using name-based mappings to increase hit rates", IEEE/ACM
Transactions on Networking 6 (1998). Each arm draws an exponential number at the rate of its weight, from a hash of the
key and the arm's name; the least wins, which is each arm's with the probability of its share. When weights change, a
key moves from one arm to another only where the other's weight grew against the one's.
"""

from __future__ import annotations

from collections.abc import Mapping
from hashlib import blake2b
from math import log

import msgspec

from quire.domain.trials import Phase, RampStep, Trial

_ASSIGNING = ("running", "deciding")
_WHOLE = 2**64


class Assignment(msgspec.Struct, frozen=True):
    """The arm that a key was given, the number of the phase that gave it, and the key's hash (32 hex digits)."""

    arm: str
    phase: int
    unit: str


def assign(trial: Trial, key: str, now_ms: int) -> Assignment | None:
    """The arm of ``key`` at ``now_ms`` (ms since the epoch); None where it takes no part and is served the control.

    A key takes no part if it is held out, if the ramp has not reached it, before the first phase begins, and while the
    trial is paused or once it has ended. While a winner is being promoted ("deciding") keys keep their arms, so that
    nobody is sent to and fro. The keys of an arm that left take no part until a phase without that arm begins: the
    others' shares among themselves stay as the phase says.

    Pure, some microseconds. Whether the trial is about the caller's endpoint and namespace is not asked here.
    """
    if trial.state not in _ASSIGNING or now_ms < trial.phases[0].start_time:
        return None
    unit = _digest(trial.trial_id, key)
    if not _takes_part(trial, unit, now_ms):
        return None
    phase = phase_at(trial, now_ms)
    arm = _drawn(phase.weights, unit)
    return None if arm is None or arm in trial.removed else Assignment(arm, phase.number, unit.hex())


def unit_of(trial_id: str, key: str) -> str:
    """The hash of a key under which a trial counts it: 32 hexadecimal digits, others in every trial."""
    return _digest(trial_id, key).hex()


def phase_at(trial: Trial, now_ms: int) -> Phase:
    """The last phase whose start has come; before any has, the first."""
    for phase in reversed(trial.phases):
        if phase.start_time <= now_ms:
            return phase
    return trial.phases[0]


def ramp_share(ramp: list[RampStep], elapsed_s: float) -> float:
    """The share of keys, of those not held out, that a ramp lets in so many seconds after the first phase began.

    It is that of the last step that has come: 0 before the first step, 1 where there is no ramp.
    """
    if not ramp:
        return 1.0
    last: RampStep | None = None
    for step in ramp:
        if step.after_s <= elapsed_s and (last is None or step.after_s >= last.after_s):
            last = step
    return 0.0 if last is None else last.share


def _digest(trial_id: str, key: str) -> bytes:
    return blake2b(f"{trial_id}\0{key}".encode("utf-8", "surrogatepass"), digest_size=16).digest()


def _takes_part(trial: Trial, unit: bytes, now_ms: int) -> bool:
    """Both thresholds are on halves of the key's own hash, with which the arms' hashes have nothing to do.

    A half is compared with a threshold that only grows, so that who is in stays in, and who is held out stays out.
    """
    spec = trial.spec
    if spec.holdout and int.from_bytes(unit[:8], "big") < spec.holdout * _WHOLE:
        return False
    if not spec.ramp:
        return True
    share = ramp_share(spec.ramp, (now_ms - trial.phases[0].start_time) / 1000)
    return int.from_bytes(unit[8:], "big") < share * _WHOLE


def _drawn(weights: Mapping[str, float], unit: bytes) -> str | None:
    best: str | None = None
    least = 0.0
    for arm, weight in weights.items():
        if not weight > 0:
            continue
        drawn = blake2b(unit + arm.encode("utf-8", "surrogatepass"), digest_size=8).digest()
        waiting = -log((int.from_bytes(drawn, "big") + 1) / _WHOLE) / weight
        if best is None or waiting < least or (waiting == least and arm < best):
            best, least = arm, waiting
    return best
