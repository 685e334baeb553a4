"""Questions composed from a schema's own names, with their queries: they teach reading a schema exactly.

In a phrasing {A} is things of the label asked for ("movies"), {a} one of them; {x} its name property; {p} another
property, {ps} several; {if} a condition ("with a price over 5"); {B}, {b} and {v} the other label and the name of one
of its things; {w} the words of the relationship, {t} and {s} what several and one of them do; {q} a second property,
or one of the relationship; {C}, {c} and {u} the label and the relationship of a second step; {z} one more name; {n} a
number.
"""

from __future__ import annotations

import contextlib
import re
from collections.abc import Callable, Iterator
from random import Random

from experts.cypher.graph import Graph, Properties, words
from experts.cypher.names import Names, renamed
from experts.cypher.pools import CITIES, COMPANIES, COUNTRIES, HANDLES, LAST, WORKS, words_of
from experts.cypher.values import another, concept

Known = dict[str, list[str]]  # texts that written queries compare a property of this name with
Item = tuple[str, str]


def _lines(text: str) -> list[str]:
    return [part.strip() for part in re.split(r"\s\|\s|\n", text) if part.strip()]


PHRASINGS = {name: _lines(text) for name, text in {
    "list": """List the {A} {if}. | {A} {if} | Which {A} are there {if}? | show me {A} {if} | all {A} {if}
        I need every {a} {if}. | find {A} {if} | Give me the {x} of each {a} {if}. | {x} of {A} {if}
        please list all the {A} {if} | what {A} do we have {if}?""",
    "all": """
        List all {A}. | all {A} | Show me the {x} of every {a}. | which {A} are there? | {A}, all of them
        name all the {A}""",
    "count": """
        How many {A} are there {if}? | number of {A} {if} | count {A} {if} | Count the {A} {if}.
        {A} {if}: how many?
        how many {A} do we have {if} | What is the number of {A} {if}?""",
    "count all": """
        How many {A} are there? | number of {A} | count all {A} | total number of {A} | How many {A} in all?""",
    "property": """
        What is the {p} of the {a} {v}? | {p} of {v} | {v} {p} | What's the {p} of {v}?
        Give me {v}'s {p}.
        I need the {p} for the {a} {v} | {a} {v}: {p} | look up the {p} of {a} {v} | the {p} of {v} please
        Which {p} does {v} have?""",
    "two": """
        What are the {p} and the {q} of the {a} {v}? | {p} and {q} of {v} | {v}: {p}, {q}
        Tell me {p} and {q} of {v}.
        {a} {v}, {p} + {q}""",
    "table": """
        List {x} and {p} of all {A}. | {x} and {p} of the {A} | {A} with their {p}
        Show every {a} with its {p}.""",
    "distinct": """
        Which different {ps} of {A} are there? | distinct {p} of {A} | every {p} that occurs among the {A}
        list the {ps} of {A}, each once""",
    "most": """
        Which {a} has the highest {p}? | {a} with the highest {p} | top {a} by {p}
        the {a} with the largest {p}
        What is the {a} with the greatest {p}? | highest {p}: which {a}? | of all {A}, which has the highest {p}?""",
    "least": """
        Which {a} has the lowest {p}? | {a} with the lowest {p} | the {a} with the smallest {p}
        lowest {p}: which {a}?
        What is the {a} with the least {p}? | of all {A}, which has the lowest {p}?""",
    "latest": """
        Which {a} has the latest {p}? | {a} with the latest {p} | most recent {a} by {p}
        the {a} whose {p} is latest""",
    "earliest": """
        Which {a} has the earliest {p}? | {a} with the earliest {p} | first {a} by {p}
        the {a} whose {p} is earliest""",
    "top": """
        The {n} {A} with the highest {p} | top {n} {A} by {p} | Which {n} {A} have the highest {p}?
        {n} {A} with the largest {p}
        show the {n} {A} that have the greatest {p}""",
    "bottom": """
        The {n} {A} with the lowest {p} | Which {n} {A} have the lowest {p}? | bottom {n} {A} by {p}
        {n} {A} with the smallest {p}""",
    "sorted": "List the {A} by {p}. | {A} ordered by {p} | all {A} sorted by {p}, lowest first | {A} in order of {p}",
    "avg": "What is the average {p} of the {A}? | average {p} of {A} | mean {p} of all {A} | avg {p} {A}",
    "sum": "What is the total {p} of all {A}? | total {p} of {A} | sum of {p} over all {A} | {A}: {p} summed up",
    "max": """
        What is the highest {p} of any {a}? | maximum {p} of {A} | max {p} {A}
        the greatest {p} among the {A}, just the number""",
    "min": """
        What is the lowest {p} of any {a}? | minimum {p} of {A} | min {p} {A}
        the smallest {p} among the {A}, just the number""",
    "group": """How many {A} are there for each {p}? | number of {A} per {p} | {A} by {p}, counted | count {A} per {p}
        For every {p}, how many {A}?""",
    "group avg": """
        What is the average {q} of the {A} for each {p}? | average {q} per {p} of {A}
        mean {q} of {A} by {p}""",
    "out": """
        Which {B} does the {a} {v} have by "{w}"? | {v} {s} which {B}? | {B} of {v} ({w}) | {v}: {w}, which {B}
        List the {B} that {v} {s}. | show me all {B} the {a} {v} {s} | {B} that the {a} {v} {s}""",
    "in": """
        Which {A} {t} the {b} {v}? | {A} that {t} {v} | who or what {s} {v}? I mean {A} | List the {A} that {t} {v}.
        {A}, {w} {v} | all {A} which {t} the {b} {v} | give me {A} that {t} {v} | Which {a} {s} {v}?""",
    "in if": "Which {A} {if} {t} the {b} {v}? | {A} {if} that {t} {v} | List the {A} {if} that {t} the {b} {v}.",
    "in count": "How many {A} {t} the {b} {v}? | number of {A} that {t} {v} | count the {A} that {t} the {b} {v}",
    "in other": "Which {A} {t} a {b} {if}? | {A} that {t} any {b} {if} | List {A} that {t} some {b} {if}.",
    "pairs": "Which {A} {t} which {B}? | list {A} and the {B} they {t} | {A} with their {B} ({w})",
    "per": """
        How many {B} does each {a} have by "{w}"? | number of {B} that each {a} {s} | per {a}: count of {B} ({w})
        for every {a}, the number of {B} it {s}""",
    "per in": """
        How many {A} {t} each {b}? | number of {A} that {t} each {b} | for every {b}, how many {A} {t} it
        {b} by {b}: how many {A} ({w})""",
    "busiest": "Which {a} {s} the most {B}? | {a} with the most {B} ({w}) | top {a} by number of {B} ({w})",
    "ranked": """
        Top {n} {A} by number of {B} ({w}) | Which {n} {A} {t} the most {B}? | the {n} {A} with the most {B} ({w})""",
    "more": "Which {A} {t} more than {n} {B}? | {A} that {t} over {n} {B} | {A} with more than {n} {B} ({w})",
    "none": """
        Which {A} {t} no {b}? | {A} that {t} not a single {b} | {A} without any {b} ({w})
        list the {A} that {t} none of the {B}""",
    "none in": "Which {B} are there that no {a} {s}? | {B} that no {a} {s} | {B} without any {a} ({w})",
    "of edge": """
        What is the {q} of {v} {w} {z}? | {q}: {v} {s} {z} | {v} {s} {z}, with what {q}?
        give me the {q} for {v} {w} {z}""",
    "edge if": "Which {A} {t} the {b} {v} {if}? | {A} that {t} {v} {if} | List the {A} that {t} {v} {if}.",
    "two steps": """
        Which {A} {t} a {c} that {u} the {b} {v}? | {A} that {t} any {c} that {u} {v}
        {A}: {t} a {c} which {u} {v}""",
    "shared": """
        Which {A} {t} a {c} that the {b} {v} {u}? | {A} that {t} some {c} which {v} {u} too
        {A} that {t} one of the {C} {v} {u}""",
}.items()}  # fmt: skip
_OPERATORS = {
    "number": [
        (">", "with a {p} over {n} | with {p} above {n} | where {p} is more than {n} | {p} > {n}"),
        ("<", "with a {p} under {n} | with {p} below {n} | where {p} is less than {n} | {p} < {n}"),
        (">=", "with a {p} of at least {n} | with {p} {n} or more | {p} >= {n} | where {p} is no less than {n}"),
        ("<=", "with a {p} of at most {n} | with {p} {n} or less | {p} <= {n} | where {p} is not above {n}"),
        ("=", "with {p} {n} | with a {p} of {n} | where {p} is {n} | whose {p} is {n}"),
    ],
    "date": [
        (">", "with a {p} after {n} | {p} later than {n} | {p} > {n}"),
        ("<", "with a {p} before {n} | {p} earlier than {n} | {p} < {n}"),
        (">=", "with {p} since {n} | {p} {n} or later | {p} from {n} on"),
    ],
    "text": [
        ("=", "with {p} {n} | whose {p} is {n} | where {p} is {n} | with the {p} {n} | {p} = {n}"),
        ("<>", "whose {p} is not {n} | with a {p} other than {n} | where {p} isn't {n}"),
        ("CONTAINS", "whose {p} contains {n} | with {n} in the {p} | with '{n}' somewhere in {p}"),
        ("STARTS WITH", "whose {p} starts with {n} | with a {p} that begins with {n} | {p} starting with {n}"),
        ("ENDS WITH", "whose {p} ends with {n} | with a {p} ending in {n}"),
    ],
}  # fmt: skip
_CODES = {"code", "number", "id", "iban", "plate", "sku", "docket", "tag", "chip", "isbn", "serial", "ref", "hostname"}
# Words with which a relationship's name begins that say what is done with a thing, or where it is.
_PASSIVE = set(
    words_of("""
    located situated based loaded made enrolled assigned installed mounted stored held kept linked connected related
    tagged employed bound composed printed planned parked emptied hopped married diagnosed grown published shown bought
    """)
)
_PLACES = set(words_of("in on at for of near under next part about subordinate similar acquainted"))
_WEIGHTS = {"number": [3, 3, 2, 2, 2], "date": [2, 2, 2], "text": [6, 1, 1, 1, 0.5]}


