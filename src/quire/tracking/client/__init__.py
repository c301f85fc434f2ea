"""The client: everything stored, addressed by id or name, without an active run."""

from __future__ import annotations

from quire.tracking.client.assessments import AssessmentCalls
from quire.tracking.client.datasets import DatasetCalls
from quire.tracking.client.experiments import ExperimentCalls
from quire.tracking.client.logged_models import LoggedModelCalls
from quire.tracking.client.pictures import PictureCalls
from quire.tracking.client.prompt_aliases import PromptAliasCalls
from quire.tracking.client.prompt_links import PromptLinkCalls
from quire.tracking.client.registry import RegistryCalls
from quire.tracking.client.tables import TableCalls

__all__ = ["Client", "MlflowClient"]


class Client(
    ExperimentCalls,
    TableCalls,
    PictureCalls,
    LoggedModelCalls,
    RegistryCalls,
    PromptAliasCalls,
    PromptLinkCalls,
    AssessmentCalls,
    DatasetCalls,
):
    """Experiments, runs, artifacts, logged models, the registry, prompts, traces and evaluation datasets of one store.

    Methods have MLflow's names, parameters and meaning. A client is cheap to make and safe to share between
    threads; it keeps the store that was current when it was made.
    """


MlflowClient = Client
