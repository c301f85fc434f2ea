"""Regular expressions: whether an answer has a form."""

from __future__ import annotations

import functools
import re
from dataclasses import KW_ONLY, dataclass
from typing import Any

from quire.domain.errors import InvalidInput
from quire.scorers.base import Scorer
from quire.scorers.reading import answer_text, shown


@dataclass(frozen=True)
class RegexMatch(Scorer):
    """Whether ``pattern`` (Python's syntax, flags inside as ``(?i)``) is found in the answer. Binary.

    Accepts ``outputs`` that are text, or a mapping with text under ``response``. ``whole`` asks that the whole answer
    matches. Raises InvalidInput, when made, for a pattern that is none.
    """

    pattern: str
    _: KW_ONLY
    whole: bool = False
    name: str = "regex_match"
    kind = "binary"

    def __post_init__(self) -> None:
        if not isinstance(self.pattern, str):
            raise InvalidInput(f"The pattern is {shown(self.pattern)}; expected a regular expression as text.")
        try:
            re.compile(self.pattern)
        except re.error as error:
            raise InvalidInput(f"The pattern {self.pattern!r} is no regular expression: {error}.") from None

    @functools.cached_property
    def _finds(self) -> Any:
        compiled = re.compile(self.pattern)
        return compiled.fullmatch if self.whole else compiled.search

    def __call__(self, *, outputs: Any) -> bool:
        """Whether it is found."""
        return self._finds(answer_text(outputs)) is not None
