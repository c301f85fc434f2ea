"""Where calls of MLflow's client end differently on Quire's server, on purpose; docs/mlflow.md lists the same.

The calls are those of the programs beside this, by the names they have there.
"""

from __future__ import annotations

from typing import NamedTuple


class Difference(NamedTuple):
    """What a topic's calls do on either server, and why. Call names ending in ``…`` are beginnings of names."""

    mlflow: str
    quire: str
    why: str
    calls: tuple[str, ...]

    def concerns(self, call: str) -> bool:
        return any(call.startswith(name[:-1]) if name.endswith("…") else call == name for name in self.calls)


DIFFERENT: dict[str, Difference] = {
    "an error's code": Difference(
        "`BAD_REQUEST`, status 500 or HTML for some mistakes",
        "`RESOURCE_ALREADY_EXISTS`, `RESOURCE_DOES_NOT_EXIST`, `INVALID_PARAMETER_VALUE`, `ENDPOINT_NOT_FOUND`, "
        "as JSON",
        "a program can tell them apart, and does not try again what cannot work",
        (
            "experiments: rename to a taken name", "experiments: rename a deleted one",
            "metrics: with a model that is not there", "versions: create from a model that is not there",
            "order runs: by the same twice", "stages: archive to none", "search models: 'tags.a IS NULL'",
            "search models: 'tags.a IS NOT NULL'", "search versions: 'tags.a IS NULL'",
            "logged models: log other params", "search logged models: nonsense = 'x'",
            "search logged models: attributes.nonsense = 'x'", "search logged models: a bad token",
            "POST runs/create without an experiment", "POST registered-models/update by POST", "body: …", "path: …",
            "GET /api/runs/search by GET", "GET /ajax-api/runs/search by GET", "POST /api/registered-models/search",
            "POST /ajax-api/registered-models/search",
        ),
    ),
    "names and places": Difference(
        "a name of blanks, an assessment without a name, a key of any length, a location with `..`, a backslash or a "
        "NUL in a path are taken",
        "refused",
        "they cannot be found again, or lead elsewhere",
        (
            "experiments: create with a blank name", "experiments: create with ..",
            "logged models: create with a bad tag", "assessments: without a name", "assessments: with a long name",
            "assessments: of the trace", "proxy: …",
        ),
    ),
    "what is not there": Difference(
        "no error: an empty history, nothing deleted, a link to no run",
        "`RESOURCE_DOES_NOT_EXIST`",
        "a mistyped id is not an empty answer",
        (
            "metrics: history of no run", "logged models: delete again", "traces: delete in no experiment",
            "links: to no run",
        ),
    ),
    "the same again": Difference(
        "a param twice in one batch, a logged model's param or output that is there already: refused",
        "taken, as long as the value is the same",
        "a client that tries again after a broken connection must not fail",
        (
            "params: a batch that names one twice alike", "logged models: log params again",
            "logged models: given out again",
        ),
    ),
    "an infinite metric": Difference(
        "becomes the largest number there is", "stays infinite", "it is what was logged", ("metrics: the run",)
    ),
    "a metric's history": Difference(
        "by time, then step", "in the order of logging", "the order in which it happened", ("metrics: history",)
    ),
    "the size of an empty file": Difference(
        "left out", "0", "", ("artifacts: list 'all'", "artifacts: list 'all/'")
    ),
    "a filter that is wrong": Difference(
        "a part that is not understood may be left out of it, a text compared with a number",
        "refused, with the place",
        "what was not asked for is found otherwise",
        (
            "search runs: 'metrics.m > 0 AND'", "search runs: 'AND metrics.m > 0'",
            "search runs: \"metrics.m > 0 params.p = 'v1'\"", "search runs: 'metrics. = 1'",
            "search versions: \"version_number = '1'\"", "search logged models: lifecycle_stage = 'active'",
            "search traces: execution_time_ms < 'x'",
            "order logged models: {'field_name': 'name', 'dataset_name': 'd'}",
        ),
    ),
    "a filter or order that MLflow does not know": Difference(
        "refused, or nothing found",
        "`attributes.` before any attribute, quoted names, keys with `/`, `IS NULL` for logged models, `trace_id`, "
        "`IN`, numbers of feedback, attributes of spans by `=`",
        "the same grammar everywhere",
        (
            "search runs: 'metrics.a/b = 2'", "order runs: '\"run name\"'", "search experiments: attributes…",
            "order experiments: attributes.name", "search models: \"`name` = '{n}'\"",
            "search models: \"attributes.name = '{n}'\"", "search versions: \"attributes.name = '{n}'\"",
            "order models: creation_timestamp", "order models: attributes.name", "order models: `name`",
            "search logged models: tags.t IS NULL", "search logged models: tags.t IS NOT NULL",
            "prompts: order creation_timestamp DESC", "search traces: state = 'OK'", "search traces: name IN ('one')",
            "search traces: trace_id = 'x'", "search traces: by an id", "search traces: by ids",
            "search traces: span.attributes.team = 'red'", "search traces: feedback.score …",
            "order traces: client_request_id", "order traces: end_time_ms", "datasets: search \"dataset_id = 'x'\"",
        ),
    ),
    "a quote in a text": Difference(
        "`''` is two quotes", "`''` is one, as in SQL", "", ("search runs: \"params.quote LIKE '%''%'\"",)
    ),
    "`trace.text LIKE` without `%`": Difference(
        "is compared with the whole text of a span", "is sought anywhere", "nobody knows the whole text",
        ("search traces: trace.text LIKE 'needle'",),
    ),
    "`RLIKE`": Difference(
        "a regular expression of the searcher's", "refused", "one pattern could keep the server busy for ever",
        ("search traces: tags.colour RLIKE 'r.*'",),
    ),
    "the status of a logged model": Difference(
        "kept as a number that no filter can name", "`status = 'READY'`", "",
        (
            "search logged models: status = 'READY'", "search logged models: status = 'PENDING'",
            "search logged models: status != 'READY'",
        ),
    ),
    "a dataset without a digest": Difference(
        "finds no logged model", "is of every digest", "what MLflow's documentation says",
        (
            "search logged models: of datasets [{'dataset_name': 'd'}]",
            "search logged models: any of datasets [{'dataset_name': 'd'}]",
        ),
    ),
    "page sizes": Difference(
        "0, negative and very large ones give all, nothing or an error", "refused with the bounds", "",
        (
            "search models: 0 of them", "search models: -1 of them", "search logged models: 0 of them",
            "search logged models: -1 of them", "search logged models: 100000 of them",
        ),
    ),
    "logged models of no experiment": Difference(
        "refused", "none", "as for runs", ("search logged models: nowhere",)
    ),
    "an order of logged models in which values are missing": Difference(
        "those come first", "those come last", "as for runs", ("order logged models: {'field_name': 'model_type'}",)
    ),
    "where to download a version that was made from `runs:/`": Difference(
        "`runs:/…`", "the place of its files", "", ("versions: where to download runs:/",)
    ),
    "aliases of versions that are found": Difference(
        "left out", "given", "", ("search versions: the whole of it",)
    ),
    "the cost of a trace": Difference(
        "the server reckons it from the tokens, and adds it and the model's name to the spans",
        "what the program gave; spans are kept as they were sent",
        "prices belong where the call is made",
        ("traces: attributes of autologged spans", "traces: metadata of autologged traces"),
    ),
    "a dataset's record without outputs": Difference(
        "has none, and `{}` once it was merged again", "has none", "", ("datasets: records",)
    ),
    "a tag that holds what a version of a prompt says": Difference(
        "may be changed, and the version with it", "refused", "a version that others rely on never changes",
        ("prompts: change the text by a tag", "prompts: the text after that"),
    ),
    "JSON": Difference(
        "words may be numbers, ids may be numbers (that find nothing), an unknown word is left out, names may be in "
        "camel case",
        "words and ids are texts, names as in MLflow's documentation",
        "nothing that was meant is dropped",
        (
            "POST runs/search with a number for an id", "POST runs/search with a view by number",
            "POST runs/search with no view", "POST runs/create in camel case",
            "POST runs/update with a number for a status", "GET /api/experiments/search by no view",
            "GET /ajax-api/experiments/search by no view",
        ),
    ),
    "a run created without a time": Difference(
        "began in 1970", "begins now", "", ("POST runs/create with a tag without a value",)
    ),
    "calls of MLflow's UI": Difference(
        "below `/ajax-api` alone, some with a size that must be given",
        "below `/api` too, with a size of their own",
        "",
        (
            "GET /api/experiments/search without a size", "GET /ajax-api/experiments/search without a size",
            "GET /api/metrics/get-history-bulk", "POST /api/experiments/search-datasets",
        ),
    ),
    "webhooks, workspaces, MCP servers, scorers, gateway, jobs": Difference(
        "kept by the server",
        "`ENDPOINT_NOT_FOUND` with status 404 (405 where a path of that form takes another method), and "
        "`server-info` says that there is no gateway",
        "not served yet; no other flow needs them",
        ("unserved …", "GET /api/server-info", "GET /ajax-api/server-info"),
    ),
}  # fmt: skip
