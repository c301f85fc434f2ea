"""Live trials: starting them, reading what is known so far, ending them.

``start`` begins a trial on an endpoint or a prompt, ``report`` says what is known of it at any moment, ``record`` gives
it outcomes from an application, ``promote`` moves the alias that serves to the winner. Servers look after trials that
run (:mod:`quire.rollout.live`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from quire.domain.faces import face

if TYPE_CHECKING:
    from quire.domain.assignment import Assignment
    from quire.domain.trials import (
        Allocation,
        Arm,
        Decision,
        Guardrail,
        RampStep,
        StoppingRule,
        Trial,
        TrialMetric,
        TrialSpec,
    )
    from quire.trials.changing import add_arm, pause, remove_arm, resume, stop
    from quire.trials.feedback import give_feedback
    from quire.trials.promoting import promote
    from quire.trials.results import (
        ArmFigures,
        Difference,
        GuardrailReport,
        MetricReport,
        RatioCheck,
        TrialReport,
    )
    from quire.trials.starting import start, start_file
    from quire.trials.stored import assign, get, record, report, search

__all__ = [
    "Allocation",
    "Arm",
    "ArmFigures",
    "Assignment",
    "Decision",
    "Difference",
    "Guardrail",
    "GuardrailReport",
    "MetricReport",
    "RampStep",
    "RatioCheck",
    "StoppingRule",
    "Trial",
    "TrialMetric",
    "TrialReport",
    "TrialSpec",
    "add_arm",
    "assign",
    "get",
    "give_feedback",
    "pause",
    "promote",
    "record",
    "remove_arm",
    "report",
    "resume",
    "search",
    "start",
    "start_file",
    "stop",
]

_HOME = {
    "Allocation": "quire.domain.trials",
    "Arm": "quire.domain.trials",
    "ArmFigures": "quire.trials.results",
    "Assignment": "quire.domain.assignment",
    "Decision": "quire.domain.trials",
    "Difference": "quire.trials.results",
    "Guardrail": "quire.domain.trials",
    "GuardrailReport": "quire.trials.results",
    "MetricReport": "quire.trials.results",
    "RampStep": "quire.domain.trials",
    "RatioCheck": "quire.trials.results",
    "StoppingRule": "quire.domain.trials",
    "Trial": "quire.domain.trials",
    "TrialMetric": "quire.domain.trials",
    "TrialReport": "quire.trials.results",
    "TrialSpec": "quire.domain.trials",
    "add_arm": "quire.trials.changing",
    "assign": "quire.trials.stored",
    "get": "quire.trials.stored",
    "give_feedback": "quire.trials.feedback",
    "pause": "quire.trials.changing",
    "promote": "quire.trials.promoting",
    "record": "quire.trials.stored",
    "remove_arm": "quire.trials.changing",
    "report": "quire.trials.stored",
    "resume": "quire.trials.changing",
    "search": "quire.trials.stored",
    "start": "quire.trials.starting",
    "start_file": "quire.trials.starting",
    "stop": "quire.trials.changing",
}

__getattr__, __dir__ = face(__name__, _HOME)
