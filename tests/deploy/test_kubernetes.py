"""The manifests for Kubernetes: valid by its schemas, and as closed as they can be."""

from __future__ import annotations

import copy
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import kubernetes_validate
import pytest
import yaml

from quire import __version__

FOLDER = Path(__file__).resolve().parents[2] / "deploy" / "kubernetes"
VERSIONS = ("1.30.0", kubernetes_validate.latest_version())
Manifest = dict[str, Any]


def manifests() -> list[Manifest]:
    return [found for path in sorted(FOLDER.glob("*.yaml")) for found in yaml.safe_load_all(path.read_text())]


def named(kind: str) -> Manifest:
    return next(copy.deepcopy(item) for item in manifests() if item["kind"] == kind)


def pods() -> Iterator[tuple[str, Manifest]]:
    for item in manifests():
        if "template" in item.get("spec", {}):
            yield item["kind"], item["spec"]["template"]["spec"]


def weaknesses(pod: Manifest) -> list[str]:
    """What a pod may do that it need not."""
    found = []
    around = pod.get("securityContext", {})
    if not around.get("runAsNonRoot") or not around.get("runAsUser"):
        found.append("may be root")
    if around.get("seccompProfile", {}).get("type") != "RuntimeDefault":
        found.append("may make any system call")
    if pod.get("automountServiceAccountToken") is not False:
        found.append("is given a token of the cluster")
    for container in pod["containers"]:
        context = container.get("securityContext", {})
        if context.get("readOnlyRootFilesystem") is not True:
            found.append("may write to its image")
        if context.get("allowPrivilegeEscalation") is not False:
            found.append("may gain rights")
        if context.get("capabilities") != {"drop": ["ALL"]}:
            found.append("has capabilities")
        if not {"requests", "limits"} <= container.get("resources", {}).keys():
            found.append("has no limits")
    return found


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("manifest", manifests(), ids=lambda item: f"{item['kind']}-{item['metadata']['name']}")
def test_a_manifest_is_valid(manifest: Manifest, version: str) -> None:
    kubernetes_validate.validate(manifest, version, strict=True)


def test_all_that_is_needed_is_there() -> None:
    kinds = {item["kind"] for item in manifests()}
    assert kinds == {"ConfigMap", "ServiceAccount", "Deployment", "PodDisruptionBudget", "Service", "Job", "Ingress"}


def _remove(*path: Any) -> Callable[[Manifest], None]:
    def change(manifest: Manifest) -> None:
        for step in path[:-1]:
            manifest = manifest[step]
        del manifest[path[-1]]

    return change


def _set(*path: Any, value: Any) -> Callable[[Manifest], None]:
    def change(manifest: Manifest) -> None:
        for step in path[:-1]:
            manifest = manifest[step]
        manifest[path[-1]] = value

    return change


_CONTAINER = ("spec", "template", "spec", "containers", 0)


@pytest.mark.parametrize(
    ("kind", "change"),
    [
        ("Deployment", _remove("spec", "selector")),
        ("Deployment", _set(*_CONTAINER, "securityContext", "readOnlyRootFileSystem", value=True)),
        ("Deployment", _set(*_CONTAINER, "livenessProbe", "httpGet", "port", value=[5000])),
        ("Deployment", _set("spec", "replicas", value="two")),
        ("Service", _set("spec", "ports", 0, "port", value="80")),
        ("PodDisruptionBudget", _set("spec", "minAvailable", value={})),
        ("Job", _remove("spec", "template")),
        ("Ingress", _remove("spec", "rules", 0, "http", "paths", 0, "pathType")),
    ],
)
def test_a_broken_manifest_is_found(kind: str, change: Callable[[Manifest], None]) -> None:
    manifest = named(kind)
    change(manifest)
    with pytest.raises(kubernetes_validate.ValidationError):
        kubernetes_validate.validate(manifest, VERSIONS[-1], strict=True)


@pytest.mark.parametrize(("kind", "pod"), list(pods()), ids=[kind for kind, _ in pods()])
def test_a_pod_may_do_no_more_than_it_needs(kind: str, pod: Manifest) -> None:
    assert weaknesses(pod) == []


@pytest.mark.parametrize(
    ("change", "weakness"),
    [
        (_set("securityContext", "runAsNonRoot", value=False), "may be root"),
        (_remove("securityContext", "seccompProfile"), "may make any system call"),
        (_remove("automountServiceAccountToken"), "is given a token of the cluster"),
        (_remove("containers", 0, "securityContext", "readOnlyRootFilesystem"), "may write to its image"),
        (_set("containers", 0, "securityContext", "allowPrivilegeEscalation", value=True), "may gain rights"),
        (_set("containers", 0, "securityContext", "capabilities", value={"drop": ["NET_RAW"]}), "has capabilities"),
        (_remove("containers", 0, "resources", "limits"), "has no limits"),
    ],
)
def test_a_pod_that_may_do_more_is_found(change: Callable[[Manifest], None], weakness: str) -> None:
    pod = named("Deployment")["spec"]["template"]["spec"]
    change(pod)
    assert weaknesses(pod) == [weakness]


def test_the_parts_fit_together() -> None:
    deployment, service, budget, ingress = map(named, ("Deployment", "Service", "PodDisruptionBudget", "Ingress"))
    pod = deployment["spec"]["template"]
    labels = pod["metadata"]["labels"]
    selectors = [deployment["spec"]["selector"]["matchLabels"], budget["spec"]["selector"]["matchLabels"]]
    for selector in (*selectors, service["spec"]["selector"]):
        assert selector.items() <= labels.items()
    assert named("Job")["spec"]["template"]["metadata"]["labels"] != labels, "the Service would send requests there"
    container = pod["spec"]["containers"][0]
    assert [port["name"] for port in container["ports"]] == [service["spec"]["ports"][0]["targetPort"]]
    for probe in ("startupProbe", "readinessProbe", "livenessProbe"):
        assert container[probe]["httpGet"] == {"path": "/health", "port": "http"}
    backend = ingress["spec"]["rules"][0]["http"]["paths"][0]["backend"]["service"]
    assert backend == {"name": service["metadata"]["name"], "port": {"name": service["spec"]["ports"][0]["name"]}}
    assert ingress["spec"]["rules"][0]["host"] == named("ConfigMap")["data"]["QUIRE_ALLOWED_HOSTS"]
    assert deployment["spec"]["replicas"] > budget["spec"]["minAvailable"], "no node could be emptied"
    images = {each["image"] for _, spec in pods() for each in spec["containers"]}
    assert images == {f"quire:{__version__}"}


def test_secrets_are_referred_to_and_not_written() -> None:
    assert "Secret" not in {item["kind"] for item in manifests()}
    for name in named("ConfigMap")["data"]:
        assert not any(word in name for word in ("PASSWORD", "SECRET", "KEY", "TOKEN", "STORE_URI")), name


@pytest.mark.parametrize(("kind", "pod"), list(pods()), ids=[kind for kind, _ in pods()])
def test_the_commands_exist(kind: str, pod: Manifest) -> None:
    command = [sys.executable, "-m", "quire", *pod["containers"][0]["args"], "--help"]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert "Usage" in done.stdout
