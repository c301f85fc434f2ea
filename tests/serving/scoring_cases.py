"""What is sent to ``/invocations`` of Quire and of MLflow, and why an answer may differ."""

from __future__ import annotations

import json
from typing import Any, NamedTuple

JSON, CSV = "application/json", "text/csv"

MORE_FORMS = "a column's name where the signature has none; one value where it has one"
OTHER_COLUMN = "one variable and several columns"
NULLS = "null, NaN, a missing column or cell"
NESTED = "a list or an object as a value"
NUMBERS = "numbers that do not fit their column"
TRUTH = "what is no boolean"
PARAMS = "parameters that are not open, or out of bounds"
TABLES = "a table that is uneven, or has a name twice"
NA = "the words NA, null, None in CSV"
CONTENT = "the content type"
CODE = "another code for the same status"
NUL = "a NUL at the end of a text"


class Case(NamedTuple):
    """A body for a model; ``differs`` is why the answers differ, empty where they must not."""

    model: str
    body: str | bytes
    content_type: str = JSON
    differs: str = ""


def _json(model: str, *bodies: Any, differs: str = "") -> list[Case]:
    return [
        Case(model, body if isinstance(body, str | bytes) else json.dumps(body), differs=differs) for body in bodies
    ]


def _csv(model: str, *bodies: str | bytes, differs: str = "") -> list[Case]:
    return [Case(model, body, CSV, differs) for body in bodies]


def _types(*types: str, differs: str = "") -> list[Case]:
    return [Case("one", '{"inputs": ["cats"]}', kind, differs) for kind in types]


def _split(columns: Any, *data: Any, **more: Any) -> dict[str, Any]:
    return {"dataframe_split": {"columns": columns, "data": list(data), **more}}


def _params(**params: Any) -> dict[str, Any]:
    return {"inputs": ["cats"], "params": params}


