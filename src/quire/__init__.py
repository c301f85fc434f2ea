"""Quire: package, track, compare, evaluate and serve OpenAI applications.

This module is a table of names: each is loaded from its own module when it is first used, so that importing
``quire`` costs next to nothing and a script that only logs metrics never loads the OpenAI SDK.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from quire._version import __version__

if TYPE_CHECKING:
    from quire import (
        artifacts,
        client,
        data,
        datasets,
        entities,
        exceptions,
        genai,
        judges,
        models,
        openai,
        optimize,
        prompts,
        pyfunc,
        registry,
        review,
        rollout,
        scorers,
        stats,
        testing,
        tracing,
        tracking,
        trials,
        types,
    )
    from quire.artifacts import (
        download_artifacts,
    )
    from quire.domain.errors import (
        QuireError,
    )
    from quire.domain.gates import (
        Gate,
        gate,
    )
    from quire.domain.prompt_config import (
        PromptModelConfig,
    )
    from quire.domain.prompts import (
        PromptVersion,
    )
    from quire.evaluate.engine import (
        evaluate,
    )
    from quire.evaluate.evaluation import (
        load_evaluation,
    )
    from quire.exceptions import (
        MlflowException,
    )
    from quire.openai.autologging.everything import (
        autolog,
    )
    from quire.optimize.optimizing import (
        optimize_prompt,
    )
    from quire.prompts.changing import (
        delete_prompt,
        delete_prompt_alias,
        delete_prompt_model_config,
        delete_prompt_tag,
        delete_prompt_version,
        delete_prompt_version_tag,
        prompt_alias_history,
        rollback_prompt_alias,
        set_prompt_alias,
        set_prompt_model_config,
        set_prompt_tag,
        set_prompt_version_tag,
    )
    from quire.prompts.loading import (
        load_prompt,
    )
    from quire.prompts.registering import (
        register_prompt,
    )
    from quire.prompts.searching import (
        get_prompt_tags,
        prompt_usage,
        search_prompt_versions,
        search_prompts,
    )
    from quire.registry import (
        register_model,
        resolve_model_uri,
        search_model_versions,
        search_registered_models,
        set_model_version_tag,
    )
    from quire.rollout.promoting import (
        promote,
        promotions,
        rollback,
    )
    from quire.scorers.functions import (
        scorer,
    )
    from quire.store.current import (
        get_registry_uri,
        get_tracking_uri,
        is_tracking_uri_set,
        set_registry_uri,
        set_tracking_uri,
    )
    from quire.tracing.decorator import (
        trace,
    )
    from quire.tracing.exporter import (
        flush_trace_async_logging,
    )
    from quire.tracing.fluent import (
        get_active_trace_id,
        get_current_active_span,
        get_last_active_trace_id,
        start_span,
        start_span_no_context,
        update_current_trace,
    )
    from quire.tracing.stored import (
        delete_assessment,
        delete_trace_tag,
        delete_traces,
        get_assessment,
        get_trace,
        log_assessment,
        log_expectation,
        log_feedback,
        override_feedback,
        search_traces,
        set_trace_tag,
        update_assessment,
    )
    from quire.tracking.client import (
        Client,
        MlflowClient,
    )
    from quire.tracking.context import (
        ActiveRun,
    )
    from quire.tracking.experiments import (
        create_experiment,
        delete_experiment,
        delete_experiment_tag,
        get_experiment,
        get_experiment_by_name,
        restore_experiment,
        search_experiments,
        set_experiment,
        set_experiment_tag,
        set_experiment_tags,
    )
    from quire.tracking.files import (
        get_artifact_uri,
        load_table,
        log_artifact,
        log_artifacts,
        log_dict,
        log_figure,
        log_image,
        log_stream,
        log_table,
        log_text,
    )
    from quire.tracking.inputs import (
        log_input,
        log_inputs,
        log_outputs,
    )
    from quire.tracking.models import (
        create_external_model,
        delete_logged_model,
        delete_logged_model_tag,
        finalize_logged_model,
        get_logged_model,
        initialize_logged_model,
        last_logged_model,
        log_model_params,
        set_logged_model_tags,
    )
    from quire.tracking.pictures import (
        Image,
    )
    from quire.tracking.record import (
        delete_tag,
        flush_artifact_async_logging,
        flush_async_logging,
        log_metric,
        log_metrics,
        log_param,
        log_params,
        set_tag,
        set_tags,
    )
    from quire.tracking.runs import (
        active_run,
        delete_run,
        end_run,
        get_parent_run,
        get_run,
        last_active_run,
        restore_run,
        start_run,
    )
    from quire.tracking.search import (
        search_logged_models,
        search_runs,
    )

_HOME: dict[str, str] = {
    "download_artifacts": "quire.artifacts",
    "QuireError": "quire.domain.errors",
    "Gate": "quire.domain.gates",
    "gate": "quire.domain.gates",
    "PromptModelConfig": "quire.domain.prompt_config",
    "PromptVersion": "quire.domain.prompts",
    "load_evaluation": "quire.evaluate.evaluation",
    "MlflowException": "quire.exceptions",
    "autolog": "quire.openai.autologging.everything",
    "optimize_prompt": "quire.optimize.optimizing",
    "delete_prompt": "quire.prompts.changing",
    "delete_prompt_alias": "quire.prompts.changing",
    "delete_prompt_model_config": "quire.prompts.changing",
    "delete_prompt_tag": "quire.prompts.changing",
    "delete_prompt_version": "quire.prompts.changing",
    "delete_prompt_version_tag": "quire.prompts.changing",
    "prompt_alias_history": "quire.prompts.changing",
    "rollback_prompt_alias": "quire.prompts.changing",
    "set_prompt_alias": "quire.prompts.changing",
    "set_prompt_model_config": "quire.prompts.changing",
    "set_prompt_tag": "quire.prompts.changing",
    "set_prompt_version_tag": "quire.prompts.changing",
    "load_prompt": "quire.prompts.loading",
    "register_prompt": "quire.prompts.registering",
    "get_prompt_tags": "quire.prompts.searching",
    "prompt_usage": "quire.prompts.searching",
    "search_prompt_versions": "quire.prompts.searching",
    "search_prompts": "quire.prompts.searching",
    "register_model": "quire.registry",
    "resolve_model_uri": "quire.registry",
    "search_model_versions": "quire.registry",
    "search_registered_models": "quire.registry",
    "set_model_version_tag": "quire.registry",
    "scorer": "quire.scorers.functions",
    "promote": "quire.rollout.promoting",
    "promotions": "quire.rollout.promoting",
    "rollback": "quire.rollout.promoting",
    "get_registry_uri": "quire.store.current",
    "get_tracking_uri": "quire.store.current",
    "is_tracking_uri_set": "quire.store.current",
    "set_registry_uri": "quire.store.current",
    "set_tracking_uri": "quire.store.current",
    "trace": "quire.tracing.decorator",
    "flush_trace_async_logging": "quire.tracing.exporter",
    "get_active_trace_id": "quire.tracing.fluent",
    "get_current_active_span": "quire.tracing.fluent",
    "get_last_active_trace_id": "quire.tracing.fluent",
    "start_span": "quire.tracing.fluent",
    "start_span_no_context": "quire.tracing.fluent",
    "update_current_trace": "quire.tracing.fluent",
    "delete_assessment": "quire.tracing.stored",
    "delete_trace_tag": "quire.tracing.stored",
    "delete_traces": "quire.tracing.stored",
    "get_assessment": "quire.tracing.stored",
    "get_trace": "quire.tracing.stored",
    "log_assessment": "quire.tracing.stored",
    "log_expectation": "quire.tracing.stored",
    "log_feedback": "quire.tracing.stored",
    "override_feedback": "quire.tracing.stored",
    "search_traces": "quire.tracing.stored",
    "set_trace_tag": "quire.tracing.stored",
    "update_assessment": "quire.tracing.stored",
    "Client": "quire.tracking.client",
    "MlflowClient": "quire.tracking.client",
    "ActiveRun": "quire.tracking.context",
    "create_experiment": "quire.tracking.experiments",
    "delete_experiment": "quire.tracking.experiments",
    "delete_experiment_tag": "quire.tracking.experiments",
    "get_experiment": "quire.tracking.experiments",
    "get_experiment_by_name": "quire.tracking.experiments",
    "restore_experiment": "quire.tracking.experiments",
    "search_experiments": "quire.tracking.experiments",
    "set_experiment": "quire.tracking.experiments",
    "set_experiment_tag": "quire.tracking.experiments",
    "set_experiment_tags": "quire.tracking.experiments",
    "get_artifact_uri": "quire.tracking.files",
    "load_table": "quire.tracking.files",
    "log_artifact": "quire.tracking.files",
    "log_artifacts": "quire.tracking.files",
    "log_dict": "quire.tracking.files",
    "log_figure": "quire.tracking.files",
    "log_image": "quire.tracking.files",
    "log_stream": "quire.tracking.files",
    "log_table": "quire.tracking.files",
    "log_text": "quire.tracking.files",
    "log_input": "quire.tracking.inputs",
    "log_inputs": "quire.tracking.inputs",
    "log_outputs": "quire.tracking.inputs",
    "create_external_model": "quire.tracking.models",
    "delete_logged_model": "quire.tracking.models",
    "delete_logged_model_tag": "quire.tracking.models",
    "finalize_logged_model": "quire.tracking.models",
    "get_logged_model": "quire.tracking.models",
    "initialize_logged_model": "quire.tracking.models",
    "last_logged_model": "quire.tracking.models",
    "log_model_params": "quire.tracking.models",
    "set_logged_model_tags": "quire.tracking.models",
    "Image": "quire.tracking.pictures",
    "delete_tag": "quire.tracking.record",
    "flush_artifact_async_logging": "quire.tracking.record",
    "flush_async_logging": "quire.tracking.record",
    "log_metric": "quire.tracking.record",
    "log_metrics": "quire.tracking.record",
    "log_param": "quire.tracking.record",
    "log_params": "quire.tracking.record",
    "set_tag": "quire.tracking.record",
    "set_tags": "quire.tracking.record",
    "active_run": "quire.tracking.runs",
    "delete_run": "quire.tracking.runs",
    "end_run": "quire.tracking.runs",
    "get_parent_run": "quire.tracking.runs",
    "get_run": "quire.tracking.runs",
    "last_active_run": "quire.tracking.runs",
    "restore_run": "quire.tracking.runs",
    "start_run": "quire.tracking.runs",
    "search_logged_models": "quire.tracking.search",
    "search_runs": "quire.tracking.search",
}
"""Public name to the module that defines it."""

_SUBMODULES = frozenset(
    {
        "artifacts",
        "client",
        "data",
        "datasets",
        "entities",
        "evaluate",
        "exceptions",
        "judges",
        "genai",
        "models",
        "openai",
        "optimize",
        "prompts",
        "pyfunc",
        "registry",
        "review",
        "rollout",
        "scorers",
        "stats",
        "testing",
        "tracing",
        "tracking",
        "trials",
        "types",
    }
)

__all__ = [
    "ActiveRun",
    "Client",
    "Gate",
    "Image",
    "MlflowClient",
    "MlflowException",
    "PromptModelConfig",
    "PromptVersion",
    "QuireError",
    "__version__",
    "active_run",
    "artifacts",
    "autolog",
    "client",
    "create_experiment",
    "create_external_model",
    "data",
    "datasets",
    "delete_assessment",
    "delete_experiment",
    "delete_experiment_tag",
    "delete_logged_model",
    "delete_logged_model_tag",
    "delete_prompt",
    "delete_prompt_alias",
    "delete_prompt_model_config",
    "delete_prompt_tag",
    "delete_prompt_version",
    "delete_prompt_version_tag",
    "delete_run",
    "delete_tag",
    "delete_trace_tag",
    "delete_traces",
    "download_artifacts",
    "end_run",
    "entities",
    "evaluate",
    "exceptions",
    "finalize_logged_model",
    "flush_artifact_async_logging",
    "flush_async_logging",
    "flush_trace_async_logging",
    "gate",
    "genai",
    "get_active_trace_id",
    "get_artifact_uri",
    "get_assessment",
    "get_current_active_span",
    "get_experiment",
    "get_experiment_by_name",
    "get_last_active_trace_id",
    "get_logged_model",
    "get_parent_run",
    "get_prompt_tags",
    "get_registry_uri",
    "get_run",
    "get_trace",
    "get_tracking_uri",
    "initialize_logged_model",
    "is_tracking_uri_set",
    "judges",
    "last_active_run",
    "last_logged_model",
    "load_evaluation",
    "load_prompt",
    "load_table",
    "log_artifact",
    "log_artifacts",
    "log_assessment",
    "log_dict",
    "log_expectation",
    "log_feedback",
    "log_figure",
    "log_image",
    "log_input",
    "log_inputs",
    "log_metric",
    "log_metrics",
    "log_model_params",
    "log_outputs",
    "log_param",
    "log_params",
    "log_stream",
    "log_table",
    "log_text",
    "models",
    "openai",
    "optimize",
    "optimize_prompt",
    "override_feedback",
    "promote",
    "promotions",
    "prompt_alias_history",
    "prompt_usage",
    "prompts",
    "pyfunc",
    "register_model",
    "register_prompt",
    "registry",
    "resolve_model_uri",
    "restore_experiment",
    "restore_run",
    "review",
    "rollback",
    "rollback_prompt_alias",
    "rollout",
    "scorer",
    "scorers",
    "search_experiments",
    "search_logged_models",
    "search_model_versions",
    "search_prompt_versions",
    "search_prompts",
    "search_registered_models",
    "search_runs",
    "search_traces",
    "set_experiment",
    "set_experiment_tag",
    "set_experiment_tags",
    "set_logged_model_tags",
    "set_model_version_tag",
    "set_prompt_alias",
    "set_prompt_model_config",
    "set_prompt_tag",
    "set_prompt_version_tag",
    "set_registry_uri",
    "set_tag",
    "set_tags",
    "set_trace_tag",
    "set_tracking_uri",
    "start_run",
    "start_span",
    "start_span_no_context",
    "stats",
    "testing",
    "trace",
    "tracing",
    "tracking",
    "trials",
    "types",
    "update_assessment",
    "update_current_trace",
]


def __getattr__(name: str) -> Any:
    if name in _HOME:
        value = getattr(importlib.import_module(_HOME[name]), name)
    elif name in _SUBMODULES:
        value = importlib.import_module(f"quire.{name}")
    else:
        raise AttributeError(f"module 'quire' has no attribute {name!r}")
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
