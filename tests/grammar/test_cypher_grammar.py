"""Queries drawn at random under the grammar of a graph's schema: Kuzu, a graph database, must prepare each of them.

Some functions that Neo4j has and Kuzu lacks are macros there. What the two have in common is what is checked.
"""

from __future__ import annotations

import contextlib
import re
import warnings

import kuzu
import numpy as np
import pytest

from expertd.errors import InvalidRequest
from expertd.grammar.compiler import cypher_source
from expertd.grammar.cypher import KEYWORDS, quoted
from expertd.grammar.graph_schema import MAX_LABELS, read_graph_schema
from tests.grammar.walk import Walker, pieces

MOVIES = """
(:Person {name: STRING, born: INTEGER})
(:Movie {title: STRING, released: INTEGER, tagline: STRING})
(:Person)-[:ACTED_IN {roles: LIST}]->(:Movie)<-[:DIRECTED]-(:Person)
(:Person)-[:REVIEWED {summary: STRING, rating: INTEGER}]->(:Movie)
(:Person)-[:FOLLOWS]->(:Person)
"""
SHOP = """Node properties:
Customer {id: STRING, name: STRING, since: DATE, active: BOOLEAN}
Order {id: STRING, total: FLOAT, placed: DATE_TIME, paid: BOOLEAN}
Product {name: STRING, price: FLOAT, tags: LIST}
Category {name: STRING}
Relationship properties:
CONTAINS {quantity: INTEGER, price: FLOAT}
RATED {stars: INTEGER, at: DATE}
The relationships:
(:Customer)-[:PLACED]->(:Order)
(:Order)-[:CONTAINS]->(:Product)
(:Product)-[:IN]->(:Category)
(:Category)-[:PART_OF]->(:Category)
(:Customer)-[:RATED]->(:Product)
(:Customer)-[:RATED]->(:Category)
"""
ODD = """
(:Match {`order by`: STRING, return: INTEGER, `größe`: FLOAT, `it's "x"`: STRING, p: STRING, count: INTEGER})
(:`Odd one` {`a b`: DATE, `1st`: INTEGER, `x/y`: LIST<STRING>, where: STRING})
(:R)-[:r2 {r: INTEGER, r2: STRING}]->(:R)
(:Name {name: STRING, names: LIST}), (:p2 {title: STRING}), (:Node)
(:Match)-[:`IS A`]->(:`Odd one`)-[:WITH {set: STRING, limit: BOOLEAN}]->(:Name)<-[:`Über`]-(:R)
(:p2)-[:AND]->(:Match), (:Node)-[:AND]->(:R), (:Count {p: STRING})
"""
ONE = "(:Sensor {label: STRING, value: FLOAT, at: DATE_TIME})"
MANY = (
    "\n".join(
        f"(:{name} {{id: INT, on: DATE, name: TEXT, a{name}: TEXT, b{name}: INT, c{name}: LIST, y: BOOLEAN, z: DATE}})"
        for name in ("Alpha", "Beta", "Gamma", "Delta", "User", "Group", "Item", "Shop")
    )
    + """
(:Alpha)-[:OWNS {n: INTEGER}]->(:Beta)-[:HAS]->(:Gamma)-[:HAS]->(:Delta)<-[:OWNS]-(:User)
(:User)-[:KNOWS {since: DATE}]->(:User), (:Shop)-[:IN_GROUP]->(:Group)
(:User)-[:IN_GROUP]->(:Group), (:User)-[:BOUGHT {qty: INTEGER}]->(:Item)<-[:SELLS]-(:Shop), (:User)-[:LIKES]->(:Shop)
(:User)-[:LIKES]->(:Item)
"""
)
UNTYPED = "(:Person {name, born})-[:ACTED_IN {role}]->(:Movie {title, year})"
SCHEMAS = {"movies": MOVIES, "shop": SHOP, "odd": ODD, "one": ONE, "many": MANY, "untyped": UNTYPED}
TYPICAL = {
    "movies": [
        "MATCH (p:Person) RETURN p",
        "MATCH (m:Movie) WHERE m.released > 1990 AND m.released < 2000 RETURN m.title",
        "MATCH (p:Person {name: 'Tom Hanks'})-[:ACTED_IN]->(m:Movie) RETURN m.title, m.released",
        'MATCH (p:Person {name: "Tom Hanks"})-[:ACTED_IN]->(m:Movie)<-[:ACTED_IN]-(p2:Person) RETURN DISTINCT p2.name',
        "MATCH (p:Person)-[:DIRECTED]->(m:Movie)"
        " RETURN p.name AS name, count(m) AS movies ORDER BY movies DESC LIMIT 5",
        "MATCH (p:Person)-[:ACTED_IN]->(m:Movie), (p)-[:DIRECTED]->(m) RETURN p.name, m.title",
        "MATCH (m:Movie) RETURN count(m)",
        "MATCH (m:Movie) RETURN COUNT(*) AS count",
        "MATCH (m:Movie) RETURN avg(m.released) AS average",
        "MATCH (p:Person)-[r:REVIEWED]->(m:Movie) WHERE r.rating >= 80"
        " RETURN p.name, m.title, r.rating ORDER BY r.rating DESC",
        "MATCH (p:Person)-[r:ACTED_IN]->(m:Movie) WHERE 'Neo' IN r.roles RETURN p.name",
        "MATCH (p:Person) WHERE p.name STARTS WITH 'J' RETURN p.name ORDER BY p.name",
        "MATCH (p:Person) WHERE toLower(p.name) CONTAINS 'tom' RETURN p.name",
        "MATCH (p:Person) WHERE p.born IS NULL RETURN p.name",
        "MATCH (p:Person) WHERE NOT (p)-[:ACTED_IN]->(:Movie) RETURN p.name",
        "MATCH (p:Person) WHERE (p)-[:DIRECTED]->(:Movie {title: 'Cloud Atlas'}) RETURN p.name",
        "MATCH (p:Person) WHERE EXISTS { MATCH (p)-[:ACTED_IN]->(m:Movie) WHERE m.released > 2000 } RETURN p.name",
        "MATCH (p:Person) WHERE NOT EXISTS { MATCH (p)-[:DIRECTED]->(:Movie) } AND p.born < 1950 RETURN p.name, p.born",
        "MATCH (p:Person) WHERE COUNT { MATCH (p)-[:ACTED_IN]->(:Movie) } > 3 RETURN p.name",
        "MATCH (p:Person)-[:ACTED_IN]->(m:Movie) WITH p, count(m) AS movieCount"
        " WHERE movieCount > 3 RETURN p.name, movieCount",
        "MATCH (p:Person)-[:ACTED_IN]->(m:Movie)\nWITH p, count(m) AS n\nORDER BY n DESC\nLIMIT 1\n"
        "MATCH (p)-[:DIRECTED]->(m2:Movie)\nRETURN p.name, m2.title",
        "MATCH (p:Person)-[:FOLLOWS*1..3]->(p2:Person) WHERE p.name = 'Jessica' RETURN p2.name",
        "MATCH (p1:Person)-[:FOLLOWS]->(p2:Person) WHERE p1 <> p2 RETURN p1.name, p2.name",
        "MATCH (p:Person)-[:FOLLOWS]-(p2:Person) RETURN p2.name",
        "MATCH (p:Person)-[:ACTED_IN|DIRECTED]->(m:Movie) RETURN DISTINCT p.name",
        "MATCH (p:Person)-[r]->(m:Movie) RETURN type(r), count(*)",
        "MATCH (p:Person)-->(m:Movie) RETURN m.title",
        "MATCH (p:Person)-[:ACTED_IN]->(m) RETURN m.title",
        "MATCH (m:Movie)<-[:DIRECTED]-(p) WHERE m.title = 'The Matrix' RETURN p.name",
        "MATCH (p:Person) OPTIONAL MATCH (p)-[:DIRECTED]->(m:Movie) RETURN p.name, count(m) AS movies",
        "MATCH (p:Person)-[:ACTED_IN]->(m:Movie) RETURN p.name, collect(m.title) AS titles",
        "MATCH (p:Person)-[:ACTED_IN]->(m:Movie) RETURN p.name, COUNT(m) ORDER BY count(m) DESC LIMIT 1",
        "MATCH (p:Person) RETURN p.name AS name UNION MATCH (m:Movie) RETURN m.title AS name",
        "MATCH (p:Person) WHERE p.born IN [1956, 1964] RETURN p.name SKIP 5 LIMIT 10",
        "MATCH (m:Movie) WHERE m.title = 'A' OR (m.title = 'B' AND m.released > 3) RETURN m.tagline;",
        "MATCH (p:Person)-[r:ACTED_IN]->(m:Movie) UNWIND r.roles AS value"
        " RETURN value, count(*) AS count ORDER BY count DESC",
        "MATCH (p:Person) RETURN sum(CASE WHEN p.born < 1950 THEN 1 ELSE 0 END) AS total",
        "MATCH (p:Person)-[:ACTED_IN]->(m:Movie) RETURN max(m.released) - min(m.released)",
        "MATCH (p:Person)-[:REVIEWED]->(m:Movie)<-[:DIRECTED]-(p2:Person)-[:FOLLOWS]->(p) RETURN p2",
        "MATCH (person:Person)-[:ACTED_IN]->(movie:Movie) WHERE person.name = 'Keanu Reeves' RETURN movie.title",
        "MATCH (p:Person) RETURN count(DISTINCT p.born)",
        "MATCH (p:Person)-[:REVIEWED {rating: 95}]->(m:Movie) RETURN p.name",
        "MATCH (p:Person)-[:ACTED_IN]->(m:Movie) RETURN m.title, size(collect(p)) AS count",
        "MATCH (m:Movie) RETURN m.title ORDER BY m.released LIMIT 1",
        "MATCH (p:Person)-[:DIRECTED]->(m:Movie) RETURN DISTINCT p.name ORDER BY p.name DESC LIMIT 3",
        "MATCH (p:Person)-[:ACTED_IN]->(m:Movie) RETURN p.name, count(m) AS movies ORDER BY movies DESC, p.name",
        "MATCH (p:Person) RETURN p.name, COUNT { MATCH (p)-[:ACTED_IN]->(:Movie) } AS movies ORDER BY movies DESC",
        "MATCH (p:Person)-[]->(m:Movie) RETURN m",
        "MATCH (p:Person)-[:FOLLOWS*]->(p2) RETURN p2",
    ],
    "shop": [
        "MATCH (c:Customer)-[:PLACED]->(o:Order) WHERE c.active = true AND o.placed >= datetime('2024-01-01')"
        " RETURN c.name, sum(o.total) AS total ORDER BY total DESC",
        "MATCH (c:Customer) WHERE c.since < date('2020-05-17') AND NOT c.active RETURN c.name ORDER BY c.since",
        "MATCH (o:Order)-[r:CONTAINS]->(p:Product)-[:IN]->(c:Category {name: 'Books'})"
        " WHERE 'new' IN p.tags RETURN p.name, sum(r.quantity * r.price) AS total",
        "MATCH (c:Category)-[:PART_OF*]->(c2:Category) WHERE c2.name = 'All' RETURN c.name",
        "MATCH (c:Customer)-[r:RATED]->(p:Product) WITH p, avg(r.stars) AS average"
        " WHERE average >= 4 MATCH (p)-[:IN]->(c) RETURN c.name, count(p) AS n",
        "MATCH (c:Customer)-[:RATED]->() RETURN count(DISTINCT c)",
        "MATCH (c:Customer)-[:RATED {stars: 5}]->(p:Product)"
        " WHERE EXISTS { MATCH (c)-[:PLACED]->(o)-[:CONTAINS]->(p) WHERE o.paid } RETURN c",
    ],
    "odd": [
        "MATCH (m:Match)-[r:`IS A`]->(o:`Odd one`) WHERE o.`a b` > date('2020-01-01') AND m.count > 3"
        ' RETURN m.`it\'s "x"`, o.`1st` ORDER BY o.`1st`',
        "MATCH (n:Name)<-[r:`Über`]-(r1:R) WHERE 'x' IN n.names UNWIND n.names AS value"
        " RETURN value, count(*) AS count ORDER BY count DESC",
        "MATCH (p:p2)-[:AND]->(m) WHERE NOT (p)-[:AND]->(:Match {count: 3, return: 2}) RETURN p.title, m.return",
        "MATCH (n:Node)-[:AND]->(r1:R) RETURN n, count(r1)",
        "MATCH (c:Count), (m:Match) WHERE c.p = m.p AND EXISTS { MATCH (m)-[:`IS A`]->(o) WHERE o.where = 'x' }"
        " RETURN DISTINCT c.p AS name UNION ALL MATCH (n:Name) RETURN n.name AS name",
        "MATCH (m:Match)-[:`IS A`]->(o:`Odd one`)-[r:WITH]->(n:Name) RETURN o.`1st`, r.set, r.limit, n.name",
    ],
    "many": [
        "MATCH (u:User)-[:LIKES]->(i:Item)<-[:SELLS]-(s:Shop) WHERE u.on >= date('2021-03-04')"
        " RETURN s.name, count(DISTINCT u) AS count ORDER BY count DESC LIMIT 3",
        "MATCH (u:User)-[r:BOUGHT]->(i:Item) WITH u, sum(r.qty) AS total WHERE total > 10"
        " MATCH (u)-[:KNOWS]->(u2) WHERE u2.y RETURN u.name AS name, u2.name, total ORDER BY total DESC, u.name",
        "MATCH (a:Alpha)-[:OWNS]->(b)-[:HAS]->(g)-[:HAS]->(d:Delta)<-[:OWNS]-(u:User) RETURN a, u.name",
        "MATCH (u:User) WHERE COUNT { MATCH (u)-[:KNOWS]-(u2) WHERE u2.z IS NOT NULL } > 2"
        " OR (u)-[:IN_GROUP]->(:Group {name: 'x'}) RETURN u",
    ],
    "untyped": [
        "MATCH (p:Person)-[r:ACTED_IN]->(m) WHERE p.born > 1950 AND m.title CONTAINS 'x' RETURN sum(m.year), r.role"
    ],
}
REFUSED = [
    "MATCH (d:Dog) RETURN d",
    "MATCH (p:Person) RETURN p.age",
    "MATCH (p:Person) RETURN p.title",
    "MATCH (p:Person {title: 'x'}) RETURN p",
    "MATCH (m:Movie)-[:ACTED_IN]->(p:Person) RETURN p",
    "MATCH (p:Person)<-[:ACTED_IN]-(m:Movie) RETURN p",
    "MATCH (p:Person)-[:FOLLOWS]->(m:Movie) RETURN p",
    "MATCH (p:Person)-[:LIKES]->(m:Movie) RETURN p",
    "MATCH (p:Person)-[:ACTED_IN|FOLLOWS]->(m:Movie) RETURN p",
    "MATCH (p:Person)-[:ACTED_IN {rating: 3}]->(m:Movie) RETURN p",
    "MATCH (p:Person)-[r:ACTED_IN]->(m:Movie) RETURN r.rating",
    "MATCH (p:Person)-[r:REVIEWED]->(m:Movie) RETURN r.roles",
    "MATCH (m:Movie)--(m2:Movie) RETURN m",
    "MATCH (p:Person) RETURN m.title",
    "MATCH (p:Person) RETURN p2.name",
    "MATCH (p:Person) WHERE m.title = 'x' RETURN p",
    "MATCH (p:Person) RETURN r",
    "MATCH (p:Person) RETURN count(r) ORDER BY count(r)",
    "MATCH (p:Person) RETURN total",
    "MATCH (p) RETURN p",
    "MATCH (p:Person) WITH count(p) AS n RETURN p.name",
    "MATCH (p:Person)-[:ACTED_IN]->(m:Movie) WITH p RETURN m.title",
    "MATCH (p:Person) WITH p, count(*) AS n, n + 1 AS total RETURN n",
    "MATCH (p:Person) WHERE EXISTS { MATCH (p)-[:DIRECTED]->(m:Movie) } RETURN m.title",
    "MATCH (p:Person) WHERE (p)-[:DIRECTED]->(m:Movie) RETURN p",
    "MATCH (p:Person) WHERE (p)-[:DIRECTED]->(:Person) RETURN p",
    "MATCH (p:Person)-[r:ACTED_IN]->(m:Movie)<-[r:DIRECTED]-(p2:Person) RETURN r",
    "MATCH (p:Person), (p:Movie) RETURN p",
    "MATCH (p:Person)-[:ACTED_IN]->(p:Movie) RETURN p",
    "CREATE (p:Person {name: 'x'})",
    "MATCH (p:Person) SET p.name = 'x'",
    "MATCH (p:Person) DETACH DELETE p",
    "MERGE (p:Person {name: 'x'}) RETURN p",
    "MATCH (p:Person) RETURN p; MATCH (p:Person) RETURN p",
    "MATCH (p:Person) RETURN p.name, p.name",
    "MATCH (p:Person) RETURN p, p",
    "MATCH (p:Person) RETURN p.name AS name, p.born AS name",
    "MATCH (p:Person) RETURN DISTINCT p.name ORDER BY p.born",
    "MATCH (p:Person) RETURN p.name, count(*) ORDER BY p.born",
    "MATCH (p:Person)-[:DIRECTED]->(m:Movie) RETURN p.name, m.released, count(*) ORDER BY m.title",
    "MATCH (p:Person)-[:DIRECTED]->(m:Movie) RETURN DISTINCT p.name ORDER BY m.title",
    "MATCH (p:Person)-[:FOLLOWS]->(p2:Person) RETURN DISTINCT p.name ORDER BY p2.name",
    "MATCH (p:Person) RETURN p.name, p.born AS count UNION MATCH (m:Movie) RETURN m.title AS name",
    "MATCH (p:Person) RETURN p.name UNION MATCH (m:Movie) RETURN m.title",
    "MATCH (p:Person)",
    "MATCH (p:Person) WHERE p.name STARTS WITH 3 RETURN p",
    "MATCH (p:Person) WHERE p.born STARTS WITH 'x' RETURN p",
    "MATCH (p:Person) CALL db.labels() YIELD label RETURN label",
    "MATCH (p:Person)-[:FOLLOWS*]->(m:Movie) RETURN m",
]
BAD = {
    "": "no label in it",
    "// nothing\n\nRelationship properties:\n": "no label in it",
    "the people and their movies": "response_format.schema: line 1: 'the people and their movies' is no pattern",
    "(:A)\n(:A)-[:R]-(:B)": "line 2: a relationship goes one way",
    "(:A)<-[:R]->(:B)": "line 1: a relationship goes one way",
    "(:A {x: STRING y: INTEGER})": "line 1: 'x: STRING y: INTEGER' is no property",
    "(:A)\n\n(:A {x: STRING)": "line 3: .* is no pattern",
    "- `x`: STRING": "line 1",
    "- **A**\n- x STRING": "line 2",
    "(:A)-[:R]->(B)": "line 1: '\\(B\\)' is no pattern",
    "CREATE TABLE a (b INT)": "line 1",
    f"(:`{'a' * 61}`)": "at most 60",
    "(:`a\tb`)": "the name 'a.*b' is not taken",
    "(:A)" * 10_000: "40,000 characters, and at most 32,768",
    "".join(f"(:A)-[:R{i}]->(:A)" for i in range(31)): "31 relationship types are more than 30",
    "".join(f"(:A{i % 8})-[:R]->(:A{i // 8})" for i in range(61)): "61 relationships are more than 60",
    "(:A {" + ", ".join(f"p{i}" for i in range(501)) + "})": "501 properties are more than 500",
}
HOSTILE = [
    "," * 32_000,
    "(:P {" + "," * 32_000 + "})",
    "(:P {" + "a(" * 15_000 + "})",
    "(:P {a:" + "(" * 30_000 + "})",
    "node" + ":" * 32_000 + "a",
    " " * 32_000 + "x:",
    "(" * 32_000,
    "`" * 32_000,
    "(:P {" + " " * 32_000,
    "a" * 32_000,
    "a {" * 10_000,
    "- **" + "a " * 15_000,
    "- a" + " " * 15_000 + "b" + ":" * 15_000,
    "(:P)" + "-" * 30_000,
    "(:P {a:" + "<" * 30_000 + "})",
    "(:P {" + "a:b," * 8_000 + "})",
]
FREE = 2000  # tokens: where more may come, it is within a string
TYPES = {
    "text": "STRING", "number": "INT64", "bool": "BOOL", "date": "DATE", "time": "TIMESTAMP", "list": "STRING[]",
    "any": "STRING", "other": "STRING",
}  # fmt: skip
# A query that is right and has constants that divide by zero and the like: Kuzu calculates those when it prepares it.
CALCULATED = ("Runtime exception", "Conversion exception", "Overflow exception")
# Kuzu does not take an aggregate of one that WITH has calculated, where it stands in a sum or the like. Neo4j does.
NESTED = "contains nested aggregation"
# A property without a type is one of strings in Kuzu, so that arguments of functions do not fit.
UNTYPED_FAULTS = ("did not receive correct arguments", "Cannot match a built-in function", "Implicit cast")
# What Neo4j calls otherwise.
MACROS = (
    "type(r) AS label(r)",
    "toString(x) AS CAST(x AS STRING)",
    "toInteger(x) AS CAST(x AS INT64)",
    "toFloat(x) AS CAST(x AS DOUBLE)",
    "datetime(x) AS timestamp(x)",
)