def plural(noun: str) -> str:
    """Good enough for names of labels and properties."""
    if noun.endswith(("people", "staff", "species", "series", "news")):
        return noun
    for end, new in (("person", "people"), ("child", "children"), ("man", "men")):
        if noun.endswith(end):
            return noun[: -len(end)] + new
    if re.search(r"[^aeiou]y$", noun):
        return noun[:-1] + "ies"
    return noun + ("es" if re.search(r"(s|x|ch|sh)$", noun) else "s")


def verbs(parts: list[str]) -> tuple[str, str]:
    """What several things and what one does, by the words of a relationship: ("are located in", "is located in")."""
    first, rest, said = parts[0], " ".join(parts[1:]), " ".join(parts)
    if first in ("has", "is", "was"):
        several = {"has": "have", "is": "are", "was": "were"}[first]
        return f"{several} {rest}".strip(), said
    noun = parts[-1] in ("of", "to") and not re.search(r"(s|ed)$", first) and first not in ("made", "bound", "next")
    passive = first in _PASSIVE and parts[-1] in ("in", "on", "at", "to", "with", "of", "from", "for")
    if passive or first in _PLACES or parts[-1] == "by" or noun:
        return f"are {said}", f"is {said}"
    if first.endswith("s") and not first.endswith("ss"):
        several = re.sub(r"ies$", "y", first)
        several = re.sub(r"(?<=ch|sh|ss)es$|(?<=[xo])es$", "", several) if several == first else several
        several = several.removesuffix("s") if several == first else several
        return f"{several} {rest}".strip(), said
    return said, said


