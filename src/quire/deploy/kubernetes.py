"""Manifests for Kubernetes: pods closed in, replaced without a dropped request, as many as the load needs."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

from quire.deploy.dockerfile import serve_words
from quire.deploy.plan import USER, Plan
from quire.deploy.variables import secrets
from quire.models.yamltext import dump_yaml

Manifest = dict[str, Any]
UNROUTED_S = 5
"""How long a pod that is to end goes on taking requests: until no node sends any to it."""

_HEAD = """\
# Serves {names}. Written by `quire deploy kubernetes`.
#
# Keys are in the Secret `{name}`, which is made apart:
#   kubectl create secret generic {name} {literals}
# The image is built from this folder and pushed to where the cluster pulls from:
#   docker build -t {image} . && docker push {image}
#   kubectl apply -f kubernetes.yaml && kubectl rollout status deployment/{name}
#
# A pod that is replaced takes requests for {unrouted} s more, while the news that it ends spreads, then ends what is
# under way for up to {drain} s; only then is it stopped. A new pod is ready before an old one goes.
"""


def kubernetes_text(plan: Plan) -> str:
    """The text of kubernetes.yaml."""
    literals = " ".join(f"--from-literal={variable.name}=…" for variable in secrets(plan) if variable.required)
    head = _HEAD.format(
        names=", ".join(plan.names),
        name=plan.name,
        image=plan.image,
        literals=literals,
        unrouted=UNROUTED_S,
        drain=plan.drain_s,
    )
    return head + "---\n".join(dump_yaml(manifest, sort_keys=False) for manifest in manifests(plan))


def manifests(plan: Plan) -> list[Manifest]:
    """The manifests, in the order in which they are applied."""
    return [
        {**_head(plan, "v1", "ServiceAccount"), "automountServiceAccountToken": False},
        _network_policy(plan),
        _deployment(plan),
        _service(plan),
        _autoscaler(plan),
        _disruption_budget(plan),
    ]


def _labels(plan: Plan) -> dict[str, str]:
    return {"app.kubernetes.io/name": plan.name, "app.kubernetes.io/component": "serve"}


def _head(plan: Plan, version: str, kind: str) -> Manifest:
    labels = {**_labels(plan), "app.kubernetes.io/version": plan.quire_version}
    return {"apiVersion": version, "kind": kind, "metadata": {"name": plan.name, "labels": labels}}


def _deployment(plan: Plan) -> Manifest:
    # How many replicas there are is the autoscaler's to say: applying this again must not undo it.
    return {
        **_head(plan, "apps/v1", "Deployment"),
        "spec": {
            "strategy": {"type": "RollingUpdate", "rollingUpdate": {"maxUnavailable": 0, "maxSurge": 1}},
            "minReadySeconds": 2,
            "selector": {"matchLabels": _labels(plan)},
            "template": {"metadata": {"labels": _labels(plan)}, "spec": _pod(plan)},
        },
    }


def _pod(plan: Plan) -> Manifest:
    spread = {
        "maxSkew": 1,
        "topologyKey": "kubernetes.io/hostname",
        "whenUnsatisfiable": "ScheduleAnyway",
        "labelSelector": {"matchLabels": _labels(plan)},
    }
    return {
        "serviceAccountName": plan.name,
        "automountServiceAccountToken": False,
        "terminationGracePeriodSeconds": UNROUTED_S + plan.drain_s + 10,
        "securityContext": {
            "runAsNonRoot": True,
            "runAsUser": USER,
            "runAsGroup": USER,
            "fsGroup": USER,
            "seccompProfile": {"type": "RuntimeDefault"},
        },
        "topologySpreadConstraints": [spread],
        "containers": [_container(plan)],
        # What could not be stored yet, such as traces while the store is away.
        "volumes": [{"name": "data", "emptyDir": {"sizeLimit": "2Gi"}}],
    }


def _container(plan: Plan) -> Manifest:
    return {
        "name": "serve",
        "image": plan.image,
        "args": serve_words(plan),
        "env": [_from_secret(plan, variable.name, variable.required) for variable in secrets(plan)],
        "ports": [{"name": "http", "containerPort": plan.port}],
        "securityContext": {
            "allowPrivilegeEscalation": False,
            "readOnlyRootFilesystem": True,
            "capabilities": {"drop": ["ALL"]},
        },
        "startupProbe": _asked(periodSeconds=1, failureThreshold=60),
        "readinessProbe": _asked(periodSeconds=5, timeoutSeconds=3),
        "livenessProbe": _asked(periodSeconds=10, timeoutSeconds=5, failureThreshold=6),
        "lifecycle": {"preStop": {"exec": {"command": ["sleep", str(UNROUTED_S)]}}},
        "resources": {
            "requests": {"cpu": "500m", "memory": "256Mi", "ephemeral-storage": "256Mi"},
            "limits": {"memory": "1Gi", "ephemeral-storage": "3Gi"},
        },
        "volumeMounts": [{"name": "data", "mountPath": "/data"}],
    }


def _asked(**how: int) -> Manifest:
    return {"httpGet": {"path": "/health", "port": "http"}, **how}


def _from_secret(plan: Plan, name: str, required: bool) -> Manifest:
    reference: Manifest = {"name": plan.name, "key": name}
    if not required:
        reference["optional"] = True
    return {"name": name, "valueFrom": {"secretKeyRef": reference}}


def _service(plan: Plan) -> Manifest:
    ports = [{"name": "http", "port": 80, "targetPort": "http"}]
    return {**_head(plan, "v1", "Service"), "spec": {"selector": _labels(plan), "ports": ports}}


def _autoscaler(plan: Plan) -> Manifest:
    cpu = {"type": "Resource", "resource": {"name": "cpu", "target": {"type": "Utilization", "averageUtilization": 60}}}
    return {
        **_head(plan, "autoscaling/v2", "HorizontalPodAutoscaler"),
        "spec": {
            "scaleTargetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": plan.name},
            "minReplicas": plan.replicas,
            "maxReplicas": plan.most_replicas,
            "metrics": [cpu],
            "behavior": {"scaleDown": {"stabilizationWindowSeconds": 300}},
        },
    }


def _disruption_budget(plan: Plan) -> Manifest:
    # A share rather than a number: with one replica a node could otherwise never be emptied.
    spec = {"maxUnavailable": "50%", "selector": {"matchLabels": _labels(plan)}}
    return {**_head(plan, "policy/v1", "PodDisruptionBudget"), "spec": spec}


def _network_policy(plan: Plan) -> Manifest:
    """In: the namespace's pods and those of the ingress controller. Out: names, upstreams, the store."""
    from_ingress = {"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "ingress-nginx"}}}
    dns = [{"protocol": "UDP", "port": 53}, {"protocol": "TCP", "port": 53}]
    return {
        **_head(plan, "networking.k8s.io/v1", "NetworkPolicy"),
        "spec": {
            "podSelector": {"matchLabels": _labels(plan)},
            "policyTypes": ["Ingress", "Egress"],
            "ingress": [
                {"from": [{"podSelector": {}}, from_ingress], "ports": [{"protocol": "TCP", "port": "http"}]},
            ],
            "egress": [
                {"ports": dns},
                {"ports": [{"protocol": "TCP", "port": port} for port in _ports_out(plan)]},
            ],
        },
    }


def _ports_out(plan: Plan) -> list[int]:
    """The ports of upstreams and of the store's PostgreSQL; 443 is that of buckets too."""
    urls = [
        upstream.base_url
        for endpoint in plan.endpoints
        for upstream in (endpoint.upstream, *endpoint.fallbacks)
        if upstream.base_url is not None
    ]
    ports = {urlsplit(url).port or (80 if url.startswith("http:") else 443) for url in urls}
    return sorted(ports | {443, 5432})