def graph(schema: str):
    """A database that has the tables of a schema."""
    read = read_graph_schema(schema, "schema")
    connection = kuzu.Connection(kuzu.Database(":memory:", buffer_pool_size=1 << 28))
    for label, properties in read.labels.items():
        columns = "".join(f"`{name}` {TYPES[kind]}, " for name, kind in properties.items())
        connection.execute(f"CREATE NODE TABLE `{label}` ({columns}key_ SERIAL, PRIMARY KEY(key_))")
    for kind, properties in read.types.items():
        joins = [f"FROM `{a}` TO `{b}`" for a, t, b in read.joins if t == kind]
        columns = [f"`{name}` {TYPES[of]}" for name, of in properties.items()]
        connection.execute(f"CREATE REL TABLE `{kind}` ({', '.join(joins + columns)})")
    for macro in MACROS:
        connection.execute(f"CREATE MACRO {macro}")
    return connection


def spelled_for_kuzu(schema, queries):
    """Kuzu wants quotes around keywords where Neo4j takes them for names."""
    read = read_graph_schema(schema, "schema")
    names = {name for owners in (read.labels, read.types) for owner in owners for name in (owner, *owners[owner])}
    if not (keywords := "|".join(name for name in names if name.upper() in KEYWORDS and quoted(name) == name)):
        return queries
    wanting = re.compile(rf"(?<=[:|.])({keywords})\b|(?<=[{{,\s])({keywords})(?=:)")
    return [wanting.sub(lambda match: f"`{match.group()}`", query) for query in queries]


