"""What came of a version of a prompt or of a model, found in the stores by the links that were made."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TypeVar

from quire.domain.endpoints import Endpoint
from quire.domain.entities import Run
from quire.domain.errors import QuireError
from quire.domain.lineage import Lineage, LineageEdge, LineageNode
from quire.domain.prompt_links import linked_prompts
from quire.domain.prompt_uris import version_uri
from quire.domain.registry import LoggedModel, ModelVersion
from quire.domain.traces import PromptVersionRef
from quire.domain.uris import parse_model_uri
from quire.store.base import Store
from quire.store.resolve import ResolvedModel, resolve
from quire.store.serving import serving_of
from quire.tracking.client.prompt_usage import EVALUATION, RUN_TYPE, usage_of
from quire.tracking.origin import PARENT

MODEL_TAG = "quire.evaluation.model"
"""On the run of a variant of an evaluation: the version of a registered model that it is."""
MayRead = Callable[[str, str], bool]
"""Whether a thing may be read: its kind (experiment, registered_model, endpoint), and its key."""
_EXPERIMENTS = 1000
T = TypeVar("T")


def anything(_kind: str, _key: str) -> bool:
    """Everything may be read."""
    return True


def prompt_lineage(
    store: Store, registry: Store, name: str, version: str, *, most: int, may_read: MayRead = anything
) -> Lineage:
    """Version → logged models → registered versions → endpoints, and the runs and evaluations of all of them.

    At most ``most`` of each kind. What ``may_read`` refuses is left out.
    """
    link = PromptVersionRef(name, version)
    usage = usage_of(store, link, most, lambda experiment_id: may_read("experiment", experiment_id))
    graph = _Graph(store, registry, most, may_read)
    root = graph.add(_prompt(name, version, registry))
    for model in usage.models:
        graph.add_logged(model, root)
    evaluations = {run.info.run_id for run in usage.evaluations}
    for run in (*usage.runs, *usage.evaluations):
        graph.add_run(run, root, is_evaluation=run.info.run_id in evaluations)
    for run in usage.runs:
        graph.link_to_parent(run)
    graph.add_endpoints()
    return graph.lineage(traces=len(usage.traces), complete=usage.complete)


def model_lineage(
    store: Store, registry: Store, name: str, version: str, *, most: int, may_read: MayRead = anything
) -> Lineage:
    """Where a model version came from (prompts, run), which evaluations scored it, which endpoints answer with it.

    At most ``most`` of each kind. What ``may_read`` refuses is left out.
    """
    stored = registry.get_model_version(name, version)
    graph = _Graph(store, registry, most, may_read)
    root = graph.add(_registered(stored))
    model = _or_none(lambda: store.get_logged_model(stored.model_id or ""))
    if model is not None and may_read("experiment", model.experiment_id):
        graph.knows(model, root)
        for link in linked_prompts(model.tags):
            if may_read("registered_model", link.name):
                graph.edge(graph.add(_prompt(link.name, link.version, registry)), root)
    made_by = stored.run_id or (model.source_run_id if model else None)
    source = _or_none(lambda: store.get_run(made_by or ""))
    if source is not None and may_read("experiment", source.info.experiment_id):
        graph.edge(graph.add(_run(source, is_evaluation=False)), root)
    for run in _scored(store, name, version, most, may_read):
        graph.add_run(run, root, is_evaluation=False)
        graph.link_to_parent(run)
    graph.add_endpoints()
    return graph.lineage(traces=0, complete=True)


class _Graph:
    """A lineage while it is gathered."""

    def __init__(self, store: Store, registry: Store, most: int, may_read: MayRead) -> None:
        self._store, self._registry, self._most, self._may_read = store, registry, most, may_read
        self._nodes: dict[str, LineageNode] = {}
        self._edges: dict[tuple[str, str], None] = {}
        self._by_model: dict[str, str] = {}

    def add(self, node: LineageNode) -> str:
        """Add a node; its id."""
        self._nodes.setdefault(node.id, node)
        return node.id

    def edge(self, source: str, target: str) -> None:
        """Say that one came of the other."""
        if source != target:
            self._edges[source, target] = None

    def lineage(self, *, traces: int, complete: bool) -> Lineage:
        """What was gathered."""
        edges = [LineageEdge(source=source, target=target) for source, target in self._edges]
        return Lineage(nodes=list(self._nodes.values()), edges=edges, traces=traces, complete=complete)

    def knows(self, model: LoggedModel, node: str) -> None:
        """Say which node stands for a logged model."""
        self._by_model[model.model_id] = node

    def add_logged(self, model: LoggedModel, root: str) -> None:
        """A logged model, and what it is registered as."""
        title = model.name or model.model_id
        node = self.add(
            LineageNode(
                id=model.model_id,
                kind="model",
                key=model.model_id,
                title=title,
                experiment_id=model.experiment_id,
            )
        )
        self.knows(model, node)
        self.edge(root, node)
        for version in self._versions(model):
            if self._may_read("registered_model", version.name):
                self.edge(node, self.add(_registered(version)))

    def add_run(self, run: Run, root: str, *, is_evaluation: bool) -> None:
        """A run, behind the models that it used or made, or else behind what was asked about."""
        node = self.add(_run(run, is_evaluation=is_evaluation))
        inputs = [item.model_id for item in run.inputs.model_inputs]
        outputs = [item.model_id for item in run.outputs.model_outputs]
        models = [self._by_model[item] for item in dict.fromkeys((*inputs, *outputs)) if item in self._by_model]
        for source in models or [root]:
            self.edge(source, node)

    def link_to_parent(self, run: Run) -> None:
        """The evaluation that a run is part of comes of it."""
        parent = run.data.tags.get(PARENT)
        if parent is None:
            return
        if _run_id(parent) not in self._nodes:
            found = _or_none(lambda: self._store.get_run(parent))
            if found is None or found.data.tags.get(RUN_TYPE) != EVALUATION:
                return
            self.add(_run(found, is_evaluation=True))
        self.edge(_run_id(run.info.run_id), _run_id(parent))

    def add_endpoints(self) -> None:
        """The endpoints that answer with one of the models that are here."""
        for endpoint in serving_of(self._store).list_endpoints():
            if self._may_read("endpoint", endpoint.name):
                self._add_endpoint(endpoint)

    def _add_endpoint(self, endpoint: Endpoint) -> None:
        for uri in (endpoint.model, *(shadow.model for shadow in endpoint.shadows)):
            served = self._served(uri)
            if served is not None:
                title = endpoint.name
                node = LineageNode(id=f"endpoint:{title}", kind="endpoint", key=title, title=title)
                self.edge(served, self.add(node))

    def _served(self, uri: str) -> str | None:
        """The node of a model that a URI names."""
        try:
            found: ResolvedModel = resolve(self._store, self._registry, parse_model_uri(uri))
        except QuireError:
            return None
        registered = f"models:/{found.name}/{found.version}" if found.version else ""
        return registered if registered in self._nodes else self._by_model.get(found.model_id or "")

    def _versions(self, model: LoggedModel) -> Iterable[ModelVersion]:
        run = model.source_run_id
        where = f"run_id = '{run}'" if run else f"source_path = '{model.model_uri}'"
        found = self._registry.search_model_versions(filter_string=where, max_results=self._most)
        return [version for version in found if version.model_id in (model.model_id, None)]


def _scored(store: Store, name: str, version: str, most: int, may_read: MayRead) -> list[Run]:
    """The runs of evaluations that scored a version, newest first."""
    quoted = f"models:/{name}/{version}".replace("'", "''")
    experiments = [
        experiment.experiment_id
        for experiment in store.search_experiments(max_results=_EXPERIMENTS)
        if may_read("experiment", experiment.experiment_id)
    ]
    if not experiments:
        return []
    found = store.search_runs(experiments, filter_string=f"tags.`{MODEL_TAG}` = '{quoted}'", max_results=most)
    return list(found)


def _prompt(name: str, version: str, registry: Store) -> LineageNode:
    stored = _or_none(lambda: registry.get_model_version(name, version))
    return LineageNode(
        id=version_uri(name, version),
        kind="prompt",
        key=name,
        version=version,
        title=f"{name}, version {version}",
        aliases=sorted(stored.aliases) if stored else [],
    )


def _registered(version: ModelVersion) -> LineageNode:
    return LineageNode(
        id=f"models:/{version.name}/{version.version}",
        kind="model_version",
        key=version.name,
        version=version.version,
        title=f"{version.name}, version {version.version}",
        aliases=sorted(version.aliases),
    )


def _run(run: Run, *, is_evaluation: bool) -> LineageNode:
    return LineageNode(
        id=_run_id(run.info.run_id),
        kind="evaluation" if is_evaluation else "run",
        key=run.info.run_id,
        title=run.info.run_name or run.info.run_id,
        experiment_id=run.info.experiment_id,
    )


def _run_id(run_id: str) -> str:
    return f"runs:/{run_id}"


def _or_none(find: Callable[[], T]) -> T | None:
    try:
        return find()
    except QuireError:
        return None
