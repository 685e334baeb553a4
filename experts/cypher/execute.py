"""Runs queries on small graphs in Kuzu, in a process of its own that may be killed.

Reads a JSON object a line, `{"schema", "nodes", "edges", "query"}`, and answers each with a line: the rows, or `null`.
"""

from __future__ import annotations

import json
import re
import resource
import sys
import warnings
from decimal import Decimal
from typing import Any

import kuzu

from expertd.grammar.cypher import KEYWORDS, quoted
from expertd.grammar.graph_schema import GraphSchema, read_graph_schema

TYPES = {"text": "STRING", "number": "INT64", "bool": "BOOL", "date": "DATE", "time": "TIMESTAMP", "list": "STRING[]"}
CALLED = {"date": "date", "time": "timestamp"}
MEMORY = 3 << 30  # of addresses: most of them are Kuzu's, and never touched
MACROS = (  # what Neo4j calls otherwise
    "type(r) AS label(r)",
    "toString(x) AS CAST(x AS STRING)",
    "toInteger(x) AS CAST(x AS INT64)",
    "toFloat(x) AS CAST(x AS DOUBLE)",
    "datetime(x) AS timestamp(x)",
)


def graph(schema: str, nodes: list[Any], edges: list[Any]) -> kuzu.Connection:
    """A filled database. `nodes`: [variable, label, properties]; `edges`: [variable, type, variable, properties]."""
    database = kuzu.Database(":memory:", buffer_pool_size=1 << 26, max_num_threads=1, max_db_size=1 << 28)
    connection = kuzu.Connection(database, num_threads=1)
    read = read_graph_schema(schema, "schema")
    of_all = [*(n[2] for n in nodes), *(e[3] for e in edges)]
    floats = {name for properties in of_all for name, value in properties.items() if isinstance(value, float)}
    for label, properties in read.labels.items():
        columns = "".join(f"{_column(name, kind, floats)}, " for name, kind in properties.items())
        connection.execute(f"CREATE NODE TABLE `{label}` ({columns}key_ SERIAL, PRIMARY KEY(key_))")
    for name, properties in read.types.items():
        joins = [f"FROM `{a}` TO `{b}`" for a, t, b in read.joins if t == name]
        columns = [_column(p, kind, floats) for p, kind in properties.items()]
        connection.execute(f"CREATE REL TABLE `{name}` ({', '.join(joins + columns)})")
    connection.execute(f"CREATE {', '.join(_parts(read, nodes, edges))}")
    for macro in MACROS:
        connection.execute(f"CREATE MACRO {macro}")
    return connection


def _column(name: str, kind: str, floats: set[str]) -> str:
    return f"`{name}` {'DOUBLE' if name in floats else TYPES[kind]}"


def _parts(read: GraphSchema, nodes: list[Any], edges: list[Any]) -> list[str]:
    """All nodes and relationships, as one CREATE has them."""
    parts = [f"(_{variable}:`{label}` {_map(read.labels[label], values)})" for variable, label, values in nodes]
    for a, name, b, values in edges:
        parts.append(f"(_{a})-[:`{name}` {_map(read.types[name], values)}]->(_{b})")
    return parts


def _map(kinds: Any, values: dict[str, Any]) -> str:
    told = []
    for name, value in values.items():
        text = json.dumps(value, ensure_ascii=False)
        told.append(f"`{name}`: " + (f"{CALLED[kinds[name]]}({text})" if kinds[name] in CALLED else text))
    return "{" + ", ".join(told) + "}" if told else ""


def spelled(schema: str, query: str) -> str:
    """Kuzu wants quotes around keywords where Neo4j takes them for names."""
    read = read_graph_schema(schema, "schema")
    names = {name for owners in (read.labels, read.types) for owner in owners for name in (owner, *owners[owner])}
    if not (keywords := "|".join(name for name in names if name.upper() in KEYWORDS and quoted(name) == name)):
        return query
    wanting = rf"(?<=[:|.])({keywords})\b|(?<=[{{,\s])({keywords})(?=:)"
    return re.sub(wanting, lambda match: f"`{match.group()}`", query)


def rows(connection: kuzu.Connection, query: str, most: int = 10_000) -> list[list[Any]] | None:
    """What a query gives, with values that can be compared and written as JSON; None where it fails."""
    try:
        result = connection.execute(query)
    except RuntimeError:
        return None
    if isinstance(result, list):  # several statements
        return None
    found: list[list[Any]] = []
    while result.has_next() and len(found) < most:
        found.append([plain(value) for value in result.get_next()])
    return found


def plain(value: Any) -> Any:
    """1 and 1.0 are alike, and so are lists in another order: what `collect` gives has none."""
    if value is None or isinstance(value, (bool, str)):
        return value
    if isinstance(value, (int, float, Decimal)):
        return round(float(value), 4)
    if isinstance(value, dict):
        return {str(k): plain(v) for k, v in value.items() if k not in ("_id", "_src", "_dst", "key_")}
    if isinstance(value, (list, tuple)):
        return sorted((plain(v) for v in value), key=repr)
    return str(value)


def main() -> None:
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    warnings.simplefilter("ignore")
    graphs: dict[str, kuzu.Connection] = {}  # the last one: what is asked for only reads
    for line in sys.stdin:
        asked = json.loads(line)
        query = spelled(asked["schema"], asked.pop("query"))
        name = json.dumps(asked)
        if name not in graphs:
            graphs.clear()
            graphs[name] = graph(**asked)
        print(json.dumps(rows(graphs[name], query)), flush=True)


if __name__ == "__main__":
    main()