def wrong_of(schema: str, queries: list[str]) -> list[tuple[str, str]]:
    connection = graph(schema)
    wrong = []
    for query in spelled_for_kuzu(schema, queries):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)
            prepared = connection.prepare(query)
        error = "" if prepared.is_success() else prepared.get_error_message()
        let_pass = (NESTED, *(UNTYPED_FAULTS if schema == UNTYPED else ()))
        if error and not error.startswith(CALCULATED) and not any(fault in error for fault in let_pass):
            wrong.append((query, error[:300]))
    return wrong


class CypherWalker(Walker):
    """Draws what a token begins with before the token: keywords are as likely as names. Ends most strings soon."""

    def __init__(self, base, seed):
        super().__init__(base, seed)
        self._quotes = np.array([b"'" in piece or b'"' in piece for piece in pieces(base)])
        alike = bytes.maketrans(b'123456789-"', b"0000000000'")  # values, which else would be most of what is drawn
        self._firsts = np.array([piece.strip()[:1].translate(alike) or b" " for piece in pieces(base)])

    def _draw(self, constraint, room):
        allowed = constraint.allowed().nonzero()[0]
        quotes = allowed[self._quotes[allowed]]
        if len(allowed) > FREE and len(quotes) and self._random.random() < 0.6:
            return self._taken(constraint, self._random.choice(quotes))
        firsts = self._firsts[allowed]
        first = self._random.choice(np.unique(firsts))
        return self._taken(constraint, self._random.choice(allowed[firsts == first]))

    def _taken(self, constraint, token):
        assert constraint.take(int(token))
        return int(token)


