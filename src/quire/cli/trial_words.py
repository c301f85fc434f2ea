"""What the words of ``quire trials`` stand for: arms, bounds, margins, the trial itself."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from quire.cli.output import Output, clean, make_console, styled
from quire.domain.errors import InvalidInput, NotFound
from quire.domain.trials import Trial

if TYPE_CHECKING:
    from quire.rollout.live import Done


def said_arm(said: str) -> tuple[str, str | tuple[str, float]]:
    """``NAME=URI`` or ``NAME=URI,WEIGHT``."""
    name, equals, uri = said.partition("=")
    if not equals or not name or not uri:
        raise InvalidInput(f"{said!r} is no NAME=URI, such as terse=models:/joker/4.")
    model, comma, weight = uri.rpartition(",")
    return (name, (model, _number(said, weight))) if comma else (name, uri)


def said_bounds(said: str) -> tuple[str, tuple[float, float] | None]:
    """``NAME`` or ``NAME=LOW,HIGH``."""
    name, equals, bounds = said.partition("=")
    if not equals:
        return name, None
    low, comma, high = bounds.partition(",")
    if not comma:
        raise InvalidInput(f"{said!r} is no NAME=LOW,HIGH, such as stars=1,5.")
    return name, (_number(said, low), _number(said, high))


def said_margin(said: str) -> tuple[str, float]:
    """``METRIC=MARGIN``."""
    name, equals, margin = said.partition("=")
    if not equals:
        raise InvalidInput(f"{said!r} is no METRIC=MARGIN, such as cost_usd=1.2.")
    return name, _number(said, margin)


def rule(**fields: Any) -> dict[str, Any]:
    """The fields of a stopping rule that were said."""
    return {name: value for name, value in fields.items() if value is not None}


def find_trial(text: str) -> Trial:
    """A trial by its id, or by what it is on: the one that is under way, else the newest. NotFound, InvalidInput."""
    from quire import trials

    if text.startswith(("t-", "trials:/")):
        return trials.get(text)
    found = trials.search(text)
    if not found:
        raise NotFound(f"There is no trial on {text!r}. `quire trials list` shows those that there are.")
    under_way = [one for one in found if one.state != "ended"]
    if len(under_way) > 1:
        listed = ", ".join(f"{one.trial_id} ({one.spec.namespace or 'for all'})" for one in under_way)
        raise InvalidInput(f"Several trials on {text!r} are under way: {listed}. Give an id.")
    return (under_way or found)[0]


def keep_going(out: Output, *, once: bool, every_s: float) -> list[Done]:
    """Look at the trials, once or until the program is interrupted; each step is said on standard error."""
    from quire.serving.keeping import Keeping
    from quire.store.current import get_registry_uri, get_tracking_uri

    console = make_console(stderr=True)

    def told(done: Done) -> None:
        line = f"{done.trial.trial_id} on {done.trial.spec.subject}: {done.step}. {done.said}"
        console.print(styled(clean(line)), soft_wrap=True)

    keeping = Keeping(get_tracking_uri(), get_registry_uri(), every_s=every_s, told=told)
    if once:
        return keeping.round()
    keeping.start()
    try:
        while True:
            time.sleep(3600)
    finally:
        keeping.close()


def _number(said: str, text: str) -> float:
    try:
        return float(text)
    except ValueError:
        raise InvalidInput(f"{said!r} has {text!r} where a number is expected.") from None
