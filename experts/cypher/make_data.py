"""Turns hand-written questions over graphs into training examples: a schema and a question in, one Cypher query out.

There is one way of saying each thing:

- One line, keywords in upper case, texts in single quotes. Every node of MATCH has a variable: its label's first letter
  (`p`), `p2` for the second of that letter, then `p1` and the label's word; `r` and `r2` are taken, so a Route is `r1`.
  Of three nodes of one letter the middle one has no variable. A relationship has one, `r`, only where it is used.
- A path runs as the schema's arrows do. Where arrows meet, it begins with what is returned. One path, and
  a second one behind a comma only where nothing joins two things that are compared (`WHERE a.age > b.age`).
- What equals a value stands in the pattern (`{name: 'Ann', active: true}`), all other conditions stand in WHERE;
  several values are `IN [...]`, a range is `>=` and `<`, of dates as well: `>= date('2024-01-01') AND < date(...)`.
- RETURN has what is asked for and nothing else: names for "which" and "who", `count(*)` for "how many", and
  `count(DISTINCT x)` where a path brings one thing several times. `DISTINCT` where rows may repeat: a thing that leads
  to several others of which none is named.
- Which has most: `ORDER BY x DESC LIMIT 1`; of counts: `WITH p, count(*) AS count ORDER BY count DESC LIMIT 1 RETURN`.
  Having: `WITH p, count(*) AS count WHERE count > 3`. Names that `AS` gives: count, total, average, name.
- Nothing there: `WHERE NOT (p)-[:X]->(:Y)`, from the bound variable. Not the same: `WHERE p <> p2`.
- Either direction: `-[:KNOWS]-`. Up to three steps: `-[:KNOWS*1..3]->`, with `DISTINCT`.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator, Sequence
from pathlib import Path
from random import Random
from typing import Any

from experts import recipe
from experts.cypher.compose import Composer, Known
from experts.cypher.graph import Graph, draw_names, read, renamed, text, thicken, thin
from experts.cypher.names import Names
from experts.cypher.names import renamed as query_renamed
from experts.cypher.values import literals, swapped

WRITTEN = Path(__file__).parent / "written"
COMPOSED = 0.43  # composed questions for each written wording: three in ten lines
LAYOUTS = {
    "{schema}\n\n{ask}": 60,
    "Schema:\n{schema}\n\nQuestion: {ask}": 10,
    "{schema}\n\nQuestion: {ask}": 6,
    "```\n{schema}\n```\n\n{ask}": 5,
    "{ask}\n\n{schema}": 5,
    "Question: {ask}\n\nSchema:\n{schema}": 3,
    "Graph:\n{schema}\n\n{ask}": 3,
    "{schema}\n{ask}": 3,
    "{ask}\n\nThe graph's schema:\n{schema}": 2,
    "Given this graph schema:\n{schema}\n\nWrite a Cypher query: {ask}": 2,
    "```cypher\n{schema}\n```\n{ask}": 1,
}
SYSTEMS = (
    "You are a helpful assistant.",
    "You write Cypher.",
    "Answer with one Cypher query and nothing else.",
    "Given the schema of a property graph and a question, reply with the Cypher query only.",
    "Translate the question into a Cypher query for Neo4j.",
    "Text to Cypher.",
    "You are a graph database expert. Use only labels, relationship types and properties of the schema.",
)
BEFORE = ("please, ", "hi, ", "Can you tell me: ", "I need this: ", "Quick question: ", "hello! ", "For a report: ")
AFTER = (" please", " thanks", ", please", " Thanks!", " pls", " (one query)", " thx")


def _schemas() -> list[tuple[Graph, list[dict[str, Any]]]]:
    return [(read(line["schema"]), line["items"]) for line in recipe.read_written(WRITTEN)]


def _known(items: list[dict[str, Any]]) -> Known:
    """The texts that the queries compare with properties of each label."""
    known: Known = defaultdict(list)
    for item in items:
        for label, key, value in literals(item["cypher"]):
            if key and "\\" not in value and value not in known[label, key]:
                known[label, key].append(value)
    return known


Pair = tuple[str, str]  # a question and its query

BLOCK = 6  # questions over one variant of a schema
SCHEMAS = _schemas()
GRAPHS = [graph for graph, _ in SCHEMAS]


def _noise(ask: str, query: str, rng: Random) -> str:
    # What the query has in quotes is never mistyped.
    values = {word for _, _, value in literals(query) for word in re.findall(r"\w{4,}", value.lower())}
    keep = "|".join([r"[^a-z ]|\d", *sorted(map(re.escape, values))])
    ask = recipe.typos(recipe.roughened(ask, rng), rng, share=0.08, keep=keep)
    if rng.random() < 0.05:
        ask = rng.choice(BEFORE) + ask
    elif rng.random() < 0.05 and ask[-1:] not in ".?!":
        ask += rng.choice(AFTER)
    return ask


def _examples(graph: Graph, pairs: Sequence[Pair], rng: Random) -> Iterator[recipe.Example]:
    """Questions behind one and the same text of the schema: a training reads that once for all of them."""
    layout = rng.choices(list(LAYOUTS), list(LAYOUTS.values()))[0]
    schema = text(graph, _queries(pairs), rng)
    system = rng.choice(SYSTEMS) if rng.random() < 0.12 else None
    for ask, query in pairs:
        # Not str.format: schemas and questions hold braces.
        prompt = layout.replace("{schema}", "\0").replace("{ask}", _noise(ask, query, rng)).replace("\0", schema)
        yield recipe.chat(prompt, query, system)


def _queries(pairs: Sequence[Pair]) -> str:
    return "\n".join(query for _, query in pairs)


def _written(graph: Graph, pairs: Sequence[Pair], plain: bool, rng: Random) -> Iterator[recipe.Example]:
    """Some written wordings over one schema, as they are or varied."""
    if not plain:
        pairs = [swapped(ask, query, rng) for ask, query in pairs]
    graph = graph.copy()
    if not plain or rng.random() < 0.5:
        thin(graph, _queries(pairs), rng)
        thicken(graph, GRAPHS, " ".join(ask for ask, _ in pairs), rng)
    names = Names() if plain or rng.random() < 0.25 else draw_names(graph, rng)
    try:
        answers = [query_renamed(query, names) for _, query in pairs]
    except ValueError:  # too many labels have got the same first letter
        names, answers = Names(), [query for _, query in pairs]
    asked = [(ask, answer) for (ask, _), answer in zip(pairs, answers, strict=True)]
    return _examples(renamed(graph, names), asked, rng)


def _composed(graph: Graph, known: Known, number: int, rng: Random) -> Iterator[recipe.Example]:
    graph = graph.copy()
    thicken(graph, GRAPHS, "", rng)
    names = draw_names(graph, rng)
    graph = renamed(graph, names)
    anew = {(names.labels.get(of, of), names.properties.get((of, key), key)): v for (of, key), v in known.items()}
    pairs = list(Composer(graph, anew, rng).items(number))
    for start in range(0, len(pairs), BLOCK):
        shown, block = graph.copy(), pairs[start : start + BLOCK]
        thin(shown, _queries(block), rng)
        yield from _examples(shown, block, rng)


def round_(number: int, rng: Random) -> Iterator[recipe.Example]:
    """All written wordings once, in the first round mostly as written, and composed questions over the same schemas."""
    for graph, items in rng.sample(SCHEMAS, len(SCHEMAS)):
        pairs = [(ask, item["cypher"]) for item in items for ask in item["ask"]]
        rng.shuffle(pairs)
        for start in range(0, len(pairs), BLOCK):
            yield from _written(graph, pairs[start : start + BLOCK], number == 0 and rng.random() < 0.8, rng)
        yield from _composed(graph, _known(items), round(COMPOSED * len(pairs)), rng)


def main() -> None:
    """Read the command line and write the training file."""
    recipe.main(round_, "A graph's schema and a question to one Cypher query: training lines.", block=3 * BLOCK)


if __name__ == "__main__":
    main()