def _said(name: str) -> str:
    return " ".join(words(name))


class Composer:
    """Composes questions over one graph."""

    def __init__(self, graph: Graph, known: Known, rng: Random) -> None:
        self.graph, self.known, self.rng = graph, known, rng
        self.named = {label: name for label, of in graph.labels.items() if (name := _name_of(of))}

    def items(self, number: int) -> Iterator[Item]:
        """At most so many; kinds that the graph has nothing for are left out."""
        kinds: list[tuple[Callable[[], Item | None], float]] = [
            (self._filtered, 4), (self._of_one, 3), (self._extreme, 2), (self._figure, 1.5), (self._grouped, 1),
            (self._hop, 7), (self._counted_hop, 3), (self._missing, 2), (self._edge, 2.5), (self._two_steps, 3),
        ]  # fmt: skip
        for kind in self.rng.choices([kind for kind, _ in kinds], [weight for _, weight in kinds], k=number):
            if item := kind():
                # Here variables are called a, b and c.
                with contextlib.suppress(ValueError):
                    yield item[0], renamed(item[1], Names())

    def _say(self, phrasing: str, **filled: str) -> str:
        text = self.rng.choice(PHRASINGS[phrasing])
        said = re.sub(r"\{(\w+)\}", lambda match: filled[match.group(1)], text)
        return re.sub(r"\ba (?=[aeiou])", "an ", said)

    def _label(self) -> str | None:
        return self.rng.choice(list(self.named)) if self.named else None

    def _key(self, of: Properties, kinds: str, *but: str) -> str | None:
        keys = [key for key, kind in of.items() if kind in kinds.split() and key not in but]
        return self.rng.choice(keys) if keys else None

    def _text(self, label: str, key: str) -> str:
        """A text that the property could have."""
        known = self.known.get((label, key), [])
        if known and self.rng.random() < 0.7:
            sample = self.rng.choice(known)
            kind = concept("_".join(words(label)), key, sample)
            return another(kind, sample, self.rng) if kind and self.rng.random() < 0.8 else sample
        last = words(key)[-1]
        if last in _CODES:
            letters = "".join(self.rng.choices("ABCDEFGHKLMNPRSTVXZ", k=self.rng.randint(1, 3)))
            return f"{letters}{self.rng.choice(['-', '', ' '])}{self.rng.randint(1, 9999)}"
        if last in ("username", "handle", "nick", "login", "nickname"):
            return self.rng.choice(HANDLES)
        if kind := concept("_".join(words(label)), key, "Some One"):
            return another(kind, "Some One", self.rng)
        return self.rng.choice(self.rng.choice([CITIES, COMPANIES, COUNTRIES, WORKS, LAST, LAST]))

    def _number(self, key: str, kind: str) -> str:
        if kind == "FLOAT":
            return f"{self.rng.choice([0.5, 1.5, 2.5, 4.5, 7.5, 9.9, 12.5, 99.5, 3, 5, 10, 25, 100, 250, 1000]):g}"
        if set(words(key)) & {"year", "born", "founded", "released", "built", "established", "since", "opened"}:
            return str(self.rng.randint(1900, 2024))
        return str(self.rng.choice([2, 3, 5, 8, 10, 12, 15, 20, 30, 40, 50, 75, 100, 120, 250, 500, 1000, 5000, 20000]))

    def _condition(self, owner: str, of: Properties, var: str) -> tuple[str, str, str] | None:
        """How a condition is said, its map for the pattern or nothing, its WHERE or nothing."""
        key = self._key(of, "STRING INTEGER FLOAT DATE BOOLEAN")
        if not key:
            return None
        kind, said = of[key], _said(key)
        if kind == "BOOLEAN":
            yes = self.rng.random() < 0.7
            way = self.rng.choice(["where {p} is {n}", "with {p} {n}", "whose {p} is {n}"])
            return way.replace("{p}", said).replace("{n}", str(yes).lower()), f" {{{key}: {str(yes).lower()}}}", ""
        group = {"STRING": "text", "DATE": "date"}.get(kind, "number")
        operator, ways = self.rng.choices(_OPERATORS[group], _WEIGHTS[group])[0]
        value, literal = self._value(owner, key, kind, operator)
        way = self.rng.choice(_lines(ways)).replace("{p}", said).replace("{n}", value)
        if operator == "=":
            return way, f" {{{key}: {literal}}}", ""
        return way, "", f" WHERE {var}.{key} {operator} {literal}"

    def _value(self, owner: str, key: str, kind: str, operator: str) -> tuple[str, str]:
        """As it is said, and as the query has it."""
        if kind == "STRING":
            text = self._text(owner, key)
            parts = text.split()
            if operator in ("CONTAINS", "ENDS WITH"):
                text = parts[-1]
            elif operator == "STARTS WITH":
                text = parts[0] if self.rng.random() < 0.4 else text[: self.rng.randint(1, 2)]
            return text, _quoted(text)
        if kind == "DATE":
            day = f"{self.rng.randint(2005, 2025)}-{self.rng.randint(1, 12):02}-{self.rng.randint(1, 28):02}"
            return day, f"date('{day}')"
        number = self._number(key, kind)
        return number, number

    def _words(self, label: str) -> dict[str, str]:
        return {"a": _said(label), "A": plural(_said(label))}

    def _filtered(self) -> Item | None:
        if not (label := self._label()):
            return None
        of, x = self.graph.labels[label], self.named[label]
        if self.rng.random() < 0.12:
            if self.rng.random() < 0.5:
                return self._say("count all", **self._words(label)), f"MATCH (a:{label}) RETURN count(*)"
            return self._say("all", **self._words(label), x=_said(x)), f"MATCH (a:{label}) RETURN a.{x}"
        if not (condition := self._condition(label, of, "a")):
            return None
        said, inside, where = condition
        filled = {**self._words(label), "if": said, "x": _said(x)}
        if self.rng.random() < 0.3:
            return self._say("count", **filled), f"MATCH (a:{label}{inside}){where} RETURN count(*)"
        return self._say("list", **filled), f"MATCH (a:{label}{inside}){where} RETURN a.{x}"

    def _of_one(self) -> Item | None:
        if not (label := self._label()):
            return None
        of, x = self.graph.labels[label], self.named[label]
        key = self._key(of, "STRING INTEGER FLOAT DATE BOOLEAN", x)
        if not key:
            return None
        value = self._text(label, x)
        head = f"MATCH (a:{label} {{{x}: {_quoted(value)}}}) RETURN a.{key}"
        filled = {**self._words(label), "p": _said(key), "v": value, "x": _said(x)}
        if self.rng.random() < 0.15:
            return self._say("table", **filled), f"MATCH (a:{label}) RETURN a.{x}, a.{key}"
        other = self._key(of, "STRING INTEGER FLOAT DATE BOOLEAN", x, key)
        if other and self.rng.random() < 0.3:
            return self._say("two", **filled, q=_said(other)), f"{head}, a.{other}"
        return self._say("property", **filled), head

    def _extreme(self) -> Item | None:
        label = self._label()
        key = self._key(self.graph.labels[label], "INTEGER FLOAT DATE", self.named[label]) if label else None
        if not label or not key:
            return None
        of, x, filled = self.graph.labels[label], self.named[label], {**self._words(label), "p": _said(key)}
        head = f"MATCH (a:{label}) RETURN a.{x} ORDER BY a.{key}"
        high = self.rng.random() < 0.6
        way = self.rng.random()
        if of[key] == "DATE":
            return self._say("latest" if high else "earliest", **filled), head + (" DESC" if high else "") + " LIMIT 1"
        if way < 0.3:
            n = str(self.rng.randint(2, 12))
            return self._say("top" if high else "bottom", **filled, n=n), f"{head}{' DESC' if high else ''} LIMIT {n}"
        if way < 0.4:
            return self._say("sorted", **filled), head
        return self._say("most" if high else "least", **filled), head + (" DESC" if high else "") + " LIMIT 1"

    def _figure(self) -> Item | None:
        label = self._label()
        key = self._key(self.graph.labels[label], "INTEGER FLOAT", self.named[label]) if label else None
        if not label or not key:
            return None
        figure = self.rng.choice(["avg", "avg", "sum", "max", "min"])
        return self._say(figure, **self._words(label), p=_said(key)), f"MATCH (a:{label}) RETURN {figure}(a.{key})"

    def _grouped(self) -> Item | None:
        label = self._label()
        key = self._key(self.graph.labels[label], "STRING BOOLEAN INTEGER", self.named[label]) if label else None
        if not label or not key:
            return None
        filled = {**self._words(label), "p": _said(key), "ps": plural(_said(key))}
        number = self._key(self.graph.labels[label], "INTEGER FLOAT", self.named[label], key)
        way = self.rng.random()
        if way < 0.25:
            return self._say("distinct", **filled), f"MATCH (a:{label}) RETURN DISTINCT a.{key}"
        if number and way < 0.5:
            query = f"MATCH (a:{label}) RETURN a.{key}, avg(a.{number})"
            return self._say("group avg", **filled, q=_said(number)), query
        return self._say("group", **filled), f"MATCH (a:{label}) RETURN a.{key}, count(*)"

    def _join(self) -> tuple[str, str, str] | None:
        joins = [join for join in self.graph.joins if join[0] in self.named and join[2] in self.named]
        return self.rng.choice(joins) if joins else None

    def _ends(self, a: str, type_: str, b: str) -> dict[str, str]:
        several, one = verbs(words(type_))
        return {**self._words(a), "b": _said(b), "B": plural(_said(b)), "w": _said(type_), "t": several, "s": one}

    def _one(self, label: str, var: str) -> tuple[str, str]:
        """A name of a thing, and the node that has it."""
        value = self._text(label, self.named[label])
        return value, f"({var}:{label} {{{self.named[label]}: {_quoted(value)}}})"

    def _hop(self) -> Item | None:
        if not (join := self._join()):
            return None
        a, t, b = join
        filled, way = self._ends(a, t, b), self.rng.random()
        if way < 0.35:
            value, node = self._one(a, "a")
            query = f"MATCH {node}-[:{t}]->(b:{b}) RETURN b.{self.named[b]}"
            return self._say("out", **filled, v=value), query
        if way < 0.42:
            query = f"MATCH (a:{a})-[:{t}]->(b:{b}) RETURN a.{self.named[a]}, b.{self.named[b]}"
            return self._say("pairs", **filled), query
        if way < 0.55 and (condition := self._condition(b, self.graph.labels[b], "b")):
            said, inside, where = condition
            query = f"MATCH (a:{a})-[:{t}]->(b:{b}{inside}){where} RETURN DISTINCT a.{self.named[a]}"
            return self._say("in other", **filled, **{"if": said}), query
        value, node = self._one(b, "b")
        if way < 0.65 and (condition := self._condition(a, self.graph.labels[a], "a")):
            said, inside, where = condition
            query = f"MATCH (a:{a}{inside})-[:{t}]->{node}{where} RETURN a.{self.named[a]}"
            return self._say("in if", **filled, v=value, **{"if": said}), query
        if way < 0.72:
            return self._say("in count", **filled, v=value), f"MATCH (a:{a})-[:{t}]->{node} RETURN count(*)"
        return self._say("in", **filled, v=value), f"MATCH (a:{a})-[:{t}]->{node} RETURN a.{self.named[a]}"

    def _counted_hop(self) -> Item | None:
        if not (join := self._join()):
            return None
        a, t, b = join
        filled, head, way = self._ends(a, t, b), f"MATCH (a:{a})-[:{t}]->(b:{b})", self.rng.random()
        if way < 0.3:
            return self._say("per", **filled), f"{head} RETURN a.{self.named[a]}, count(*)"
        if way < 0.45:
            return self._say("per in", **filled), f"{head} RETURN b.{self.named[b]}, count(*)"
        if way < 0.7:
            query = f"{head} WITH a, count(*) AS count ORDER BY count DESC LIMIT 1 RETURN a.{self.named[a]}"
            return self._say("busiest", **filled), query
        n = str(self.rng.randint(2, 20))
        if way < 0.78:
            query = f"{head} WITH a, count(*) AS count ORDER BY count DESC LIMIT {n} RETURN a.{self.named[a]}"
            return self._say("ranked", **filled, n=n), query
        query = f"{head} WITH a, count(*) AS count WHERE count > {n} RETURN a.{self.named[a]}"
        return self._say("more", **filled, n=n), query

    def _missing(self) -> Item | None:
        if not (join := self._join()):
            return None
        a, t, b = join
        if self.rng.random() < 0.6:
            query = f"MATCH (a:{a}) WHERE NOT (a)-[:{t}]->(:{b}) RETURN a.{self.named[a]}"
            return self._say("none", **self._ends(a, t, b)), query
        query = f"MATCH (b:{b}) WHERE NOT (b)<-[:{t}]-(:{a}) RETURN b.{self.named[b]}"
        return self._say("none in", **self._ends(a, t, b)), query

    def _edge(self) -> Item | None:
        if not (join := self._join()) or not (key := self._key(self.graph.types[join[1]], "STRING INTEGER FLOAT DATE")):
            return None
        a, t, b = join
        filled = self._ends(a, t, b)
        value, node = self._one(b, "b")
        condition = self._condition(t, self.graph.types[t], "r") if self.rng.random() < 0.5 else None
        if condition:
            said, inside, where = condition
            query = f"MATCH (a:{a})-[{'r' if where else ''}:{t}{inside}]->{node}{where} RETURN a.{self.named[a]}"
            return self._say("edge if", **filled, v=value, **{"if": said}), query
        other, first = self._one(a, "a")
        query = f"MATCH {first}-[r:{t}]->{node} RETURN r.{key}"
        return self._say("of edge", **filled, v=other, z=value, q=_said(key)), query

    def _two_steps(self) -> Item | None:
        if not (join := self._join()):
            return None
        a, t, c = join
        on = [j for j in self.graph.joins if j[0] == c and j[2] in self.named and j != join]
        to = [j for j in self.graph.joins if j[2] == c and j[0] in self.named and j != join]
        if not on and not to:
            return None
        forwards = bool(on) and (not to or self.rng.random() < 0.6)
        b, u, d = self.rng.choice(on if forwards else to)
        end = d if forwards else b
        value, node = self._one(end, "b")
        filled = {**self._ends(a, t, end), "c": _said(c), "C": plural(_said(c)), "u": verbs(words(u))[1], "v": value}
        step = f"-[:{u}]->" if forwards else f"<-[:{u}]-"
        query = f"MATCH (a:{a})-[:{t}]->(c:{c}){step}{node} RETURN DISTINCT a.{self.named[a]}"
        return self._say("two steps" if forwards else "shared", **filled), query


def _name_of(of: Properties) -> str | None:
    """The property by which things of a label are called: answers to "which" give it."""
    texts = [key for key, kind in of.items() if kind == "STRING"]
    called = [key for key in texts if words(key)[-1] in ("name", "title", "code", "username", "label", "heading")]
    return (called or texts or [None])[0]


def _quoted(text: str) -> str:
    return "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"
