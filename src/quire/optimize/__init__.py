"""Finding better prompts under a budget, decided on records that the search never sees."""

from __future__ import annotations

from quire.optimize.asking import ModelProposer
from quire.optimize.dspy import DspyProposer
from quire.optimize.optimizing import optimize_prompt
from quire.optimize.proposing import Discarded, Example, NoProposal, Proposer, Request, Tried
from quire.optimize.results import Candidate, Optimized

__all__ = [
    "Candidate",
    "Discarded",
    "DspyProposer",
    "Example",
    "ModelProposer",
    "NoProposal",
    "Optimized",
    "Proposer",
    "Request",
    "Tried",
    "optimize_prompt",
]