def drawn(base, grammars, schema, count, seed, begins=()):
    """Queries that begin like those of `begins`, if there are any: up to some token."""
    walker, grammar = CypherWalker(base, seed), grammars.compile(cypher_source(schema, "schema"))
    random = np.random.default_rng(seed)
    queries = []
    for _ in range(count):
        begun = base.tokenize(random.choice(begins)) if len(begins) else []
        queries.append(walker.document(grammar, 300, begun[: random.integers(len(begun) + 1)]))
    return [query for query in queries if query is not None]


@pytest.mark.parametrize("name", SCHEMAS)
def test_every_query_is_one_of_the_schema(base, grammars, name):
    queries = drawn(base, grammars, SCHEMAS[name], 40, seed=1)
    assert len(queries) >= 25
    assert wrong_of(SCHEMAS[name], queries) == []


@pytest.mark.parametrize("name", TYPICAL)
def test_every_query_that_begins_like_a_typical_one_is_one_of_the_schema(base, grammars, name):
    queries = drawn(base, grammars, SCHEMAS[name], 100, seed=2, begins=TYPICAL[name])
    assert len(queries) >= 70
    assert wrong_of(SCHEMAS[name], queries) == []


@pytest.mark.slow
@pytest.mark.parametrize("name", SCHEMAS)
def test_every_query_of_very_many_is_one_of_the_schema(base, grammars, name):
    queries = drawn(base, grammars, SCHEMAS[name], 1700, seed=3, begins=TYPICAL.get(name, ()))
    assert wrong_of(SCHEMAS[name], queries) == []


