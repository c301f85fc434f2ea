"""Orders of logged models by metrics as they were measured on one dataset."""

from __future__ import annotations

from collections.abc import Sequence

from quire.domain.errors import InvalidInput
from quire.domain.filters import LOGGED_MODELS, OrderBy, parse_order_by
from quire.domain.registry import MetricDataset, MetricOrder


def parse_metric_orders(order_by: Sequence[str | MetricOrder]) -> list[tuple[OrderBy, MetricDataset | None]]:
    """The keys of an order, each with the dataset that its metric was measured on. Raises InvalidInput."""
    orders = parse_order_by([clause if isinstance(clause, str) else clause.order for clause in order_by], LOGGED_MODELS)
    datasets = [None if isinstance(clause, str) else clause.dataset for clause in order_by]
    for order, dataset in zip(orders, datasets, strict=True):
        if dataset and order.kind != "metric":
            raise InvalidInput(
                f"order_by names the dataset {dataset.name!r} with {order.key!r}, which is no metric. Leave out "
                "dataset_name and dataset_digest, or order by metrics.NAME."
            )
    return list(zip(orders, datasets, strict=True))