CASES = [
    # -- one variable, and a signature that does not name it
    *_json(
        "one",
        {"inputs": "cats"},
        {"inputs": ["cats", "dogs"]},
        {"inputs": [{"animal": "cats"}, {"animal": "dogs"}]},
        {"inputs": [["cats"], ["dogs"]]},
        {"instances": ["cats", "dogs"]},
        {"instances": [{"animal": "cats"}]},
        {"instances": "cats"},
        _split(["animal"], ["cats"], ["dogs"]),
        _split(["animal"], ["cats"], ["dogs"], index=[5, 7]),
        _split(["animal"], "cats", "dogs"),
        _split(["animal"]),
        {"dataframe_split": {"data": [["cats"], ["dogs"]]}},
        {"dataframe_records": [{"animal": "cats"}, {"animal": "dogs"}]},
        {"dataframe_records": [{"x": "cats"}]},
        {"dataframe_records": ["cats"]},
        {"dataframe_records": [["cats"]]},
        # values of other types
        {"dataframe_records": [{"animal": 1}]},
        {"dataframe_records": [{"animal": 1.5}]},
        {"dataframe_records": [{"animal": True}]},
        {"dataframe_records": [{"animal": "a"}, {"animal": 3}]},
        {"inputs": 1},
        {"inputs": 1.5},
        {"inputs": True},
        {"inputs": [1, "a"]},
        {"inputs": [1, 2]},
        # texts
        {"inputs": "ünïcode 你好 😀"},
        {"inputs": ""},
        {"inputs": "{x} %s {{y}}"},
        {"inputs": "line\nbreak\ttab"},
        '{"inputs": "a", "inputs": "b"}',
        b'\xef\xbb\xbf{"inputs": "cats"}',
        # parameters
        _params(temperature=1),
        _params(temperature=None),
        _params(temperature="hot"),
        _params(temperature=True),
        _params(stop=["a"]),
        _params(stop="a"),
        _params(),
        {"inputs": ["cats"], "params": None},
        {"inputs": ["cats"], "params": [1]},
        {"inputs": ["cats"], "params": "x"},
        {"inputs": ["cats"], "extra": 1},
        # the bare form
        {"prompt": "cats"},
        {"input": "cats"},
        {"prompt": "cats", "temperature": 1},
        {"input": "cats", "model": "x"},
        {"messages": [{"role": "user", "content": "hi"}]},
        # what is wrong
        _split(["animal"], ["cats"], ["dogs"], index=[5]),
        _split(["animal"], ["cats", "dogs"]),
        _split(["a", "b"], ["cats"]),
        _split(["animal"], ["cats"], more=1),
        _split(["animal", "animal"], ["a", "b"]),
        {"dataframe_split": [["cats"]]},
        {"dataframe_split": {"columns": ["animal"]}},
        {"dataframe_split": {"columns": ["animal"], "data": "cats"}},
        {"dataframe_records": {"animal": "cats"}},
        {"dataframe_records": []},
        {"dataframe_records": [{}]},
        {"dataframe_records": None},
        {"inputs": None},
        {"inputs": []},
        {"inputs": {}},
        {"inputs": ["cats"], "instances": ["dogs"]},
        {"foo": 1},
        {},
        [],
        ["cats"],
        "null",
        '"cats"',
        "1",
        "",
        "{",
        '{"inputs":',
        '{"inputs": ["a",]}',
        b"\xff\xfe",
        b'{"inputs": ["\xff"]}',
    ),
    *_json("one", {"inputs": {"animal": ["cats", "dogs"]}}, {"inputs": {"animal": "cats"}}, differs=MORE_FORMS),
    *_json("one", {"instances": {"animal": ["cats"]}}, {"input": ["cats", "dogs"]}, differs=MORE_FORMS),
    *_json("one", {"inputs": ["cats", ["dogs"]]}, differs=MORE_FORMS),
    *_json("one", _split(["x", "animal"], ["cats", "dogs"]), {"prompt": "a", "animal": "b"}, differs=OTHER_COLUMN),
    *_json("one", {"dataframe_records": [{"animal": "a"}, {"other": "b"}]}, differs=OTHER_COLUMN),
    *_json("one", {"dataframe_records": [{"animal": None}]}, {"inputs": [None]}, '{"inputs": [NaN]}', differs=NULLS),
    *_json("one", {"dataframe_records": [{"animal": ["a"]}]}, {"dataframe_records": [{"animal": {}}]}, differs=NESTED),
    *_json("one", {"inputs": ["a", {"animal": "b"}]}, differs=NESTED),
    *_json("one", {"dataframe_records": [{"animal": 1}, {"animal": 2.5}]}, differs=NUMBERS),
    *_json("one", _params(temperature=5), _params(nonsense=1), differs=PARAMS),
    *_json("one", '{"inputs": "\\ud800"}', differs=CODE),
    *_json("one", {"inputs": "cats\0"}, differs=NUL),
    # -- a signature that names it
    *_json(
        "named",
        {"inputs": ["cats", "dogs"]},
        {"inputs": {"animal": ["cats", "dogs"]}},
        {"inputs": {"animal": "cats"}},
        {"inputs": [{"animal": "cats"}]},
        {"inputs": {"animal": [1, 2]}},
        {"inputs": {"x": ["cats"]}},
        {"instances": ["cats"]},
        {"instances": [{"animal": "cats", "x": "y"}]},
        {"instances": [{"x": "cats"}]},
        _split(["x"], ["cats"]),
        {"dataframe_split": {"data": [["cats"]]}},
        {"dataframe_records": [{"animal": "cats", "y": 1}]},
        {"dataframe_records": [{"animal": 5}]},
        {"prompt": "x"},
        {"prompt": "x", "animal": "cats"},
    ),
    *_json("named", {"inputs": "cats"}, differs=MORE_FORMS),
    *_json("named", {"inputs": [["cats"]]}, differs=NESTED),
    # -- two variables
    *_json(
        "two",
        {"inputs": {"adjective": "dry", "animal": "cats"}},
        {"inputs": {"adjective": ["dry", "sad"], "animal": ["cats", "dogs"]}},
        {"inputs": {"adjective": ["dry", "sad"], "animal": ["cats"]}},
        {"inputs": {"adjective": "dry", "animal": ["cats", "dogs"]}},
        {"inputs": [{"adjective": "dry", "animal": "cats"}]},
        {"inputs": [{"adjective": "dry"}]},
        {"inputs": "cats"},
        {"inputs": ["a", "b"]},
        {"inputs": [["dry", "cats"]]},
        {"instances": [{"adjective": "dry", "animal": "cats"}, {"adjective": "sad", "animal": "dogs"}]},
        {"instances": {"adjective": ["dry"], "animal": ["cats"]}},
        _split(["animal", "adjective"], ["cats", "dry"]),
        _split(["animal"], ["cats"]),
        {"dataframe_split": {"data": [["dry", "cats"]]}},
        {"dataframe_records": [{"adjective": "dry", "animal": "cats", "z": 1}]},
        {"dataframe_records": [{"adjective": "dry", "animal": "cats"}], "params": {"temperature": 0}},
    ),
    *_json("two", {"inputs": [{"adjective": "dry", "animal": "cats"}, {"adjective": "dry"}]}, differs=NULLS),
    *_json("two", {"dataframe_records": [{"adjective": None, "animal": "cats"}]}, differs=NULLS),
    *_json("two", {"instances": [{"adjective": "dry", "animal": "cats"}, {"adjective": "sad"}]}, differs=CODE),
    # -- no variable: the input follows the messages
    *_json(
        "plain",
        {"inputs": "hello"},
        {"inputs": ["a", "b"]},
        _split(["q"], ["hi"]),
        {"dataframe_records": [{"content": "hi", "x": "y"}]},
        {"dataframe_records": [{"x": "y", "content": "hi"}]},
    ),
    *_json("plain", {"inputs": ["a"], "params": {"temperature": 1}}, differs=PARAMS),
    # -- completions and embeddings
    *_json("done", {"inputs": ["a", "b", "c"]}, _split(["text"], ["a"], ["b"]), {"prompt": "x"}),
    *_json("vectors", {"inputs": ["a", "b"]}, {"inputs": "a"}, _split(["t"], ["a"], ["b"]), {"instances": ["a"]}),
    *_json("vectors", {"dataframe_records": [{"t": "a"}]}, {"input": "a"}, {"inputs": [1]}),
    *_json("vectors", {"input": ["a", "b"]}, differs=MORE_FORMS),
    # -- columns of several types
    *_json(
        "typed",
        {"dataframe_records": [{"count": 1, "weight": 1, "good": True, "name": "x"}]},
        {"dataframe_records": [{"count": 1.0, "weight": 1.5, "good": False, "name": "x"}]},
        {"dataframe_records": [{"count": "1", "weight": "2", "good": True, "name": 3}]},
        {"dataframe_records": [{"count": "x", "weight": 1.5, "good": True, "name": "x"}]},
        {"inputs": {"count": [1, 2], "weight": [1, 2.5], "good": [True, False], "name": ["a", "b"]}},
        {"inputs": {"count": 1, "weight": 2, "good": True, "name": "a"}},
        {"inputs": [{"count": 1, "weight": 2, "good": True, "name": "a"}]},
        {"instances": [{"count": 1, "weight": 2, "good": True, "name": "a"}]},
        {"dataframe_records": [{"count": True, "weight": True, "good": True, "name": True}]},
        _split(["count", "weight", "good", "name"], [1, 2, True, "x"]),
    ),
    *_json("typed", {"dataframe_records": [{"count": 1.5, "weight": 1, "good": True, "name": "x"}]}, differs=NUMBERS),
    *_json("typed", {"dataframe_records": [{"count": 2**63, "weight": 1, "good": True, "name": ""}]}, differs=NUMBERS),
    *_json("typed", {"dataframe_records": [{"count": 1, "weight": 1, "good": 1, "name": "x"}]}, differs=TRUTH),
    *_json("typed", {"dataframe_records": [{"count": 1, "weight": 1, "good": "yes", "name": "x"}]}, differs=TRUTH),
    # -- CSV
    *_csv(
        "one",
        "animal\ncats\ndogs\n",
        "animal\n",
        "animal,x\ncats,1\n",
        'animal\n"a, b"\n',
        'animal\n"a\nb"\n',
        'animal\n"say ""hi"""\n',
        "animal\n1\n2\n",
        "animal\n\ncats\n",
        "animal\r\ncats\r\n",
        "\ufeffanimal\ncats\n",
        "animal\n cats \n",
        "",
        b"animal\n\xff\n",
        'animal\n"a',
    ),
    *_csv("one", "x,animal\na,cats\n", differs=OTHER_COLUMN),
    *_csv("one", "animal\na,b\n", "animal,animal\na,b\n", differs=TABLES),
    *_csv("one", "animal\nNA\n", differs=NA),
    *_csv("one", 'animal\n""\n', differs=NULLS),
    *_csv("two", "adjective,animal\ndry,cats\n", "animal\ncats\n", "animal,adjective\n1,2\n"),
    *_csv("two", "adjective,animal\ndry\n", differs=NULLS),
    *_csv("named", "animal\ncats\n", "animal\n1\n", "animal,y\n1,2\n"),
    *_csv("typed", "count,weight,good,name\n1,2,True,x\n"),
    # -- content types
    *_types(
        *("text/plain", "application/x-www-form-urlencoded", "application/json; charset=latin-1"),
        *("application/json;format=pandas-split", "application/json; charset=utf-8", "application/vnd.apache.parquet"),
        "text/csv; charset=utf-8",
    ),
    *_types("APPLICATION/JSON", "application/json;", 'application/json; charset="utf-8"', differs=CONTENT),
]
REASONS = {case.differs for case in CASES if case.differs}
