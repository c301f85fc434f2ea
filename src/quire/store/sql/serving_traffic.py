"""Traffic of endpoints in SQL, summed from their traces: of the newest only, so that it takes a bounded time."""

from __future__ import annotations

from typing import Any

from quire.domain.names import check_experiment_id
from quire.domain.traffic import MOST_TRACES, Traffic, TrafficBy, TrafficQuery, check_traffic
from quire.store.sql.serving_times import SqlTimes
from quire.store.sql.statement import Statement
from quire.store.sql.trace_labels import METADATA

_KEYS: dict[TrafficBy, str] = {"version": "quire.model_version", "arm": "quire.arm"}
_OWN = """AND EXISTS (SELECT 1 FROM trace_labels e WHERE e.trace_id = traces.id AND e.kind = $kind
    AND e.key_id = :endpoint_key AND e.head = :endpoint)"""
_SQL = """WITH newest AS (
    SELECT id, timestamp_ms, execution_time_ms, status, input_tokens, output_tokens, cost FROM traces
    WHERE experiment_id = :experiment AND timestamp_ms >= :start AND timestamp_ms < :end $own
    ORDER BY timestamp_ms DESC LIMIT $most
), answered AS (
    SELECT (n.timestamp_ms - :begin) / :width AS part, COALESCE(l.head, '') || COALESCE(l.rest, '') AS name,
    n.execution_time_ms AS took, n.status AS status, n.input_tokens AS given, n.output_tokens AS told, n.cost AS cost
    FROM newest n LEFT JOIN trace_labels l ON l.trace_id = n.id AND l.kind = $kind AND l.key_id = :key
    WHERE NOT EXISTS (SELECT 1 FROM trace_labels s WHERE s.trace_id = n.id AND s.kind = $kind AND s.key_id = :arm
    AND s.head = ANY(:names) AND NOT EXISTS (SELECT 1 FROM trace_labels t WHERE t.trace_id = n.id AND t.kind = $kind
    AND t.key_id = :trial))
), placed AS (
    SELECT part, name, took, status, given, told, cost,
    ROW_NUMBER() OVER (PARTITION BY part, name ORDER BY took IS NULL, took) AS place,
    COUNT(took) OVER (PARTITION BY part, name) AS timed FROM answered
)
SELECT part, name, COUNT(*), SUM(CASE WHEN status = 'ERROR' THEN 1 ELSE 0 END), COALESCE(SUM(given), 0),
COALESCE(SUM(told), 0), SUM(cost), MAX(CASE WHEN place = (timed * 50 + 99) / 100 THEN took END),
MAX(CASE WHEN place = (timed * 95 + 99) / 100 THEN took END)
FROM placed GROUP BY part, name ORDER BY part, name"""
_PIECES = {"kind": str(METADATA), "most": str(MOST_TRACES)}
_ALL = Statement(_SQL, own="", **_PIECES)
_OF_ONE = Statement(_SQL.replace("$own", _OWN), **_PIECES)


class SqlTraffic(SqlTimes):
    """The part of a store that tells of the traffic of endpoints."""

    def traffic(self, query: TrafficQuery) -> list[Traffic]:
        """Requests by part of the time and by model version or arm, from the newest 200,000 traces; oldest first."""
        check_traffic(query)
        start, width = query.start_ms, query.width_ms
        with self._database.read() as session:
            keys = {name: self._keys.find(session, name) for name in ("quire.endpoint", "quire.trial", *_KEYS.values())}
            among: tuple[Any, ...] = (check_experiment_id(query.experiment_id), start, start + width * query.parts)
            of_one = () if query.endpoint is None else (keys["quire.endpoint"], query.endpoint)
            without = session.listed(query.shadows or [""])
            rest = (start, width, keys[_KEYS[query.by]], keys["quire.arm"], without, keys["quire.trial"])
            rows = session.rows(_ALL if query.endpoint is None else _OF_ONE, (*among, *of_one, *rest))
        return [_traffic(row, start, width) for row in rows]


def _traffic(row: tuple[Any, ...], start: int, width: int) -> Traffic:
    part, name, requests, errors, given, told, cost, p50, p95 = row
    return Traffic(
        at=start + int(part) * width,
        key=name,
        requests=requests,
        errors=int(errors),
        input_tokens=int(given),
        output_tokens=int(told),
        cost=None if cost is None else float(cost),
        p50_ms=p50,
        p95_ms=p95,
    )
