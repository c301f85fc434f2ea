"""Compose files and manifests that `quire deploy` makes: valid by their schemas, and as closed as they can be."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import kubernetes_validate
import pytest
import yaml

from quire.deploy import Plan, make_plan
from quire.deploy.compose import compose_text
from quire.deploy.dockerfile import dockerfile, dockerignore
from quire.deploy.kubernetes import UNROUTED_S, kubernetes_text
from quire.deploy.source import Source
from quire.domain.endpoints import Endpoint, Upstream
from tests.deploy.test_kubernetes import VERSIONS, weaknesses

WEST = Upstream(name="west", base_url="https://west.example.com:8443/v1", api_key_env="WEST_KEY")
ENTRA = Upstream(name="azure", api_type="azure_ad", api_version="2024-10-21", base_url="https://a.openai.azure.com")
PLANS = {
    "followed": make_plan([Endpoint(name="joker", model="models:/joker@champion", fallbacks=[WEST])], replicas=3),
    "baked": make_plan(
        [Endpoint(name="joker", model="models:/joker/1")], name="jokes", image="a.example/j:2", baked=True
    ),
    "azure": make_plan([Endpoint(name="joker", model="models:/joker/1", upstream=ENTRA)], replicas=1, most_replicas=1),
}
Manifest = dict[str, Any]


@pytest.fixture(params=PLANS.values(), ids=PLANS.keys())
def plan(request: pytest.FixtureRequest) -> Plan:
    found: Plan = request.param
    return found


def manifests(plan: Plan) -> dict[str, Manifest]:
    return {item["kind"]: item for item in yaml.safe_load_all(kubernetes_text(plan))}


@pytest.mark.parametrize("version", VERSIONS)
def test_manifests_are_valid(plan: Plan, version: str) -> None:
    found = manifests(plan)
    assert set(found) == {
        *("ServiceAccount", "NetworkPolicy", "Deployment", "Service", "HorizontalPodAutoscaler", "PodDisruptionBudget"),
    }
    for manifest in found.values():
        kubernetes_validate.validate(manifest, version, strict=True)


def test_pods_may_do_no_more_than_they_need(plan: Plan) -> None:
    assert weaknesses(manifests(plan)["Deployment"]["spec"]["template"]["spec"]) == []


def test_keys_come_from_a_secret_that_is_made_apart(plan: Plan) -> None:
    text = kubernetes_text(plan)
    container = manifests(plan)["Deployment"]["spec"]["template"]["spec"]["containers"][0]
    assert all(set(variable) == {"name", "valueFrom"} for variable in container["env"])
    assert {variable["valueFrom"]["secretKeyRef"]["name"] for variable in container["env"]} == {plan.name}
    assert "kind: Secret" not in text
    assert f"kubectl create secret generic {plan.name}" in text


def test_a_key_that_an_identity_stands_for_is_optional() -> None:
    env = manifests(PLANS["azure"])["Deployment"]["spec"]["template"]["spec"]["containers"][0]["env"]
    assert env[0]["valueFrom"]["secretKeyRef"] == {"name": "quire-serve", "key": "OPENAI_API_KEY", "optional": True}


def test_a_pod_is_replaced_without_a_dropped_request(plan: Plan) -> None:
    deployment = manifests(plan)["Deployment"]["spec"]
    assert deployment["strategy"]["rollingUpdate"] == {"maxUnavailable": 0, "maxSurge": 1}
    pod = deployment["template"]["spec"]
    container = pod["containers"][0]
    assert container["lifecycle"]["preStop"]["exec"]["command"] == ["sleep", str(UNROUTED_S)]
    drain = int(container["args"][container["args"].index("--drain-timeout") + 1])
    assert pod["terminationGracePeriodSeconds"] > UNROUTED_S + drain
    for probe in ("startupProbe", "readinessProbe", "livenessProbe"):
        assert container[probe]["httpGet"] == {"path": "/health", "port": "http"}


def test_the_parts_fit_together(plan: Plan) -> None:
    found = manifests(plan)
    labels = found["Deployment"]["spec"]["template"]["metadata"]["labels"]
    for kind, path in (
        ("Service", ("spec", "selector")),
        ("PodDisruptionBudget", ("spec", "selector", "matchLabels")),
        ("NetworkPolicy", ("spec", "podSelector", "matchLabels")),
        ("Deployment", ("spec", "selector", "matchLabels")),
    ):
        selector: Any = found[kind]
        for step in path:
            selector = selector[step]
        assert selector.items() <= labels.items(), kind
    scaler = found["HorizontalPodAutoscaler"]["spec"]
    assert scaler["scaleTargetRef"] == {"apiVersion": "apps/v1", "kind": "Deployment", "name": plan.name}
    assert (scaler["minReplicas"], scaler["maxReplicas"]) == (plan.replicas, plan.most_replicas)
    assert "replicas" not in found["Deployment"]["spec"], "applying it again would undo what the autoscaler did"
    container = found["Deployment"]["spec"]["template"]["spec"]["containers"][0]
    assert container["image"] == plan.image
    assert {item["metadata"]["name"] for item in found.values()} == {plan.name}


def test_pods_reach_their_upstreams_and_the_store_and_nothing_else() -> None:
    policy = manifests(PLANS["followed"])["NetworkPolicy"]["spec"]
    assert policy["policyTypes"] == ["Ingress", "Egress"]
    ports = {port["port"] for rule in policy["egress"] for port in rule["ports"]}
    assert ports == {53, 443, 8443, 5432}


def test_the_compose_file_is_valid(plan: Plan, tmp_path: Path) -> None:
    path = tmp_path / "compose.yaml"
    path.write_text(compose_text(plan))
    command = [sys.executable, "-m", "check_jsonschema", "--builtin-schema", "vendor.compose-spec", str(path)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout


def test_the_compose_service_is_closed_and_its_secrets_come_from_outside(plan: Plan) -> None:
    service = yaml.safe_load(compose_text(plan))["services"]["serve"]
    assert (service["read_only"], service["cap_drop"]) == (True, ["ALL"])
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert service["ports"] == [f"127.0.0.1:{plan.port}:{plan.port}"]
    assert int(service["stop_grace_period"][:-1]) > plan.drain_s
    for name, value in service["environment"].items():
        assert re.fullmatch(rf"\$\{{{name}(:\?set {name}|:-)\}}", value), value


def instructions(text: str) -> list[tuple[str, str]]:
    joined = re.sub(r"\\\n", " ", "\n".join(line for line in text.splitlines() if not line.startswith("#")))
    return [(line.split()[0], line.partition(" ")[2].strip()) for line in joined.splitlines() if line.strip()]


@pytest.mark.parametrize("source", [Source(), Source(Path("/x/quire-0.1.0-py3-none-any.whl"))], ids=["index", "wheel"])
def test_the_image_is_as_closed_as_the_servers(plan: Plan, source: Source) -> None:
    text = dockerfile(plan, source)
    found = instructions(text)
    last = dict(found)
    assert [kind for kind, _ in found].count("FROM") == 2
    assert last["USER"] == "10001:10001"
    after = [kind for kind, _ in found][[kind for kind, _ in found].index("USER") :]
    assert "RUN" not in after
    compile(json.loads(last["HEALTHCHECK"].partition("CMD ")[2])[-1], "healthcheck", "exec")
    assert json.loads(last["ENTRYPOINT"]) == ["quire"]
    assert "QUIRE_AUTH=1" in last["ENV"].split()
    assert not re.search(r"PASSWORD|SECRET|API_KEY|TOKEN|index-url|https://", text)
    kept = {line[1:] for line in dockerignore(plan, source).splitlines() if line.startswith("!")}
    copied = {word for kind, words in found if kind == "COPY" and "--from" not in words for word in words.split()[:-1]}
    assert copied == kept


def test_the_command_in_the_image_exists(plan: Plan) -> None:
    words = json.loads(dict(instructions(dockerfile(plan, Source())))["CMD"])
    done = subprocess.run(
        [sys.executable, "-m", "quire", *words, "--help"], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert "--drain-timeout" in done.stdout