@pytest.mark.parametrize("name", TYPICAL)
def test_typical_queries_are_taken(follows, name):
    source = cypher_source(SCHEMAS[name], "schema")
    assert [query for query in TYPICAL[name] if not follows(source, query)] == []
    assert wrong_of(SCHEMAS[name], TYPICAL[name]) == []


@pytest.mark.parametrize("query", REFUSED)
def test_what_the_schema_lacks_is_refused(follows, query):
    assert not follows(cypher_source(MOVIES, "schema"), query)


def test_a_schema_may_be_written_in_three_ways():
    patterns = "// what there is\n(:A {x: STRING, y: INTEGER}), (b:B)\n(:A)-[r:R {z: LIST<STRING>}]->(:B)<-[:S]-(:A)\n"
    printed = """Node properties are the following:
A {x: STRING, y: INTEGER}
B {}
Relationship properties are the following:
R {z: LIST}
The relationships are the following:
(:A)-[:R]->(:B)
(:A)-[:S]->(:B)"""
    bullets = """Node properties:
- **A**
  - `x`: STRING Example: "so: {this} (and) that"
  - `y`: INTEGER Min: 1, Max: 2
- **B**
Relationship properties:
- **R**
  - `z`: LIST Min Size: 1
- **S**
The relationships:
(:A)-[:R]->(:B)
(:A)-[:S]->(:B)"""
    read = read_graph_schema(patterns, "schema")
    assert read.labels == {"A": {"x": "text", "y": "number"}, "B": {}}
    assert read == read_graph_schema(printed, "schema") == read_graph_schema(bullets, "schema")


