"""Settings of an endpoint in words: each is said, also where it is as usual, and none says a secret."""

from __future__ import annotations

from quire.domain.endpoint_words import settings_in_words
from quire.domain.endpoints import Caching, Endpoint, Hedging, Limits, Shadow, Upstream
from quire.domain.trials import TrialMetric


def _said(endpoint: Endpoint) -> dict[str, str]:
    return {one.field: one.said for one in settings_in_words(endpoint)}


def test_what_is_as_usual_is_said_too() -> None:
    said = _said(Endpoint(name="joker", model="models:/joker@champion"))
    assert "who moves the alias changes what serves" in said["model"]
    assert "1,024 requests at once" in said["limits"]
    assert "32 MiB" in said["limits"]
    assert said["caching"].startswith("No answer is kept")
    assert said["hedging"].startswith("No request is sent twice")
    assert "Up to 2 more attempts" in said["retrying"]
    assert "endpoints/joker" in said["tracing"]


def test_what_is_set_is_said() -> None:
    said = _said(
        Endpoint(
            name="joker",
            model="models:/joker/3",
            upstream=Upstream(name="east", base_url="https://east.example.com/v1", api_key_env="EAST_KEY"),
            fallbacks=[
                Upstream(name="azure", api_type="azure", api_version="2024-10-21", deployment="jokes", model="m")
            ],
            hedging=Hedging(after_s=2),
            caching=Caching(ttl_s=60, deterministic_only=True),
            limits=Limits(requests_per_minute=90, max_request_bytes=2048),
            shadows=[
                Shadow(
                    name="next",
                    model="models:/joker/4",
                    sample=0.1,
                    metrics=[TrialMetric(name="fun")],
                    on_win="promote",
                )
            ],
            passes=["tools"],
            log_content=False,
            experiment="jokes",
        )
    )
    assert "a promotion cannot change it" in said["model"]
    assert said["upstream"] == "east: https://east.example.com/v1; the key is in $EAST_KEY of the server."
    assert said["fallback 1"].startswith(
        "azure: where the server's environment says, as azure 2024-10-21, deployment jokes"
    )
    assert "90 requests a minute" in said["limits"]
    assert "2 KiB" in said["limits"]
    assert said["caching"].startswith("Answers of embeddings")
    assert "60 s" in said["caching"]
    assert "longer than 2 s, for 10% of requests" in said["hedging"]
    assert "asked 10% of what is asked" in said["shadow next"]
    assert "Promoted once it is shown better" in said["shadow next"]
    assert said["passes"] == "Callers may set tools beside the model's policy."
    assert "without inputs and outputs, in the experiment jokes" in said["tracing"]