@pytest.mark.parametrize(("schema", "message"), BAD.items())
def test_a_bad_schema_is_refused_with_its_line(grammars, schema, message):
    with pytest.raises(InvalidRequest, match=message):
        grammars.compile(cypher_source(schema, "response_format.schema"))


@pytest.mark.parametrize("count", [MAX_LABELS, MAX_LABELS + 1])
def test_a_schema_has_so_many_labels_at_most(grammars, count):
    schema = "".join(f"(:Label{i} {{p{i}: STRING, q: INTEGER}})-[:T{i % 25}]->(:Label{i // 2})\n" for i in range(count))
    if count > MAX_LABELS:
        with pytest.raises(InvalidRequest, match="31 labels are more than 30"):
            grammars.compile(cypher_source(schema, "schema"))
    else:
        assert grammars.compile(cypher_source(schema, "schema"))


def test_a_label_may_have_all_the_properties_that_there_may_be(follows):
    source = cypher_source("(:A {" + ", ".join(f"p{i}: STRING" for i in range(500)) + "})", "schema")
    assert follows(source, "MATCH (a:A {p499: 'x', p70: 'y'}) RETURN a.p499, a.p3")
    assert not follows(source, "MATCH (a:A) RETURN a.p499, a.p499")


@pytest.mark.timeout(20)
@pytest.mark.parametrize("text", HOSTILE)
def test_a_hostile_schema_is_read_in_linear_time(text):
    with contextlib.suppress(InvalidRequest):
        read_graph_schema(text, "schema")
