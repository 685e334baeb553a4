"""Cypher queries that can name only what a graph's schema has, as a grammar in llguidance's Lark dialect.

A rule cannot remember what label a variable has. So the rules carry a state of 64 bits (llguidance's parametric
grammars): slots, each of which is empty or has one variable that the query has bound so far, by its name and label.
Patterns are rules of their labels, so that only relationships are followed which the schema has.

llguidance (1.9) takes the end of a rule with a state for the end of all such rules that began at the same place. So the
state must be known from the text alone wherever such a rule is not the last of another's; where two are possible, what
follows must be the same for both, or right for the one that takes more.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from expertd.grammar.graph_schema import GraphSchema, Kind, Properties, read_graph_schema
from expertd.grammar.lark import any_of, either, every, field

_NEVER = "and(bit_set(0), bit_clear(0))"
# Bits of the state, behind those of the slots.
_STEPS = (59, 62)  # relationships and further patterns, 7 at most
_FIRST = (59, 63)  # of RETURN, from when the others are of no use: see `_first`
_GOAL = 62  # the query's only column must be called like that of the one before UNION
# Another state says what properties of one variable were named, and which variable that is. Of more than 58 properties
# some share a bit, and are not named together.
_MOST, _VARIABLE = 58, (58, 64)
_UNBOUND = 63  # within a pattern of a condition: it binds no variables
_AGGREGATED = 63  # of RETURN: rows are no longer those of the variables, when they are ordered
_ANY_NAME = "name"  # of the columns that UNION has
# Names that columns may have, so that no variable has them: of texts, of lists and of numbers.
_TEXTS, _LISTS, _NUMBERS = (_ANY_NAME, "value", "result"), ("names", "titles", "list", "values"), ("count", "total")
# What holds a column that has no name: `count(*)`, `count` of the variable in one of the slots, or something else.
_COUNT_ALL, _COUNTS, _UNNAMED = 23, 24, 31
_UNTYPED = 31  # what holds a relationship's variable that has no type
_ORDERED: tuple[Kind, ...] = ("text", "number", "bool", "date", "time")
_USES = ("text", "number", "bool", "date", "time", "list", "other", "all", "collected")


class _Slot(NamedTuple):
    """Where the state keeps a variable, beside a flag: that RETURN or WITH has it among its columns."""

    base: int
    width: int

    @property
    def bits(self) -> str:
        return f"[{self.base}:{self.base + self.width}]"

    @property
    def flag(self) -> int:
        return self.base + self.width

    @property
    def empty(self) -> str:
        return f"eq({self.bits}, 0)"

    @property
    def full(self) -> str:
        return f"ne({self.bits}, 0)"

    def has(self, number: int) -> str:
        return f"eq({self.bits}, {number})"

    def put(self, number: int, *flags: int) -> str:
        return f"bit_or({hex(number << self.base | sum(1 << flag for flag in flags))})"

    @property
    def cleared(self) -> str:
        return f"bit_and({hex(~(((2 << self.width) - 1) << self.base) & (1 << 64) - 1)})"


_NODES = tuple(_Slot(7 * i, 6) for i in range(5))
_EDGES = tuple(_Slot(35 + 6 * i, 5) for i in range(2))
_COLUMNS = tuple(_Slot(47 + 6 * i, 5) for i in range(2))
_SLOTS = (*_NODES, *_EDGES, *_COLUMNS)
_EDGE_NAMES = ("r", "r2")  # each has its own slot


class _Variable(NamedTuple):
    """A name that nodes of a label may have. Its number is what a slot holds."""

    name: str
    label: int
    rank: int  # among those of its label: what people write most is 0
    number: int


def cypher_grammar(text: str, param: str = "schema") -> str:
    """A grammar of one query that reads the graph of a schema. Raises `InvalidRequest`."""
    return _Rules(read_graph_schema(text, param)).text()


def _and(*conditions: str) -> str:
    return every(conditions)


def _some_of(slots: Iterable[_Slot]) -> str:
    """That one of them has something."""
    return either(slot.full for slot in slots)


def _within(slot: _Slot, numbers: set[int]) -> str:
    """That a slot has one of the numbers."""
    starts = sorted(number for number in numbers if number - 1 not in numbers)
    ends = sorted(number for number in numbers if number + 1 not in numbers)
    parts = [
        slot.has(low) if low == high else f"and(ge({slot.bits}, {low}), le({slot.bits}, {high}))"
        for low, high in zip(starts, ends, strict=True)
    ]
    return either(parts) if parts else _NEVER


def _not_within(slot: _Slot, numbers: set[int]) -> str:
    return f"ne({slot.bits}, {min(numbers)})" if len(numbers) == 1 else f"not({_within(slot, numbers)})"


def _words(text: str) -> str:
    """A terminal that may stand on a new line, where it begins with a space."""
    return "/" + re.sub("^ ", "[ \\\\n]", re.escape(text).replace(r"\ ", " ")).replace("/", r"\/") + "/"


def _literal(text: str) -> str:
    return "/" + re.escape(text).replace(r"\ ", " ").replace("/", r"\/") + "/"


def quoted(name: str) -> str:
    """A label, type or property as a query must write it: of Neo4j's keywords few need quotes there."""
    if re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]*", name) and name.upper() not in _QUOTED:
        return name
    return "`" + name.replace("`", "``") + "`"


def _variables(labels: Sequence[str]) -> list[_Variable]:
    """As people call nodes: by the label's first letter, with a number where there are two, or by the label.

    Labels may share a name: a query then uses it for one of them. Numbers go by names.
    """
    taken = (*_EDGE_NAMES, *_TEXTS, *_LISTS, *_NUMBERS)
    most = min(4, 63 // len(labels))
    wanted: list[tuple[str, int, int]] = []
    for label, written in enumerate(labels):
        word = re.sub(r"[^a-z0-9_]", "", written.lower()).lstrip("_0123456789") or "node"
        first, initials = word[0], "".join(re.findall(r"[A-Z]", written)).lower()
        names = [first, f"{first}2", f"{first}1", word, f"{first}3", initials, f"{word}2", f"{word}1"]
        usable = [n for n in dict.fromkeys(names) if n and n.upper() not in KEYWORDS and n not in taken]
        wanted += [(name, label, rank) for rank, name in enumerate(usable[:most])]
    return [_Variable(*variable, number) for number, variable in enumerate(sorted(wanted), 1)]


class _Rules:
    """Collects the grammar's rules. A name that ends with `::_` is of a rule that has the state."""

    def __init__(self, schema: GraphSchema) -> None:
        self.labels, self.types = list(schema.labels), list(schema.types)
        self.joins = [(self.labels.index(a), self.types.index(t), self.labels.index(b)) for a, t, b in schema.joins]
        self.of_label = list(schema.labels.values())
        self.of_type = list(schema.types.values())
        self.variables = _variables(self.labels)
        self.columns = _columns(schema, {variable.name for variable in self.variables})
        self.rules: dict[str, list[str]] = {}
        self.terminals: dict[str, str] = {}

    def text(self) -> str:
        self._literals()
        self.add("start", "query::0x0 /;?/")
        self._maps()
        self._patterns()
        self._clauses()
        self._references()
        self._expressions()
        self._conditions()
        self._items()
        self._ends()
        terminals = [f"{name}: {text}" for name, text in self.terminals.items()]
        rules = [f"{name}: " + "\n  | ".join(self._choices(name)) for name in self.rules]
        return "\n".join([*terminals, *rules]) + "\n"

    def _choices(self, rule: str) -> list[str]:
        """Where a rule has a state, two or more that look at it: llguidance (1.9) refuses or panics at others.

        It panics as well at a choice that is just a rule that it stands in, with a state that is changed for it.
        """
        choices = list(dict.fromkeys(self.rules[rule]))
        if rule.endswith("::_") and (len(choices) < 2 or not any("::" in c or "%if" in c for c in choices)):
            choices += [f'"!" %if {_NEVER}', f'"?" %if {_NEVER}']
        return choices

    def add(self, rule: str, *choices: str) -> None:
        self.rules.setdefault(rule, []).extend(choices)

    def _literals(self) -> None:
        self.terminals |= {
            "NUM": r"/(0|[1-9][0-9]{0,8})(\.[0-9]{1,6})?/",
            "INT": "/[1-9][0-9]{0,5}/",
            "STR": r"""/'([^'\\\x00-\x1f\x7f]|\\['"\\]){0,60}'|"([^"\\\x00-\x1f\x7f]|\\['"\\]){0,60}"/""",
            "CMP": r"/ (=|<>|<|<=|>|>=) /",
            "SAME": r"/ (=|<>) /",
            "ARITH": r"/ (\+|-|\*|\/|%) /",
            "COMMA": r"/,[ \n]?/",
            "COUNT": r"/(count|COUNT)\(/",
            "COLLECT": r"/(collect|COLLECT)\(/",
            "RANGE": r"/\*([1-6]|[1-3]?\.\.[3-6])?/",
        }

    def _kinds(self, owner: str, properties: Properties) -> list[str]:
        """Terminals of an owner's properties by what they can be used as; which there are."""
        uses: dict[str, list[str]] = {}
        for name, kind in properties.items():
            for use in ("text", "number") if kind == "any" else (kind,):
                uses.setdefault(use, []).append(quoted(name))
            uses.setdefault("all", []).append(quoted(name))
        for use, names in uses.items():
            self.terminals[f"{use}_{owner}".upper()] = any_of(names)
        return list(uses)

    def _maps(self) -> None:
        """`{name: 'x'}` after a label or type, with each property once at most."""
        values: dict[Kind, str] = {"text": "STR", "number": "NUM", "bool": "/true|false/", "any": "(STR | NUM)"}
        for owner, all_of in (("n", self.of_label), ("e", self.of_type)):
            for number, properties in enumerate(all_of):
                rule = f"map{owner}{number}"
                self.add(rule, '""')
                usable = [(name, value) for name, kind in properties.items() if (value := values.get(kind))]
                for i, (name, value) in enumerate(usable):
                    k = i % _MOST
                    then = f"more{rule}::set_bit({k}) %if bit_clear({k})"
                    self.add(f"in{rule}::_", f"{_literal(quoted(name) + ':')[:-1]} ?/ {value} {then}")
                if usable:
                    self.add(rule, f"/ ?\\{{/ in{rule}::0x0")
                    self.add(f"more{rule}::_", '"}"', f"COMMA in{rule}::_ {_left(len(usable))}")

    def _bound(self, variable: _Variable) -> str:
        return either(slot.has(variable.number) for slot in _NODES)

    def _free(self, variable: _Variable) -> str:
        """That no slot has the variable's name."""
        same = {v.number for v in self.variables if v.name == variable.name}
        return _and(*(_not_within(slot, same) for slot in _NODES))

    def _next_slots(self) -> Iterable[tuple[_Slot, str]]:
        """Where the next node's variable goes, and on what condition: behind the last slot that has one."""
        end = _NODES[-1].base + _NODES[-1].width
        for i, slot in enumerate(_NODES):
            empty = f"eq([{slot.base}:{end}], 0)"
            yield slot, f"and({empty}, {_NODES[i - 1].full})" if i else empty

    def _patterns(self) -> None:
        """Paths of MATCH, and those of conditions: their rules begin with `in`, and bit 63 says that nothing is bound.

        `node`: what stands in its brackets. `after` of a node's label: what may follow it. `any`: a node that a
        relationship leads to, where it may lead to several labels. `sole`: where it leads to this one only, so that
        the node's variable needs no label.
        """
        few = f"lt({field(_STEPS)}, 7)"
        another = f"COMMA path::incr({field(_STEPS)}) %if {few}"
        self.add("end::_", "matched::_", another)
        self.add("inend::_", f'"" %if bit_set({_UNBOUND})', f'" }}" %if bit_clear({_UNBOUND})')
        self.add("inend::_", f'{_words(" WHERE ")} inwhere::_ " }}" %if bit_clear({_UNBOUND})')
        for f in ("", "in"):
            for label in range(len(self.labels)):
                self._node(f, label)
                self._hops(f, label)
                self.add(f"{f}path::_", f'"(" {f}node{label}::_')
                self.add(f"{f}after{label}::_", f"{f}end::_", f"{f}hop{label}::_ %if {few}")
        for label in range(len(self.labels)):
            self.add("predicate::_", f'"(" n{label}::_ ")" inhop{label}::bit_or({hex(1 << _UNBOUND)})')
        self.add("exists::_", f'"EXISTS {{ MATCH " inpath::bit_and({hex((1 << _STEPS[0]) - 1)})')
        self.add("counted::_", f'"COUNT {{ MATCH " inpath::bit_and({hex((1 << _STEPS[0]) - 1)})')

    def _node(self, f: str, label: int) -> None:
        node, after = f"{f}node{label}::_", f"{f}after{label}::_"
        new, fresh = f"{f}new{label}::_", f"{f}fresh{label}::_"
        vacant = f"and(bit_clear({_UNBOUND}), {_NODES[-1].empty})" if f else _NODES[-1].empty
        self.add(node, f"{new} %if {vacant}")
        typed, map_, close = ":" + quoted(self.labels[label]), f"mapn{label}", f'mapn{label} ")"'
        self.add(node, f"{_literal(typed)} {close} {after}")
        for v in (v for v in self.variables if v.label == label):
            self.add(node, f"{_literal(v.name)[:-1]}({_literal(typed)[1:-1]})?/ {close} {after} %if {self._bound(v)}")
            if f and v.rank > 1:
                continue
            self.add(new, f"{_literal(v.name + typed)} {map_} {f}bind{v.number}::_ %if {self._free(v)}")
            self.add(fresh, f'"{v.name}" {map_} {f}bind{v.number}::_ %if {self._free(v)}')
            for slot, condition in self._next_slots():
                self.add(f"{f}bind{v.number}::_", f'")" {f}after{label}::{slot.put(v.number)} %if {condition}')
        self.add(f"{f}any{label}::_", f'"(" {node}', f'"()" {f}end::_')
        self.add(f"{f}sole{label}::_", f'"(" {node}', f'"(" {fresh} %if {vacant}', f'"()" {after}')

    def _hops(self, f: str, label: int) -> None:
        """What leads from a node to the next one."""
        hop = f"{f}hop{label}::_"
        out = {(t, b) for a, t, b in self.joins if a == label}
        into = {(t, a) for a, t, b in self.joins if b == label}
        self.add(hop)
        step = f"incr({field(_STEPS)})"
        for arrow, (opening, closing), joined in (
            ("out", ("-[", "]->"), out),
            ("in", ("<-[", "]-"), into),
            ("both", ("-[", "]-"), out | into),
        ):
            others = sorted({other for _, other in joined})
            then = f"{f}{'any' if others[1:] else 'sole'}"
            if others and not f:  # of a condition `(a)--(b)` may be read as a subtraction
                self.add(f"{arrow}{label}::_", *(f"{then}{other}::_" for other in others))
                self._untyped(hop, opening, closing, f"{arrow}{label}")
            for other in others:
                names = [quoted(self.types[t]) for t, o in sorted(joined) if o == other]
                several = any_of(names, ":")[:-1] + "(\\|" + any_of(names)[1:-1] + "){1,3}/"
                if len(names) > 1:
                    self.add(hop, f'"{opening}" {several} RANGE? "{closing}" {then}{other}::{step}')
            for t in sorted({t for t, _ in joined}):
                self._typed(hop, opening, t, f"{f}{arrow}{label}_{t}")
                ends = sorted(o for kind, o in joined if kind == t)
                then = f"{f}{'any' if ends[1:] else 'sole'}"
                self.add(f"{f}{arrow}{label}_{t}::_", *(f'"{closing}" {then}{other}::{step}' for other in ends))

    def _untyped(self, hop: str, opening: str, closing: str, then: str) -> None:
        step = f"{then}::incr({field(_STEPS)})"
        self.add(hop, f'"{opening[:-1]}{closing[1:]}" {step}', f'"{opening}" "{closing}" {step}')
        for name, slot in zip(_EDGE_NAMES, _EDGES, strict=True):
            self.add(hop, f'"{opening}" "{name}{closing}" {then}::{slot.put(_UNTYPED)} %if {slot.empty}')

    def _typed(self, hop: str, opening: str, t: int, then: str) -> None:
        """A relationship of a type, with or without a variable."""
        typed = f":{quoted(self.types[t])}"
        self.add(hop, f'"{opening}" {_literal(typed)} (mape{t} | RANGE) {then}::_')
        if not hop.startswith("in"):
            for name, slot in zip(_EDGE_NAMES, _EDGES, strict=True):
                bound = f"{then}::{slot.put(t + 1)} %if {slot.empty}"
                self.add(hop, f'"{opening}" {_literal(name + typed)} mape{t} {bound}')

    def _clauses(self) -> None:
        few = f"lt({field(_STEPS)}, 7)"
        self.add("query::_", "/MATCH / path::_")
        self.add("matched::_", "clause::_", f"{_words(' WHERE ')} where::_ clause::_")
        match = r"/[ \n](OPTIONAL )?MATCH /"
        self.add("clause::_", f"{match} path::incr({field(_STEPS)}) %if {few}")
        self.add("clause::_", f"/[ \\n]RETURN / returned::bit_and({hex(~(7 << _STEPS[0]) & (1 << 64) - 1)})")
        self.add("clause::_", f"/[ \\n]UNWIND / listref::_ unwound::_ %if {self._listed()}")
        for slot, number, free in self._vacancies("text"):
            name = _literal(" AS " + self.columns[number][0])
            self.add("unwound::_", f"{name} clause::{slot.put(number)} %if {free}")
        self.add("clause::_", "/[ \\n]WITH (DISTINCT )?/ kept::_")
        for i, slot in enumerate(_SLOTS):
            then = f"drop{i + 1}" if slot != _SLOTS[-1] else "withtail"
            self.add(f"drop{i}::_", f"{then}::clear_bit({slot.flag}) %if bit_set({slot.flag})")
            self.add(f"drop{i}::_", f"{then}::{slot.cleared} %if bit_clear({slot.flag})")

    def _references(self) -> None:
        """Mentions of what is bound, with a property or without. `useref`: of a property that can be used so."""
        for rule in (*(f"{use}ref::_" for use in _USES), "edge::_"):
            self.add(rule)
        for kind, all_of in (("n", self.of_label), ("e", self.of_type)):
            for number, properties in enumerate(all_of):
                for use in self._kinds(f"{kind}{number}", properties):
                    self.add(f"{use}ref::_", f'{kind}{number}::_ "." ' + f"{use}_{kind}{number}".upper())
        for v in self.variables:
            self.add(f"n{v.label}::_", f'"{v.name}" %if {self._bound(v)}')
        for t in range(len(self.types)):
            for name, slot in zip(_EDGE_NAMES, _EDGES, strict=True):
                self.add(f"e{t}::_", f'"{name}" %if {slot.has(t + 1)}')
        for label in range(len(self.labels)):
            self.add("node::_", f"n{label}::_")
        self.add("edge::_", *(f'"{n}" %if {s.full}' for n, s in zip(_EDGE_NAMES, _EDGES, strict=True)))
        for number, (name, use) in self.columns.items():
            known = either(_and(slot.has(number), f"bit_clear({slot.flag})") for slot in _COLUMNS)
            self.add(f"{use}ref::_", f'"{name}" %if {known}')

    def _expressions(self) -> None:
        # With literals, as there may be nothing else.
        text, number = "(textref::_ | STR)", "(numberref::_ | NUM)"
        self.add("textcall::_", f'/(toLower|toUpper|trim)\\(/ {text} ")"', f'/toString\\(/ {number} ")"')
        self.add("textcall::_", f'/coalesce\\(/ {text} COMMA {text} ")"')
        self.add("textcall::_", f'"type(" edge::_ ")" %if {_some_of(_EDGES)}')
        self.add("textcall::_", f'/substring\\(/ {text} COMMA (/0/ | INT) COMMA INT ")"')
        self.add("textatom::_", text, "textcall::_")
        self.add("text::_", "textatom::_ (/ \\+ / textatom::_){0,2}")
        self.add("numbercall::_", f'/(abs|toFloat|toInteger|ceil|floor|sqrt)\\(/ {number} ")"')
        self.add("numbercall::_", f'/coalesce\\(/ {number} COMMA {number} ")"')
        self.add(
            "numbercall::_", f'/size\\(/ (listref::_ | collectedref::_ | {text}) ")"', '/toInteger\\(/ textref::_ ")"'
        )
        self.add("numbercall::_", f'"(" {number} ARITH {number} (ARITH {number})? ")"')
        self.add("numberatom::_", number, '"-" NUM', "numbercall::_")
        self.add("number::_", "numberatom::_ (ARITH numberatom::_){0,3}")
        self.add("when::_", f"{text} CMP STR", f"{number} CMP NUM", "allref::_ / IS (NOT )?NULL/")
        for rule, value in (("textcall::_", text), ("numbercall::_", number)):
            case = f"{_literal('WHEN ')} when::_ {_literal(' THEN ')} {value} / /"
            self.add(rule, f"/CASE / ({case}){{1,3}} {_literal('ELSE ')} {value} {_literal(' END')}")
        self._aggregates()

    def _aggregates(self) -> None:
        distinct, bound = "/DISTINCT /", f"%if {_some_of((*_NODES, *_EDGES))}"
        for i in range(len(_NODES) + len(_EDGES)):
            self.add(f"count{i}::_", f'COUNT slot{i}::_ ")"')
        self.add("countall", "/(count|COUNT)\\(\\*\\)/")
        self.add("count::_", "countall", f'COUNT (node::_ | edge::_) ")" {bound}')
        self.add("other::_", f'COUNT {distinct} (node::_ | edge::_ | allref::_) ")" {bound}')
        self.add("other::_", f'COUNT allref::_ ")" {bound}')
        self.add("other::_", f'/(sum|avg|min|max|SUM|AVG|MIN|MAX)\\(/ {distinct}? number::_ ")"')
        self.add("other::_", f'/size\\(/ COLLECT {distinct}? (node::_ | edge::_ | allref::_) "))" {bound}')
        self.add("aggregate::_", "count::_", "other::_")
        more = "ARITH (NUM | aggregate::_)"
        self.add("numbers::_", f"aggregate::_ ({more}){{0,2}}")
        self.add("othernumbers::_", f"other::_ ({more}){{0,2}}", f"count::_ ({more}){{1,2}}")
        self.add("texts::_", '/(min|max|MIN|MAX)\\(/ text::_ ")"')
        self.add("lists::_", f'COLLECT {distinct}? (node::_ | edge::_ | allref::_ | textcall::_) ")" {bound}')

    def _conditions(self) -> None:
        cond, number = "cond::_", "(numberref::_ | NUM)"
        self.add(cond, "text::_ CMP text::_", "number::_ CMP number::_", "boolref::_ (SAME /true|false/)?")
        self.add(cond, "textatom::_ / (STARTS WITH|ENDS WITH|CONTAINS|=~) / textatom::_")
        self.add(cond, 'textatom::_ / IN \\[/ STR (COMMA STR){0,20} "]"')
        self.add(cond, f'({number} | numbercall::_) / IN \\[/ NUM (COMMA NUM){{0,20}} "]"')
        self.add(cond, "(STR | textref::_) / IN / listref::_")
        day = r"[0-9]{4}-(0[1-9]|1[0-2])-(0[1-9]|1[0-9]|2[0-8])"
        clock = r"T([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9]"
        self.add(cond, f"dateref::_ CMP (dateref::_ | /date\\('{day}'\\)/)")
        self.add(cond, f"timeref::_ CMP (timeref::_ | /datetime\\('{day}({clock})?'\\)/)")
        self.add(cond, "(allref::_ | node::_) / IS (NOT )?NULL/")
        self.add(cond, *(f"n{label}::_ SAME n{label}::_" for label in range(len(self.labels))))
        more = "(/[ \\n](AND|OR|XOR) / {0}::_){{0,{1}}}"
        self.add("test::_", cond, f"/NOT / {cond}", f'/NOT /? "(" cond::_ {more.format("cond", 6)} ")"')
        self.add("inwhere::_", f"cond::_ {more.format('cond', 6)}")
        self.add("test::_", "exists::_", "/NOT / exists::_", "predicate::_", "/NOT / predicate::_")
        self.add("test::_", "counted::_ CMP NUM")
        self.add("where::_", f"test::_ {more.format('test', 12)}")

    def _items(self) -> None:
        """Columns of RETURN and WITH. Names of both kinds stand in the state, so that none is there twice."""
        distinct, named = "/DISTINCT /", _literal(f" AS {_ANY_NAME}")
        self.add("returned::_", f"item::_ %if bit_clear({_GOAL})")
        self.add("returned::_", f"{distinct} item::set_bit({_AGGREGATED}) %if bit_clear({_GOAL})")
        self.add("returned::_", f"{distinct}? text::_ {named} limit %if bit_set({_GOAL})")
        first, new = f"eq({field(_FIRST)}, 0)", {slot: f"and({slot.full}, bit_clear({slot.flag}))" for slot in _SLOTS}
        vacant = either(slot.empty for slot in _COLUMNS)
        unseen = f"and({first}, {either(new[slot] for slot in (*_NODES, *_EDGES))})"
        another = either([vacant, unseen, *(new[slot] for slot in _COLUMNS)])
        self.add("more::_", f"COMMA item::_ %if {another}", "ending::_")
        self.add("morekept::_", f"COMMA kept::_ %if {another}", "drop0::_")
        self._groups()
        for i, slot in enumerate(_SLOTS):
            self.add(f"group{i}::_")
            condition = new[slot] if slot in _COLUMNS else f"and({first}, {new[slot]})"
            seen = f"set_bit({slot.flag})"
            self.add("item::_", f"slot{i}::_ more::{seen} %if {condition}")
            self.add("kept::_", f"slot{i}::_ morekept::{seen} %if {new[slot]}")
            if slot not in _COLUMNS:
                self.add("item::_", f"group{i}::_ more::{seen} %if {condition}")
        self._named(vacant)
        self._first()

    def _first(self) -> None:
        """A first column that is a property, while no other variable is a column: ORDER BY may name it in any case.

        Such a column is one of `group` as well, whose state then takes less.
        """
        for label, properties in enumerate(self.of_label):
            keys = [quoted(key) for key, kind in properties.items() if kind in (*_ORDERED, "any")][:15]
            for k, key in enumerate(keys, 1):
                self.add(f"first_n{label}::_", f"{_literal(key)} more::bit_or({hex(k << _FIRST[0])})")
                self.add(f"again_n{label}::_", f"{_literal(key)} %if eq({field(_FIRST)}, {k})")
            numbers = {v.number for v in self.variables if v.label == label}
            for i, slot in enumerate(_NODES) if keys else ():
                here = _within(slot, numbers)
                self.add(f"first{i}::_", f'slot{i}::_ "." first_n{label}::_ %if {here}')
                self.add("firstkey::_", f'slot{i}::_ "." again_n{label}::_ %if and(bit_set({slot.flag}), {here})')
        self.add("firstkey::_")
        self.add("key::_", f"firstkey::_ %if ne({field(_FIRST)}, 0)")
        for i, slot in enumerate(_NODES):
            self.add(f"first{i}::_")
            condition = f"%if and(bit_clear({_GOAL}), {slot.full})"
            self.add("returned::_", f"first{i}::set_bit({slot.flag}) {condition}")
            self.add(
                "returned::_", f"/DISTINCT / first{i}::bit_or({hex(1 << slot.flag | 1 << _AGGREGATED)}) {condition}"
            )

    def _groups(self) -> None:
        """`slot`: what a slot has, by its name. `group`: some properties of that, each once."""
        for i, slot in enumerate(_NODES):
            for v in self.variables:
                self.add(f"slot{i}::_", f'"{v.name}" %if {slot.has(v.number)}')
                if self.of_label[v.label]:
                    self.add(f"group{i}::_", f"some{v.number} %if {slot.has(v.number)}")
        for i, slot in enumerate(_EDGES):
            self.add(f"slot{i + len(_NODES)}::_", f'"{_EDGE_NAMES[i]}" %if {slot.full}')
            for t in (t for t, properties in enumerate(self.of_type) if properties):
                self.add(f"group{i + len(_NODES)}::_", f"some{i}_{t} %if {slot.has(t + 1)}")
        for i, slot in enumerate(_COLUMNS, len(_NODES) + len(_EDGES)):
            self.add(f"slot{i}::_", *(f'"{name}" %if {slot.has(n)}' for n, (name, _) in self.columns.items()))
        for label, properties in enumerate(self.of_label):
            names = {f"{v.number}": (v.name, v.number) for v in self.variables if v.label == label}
            self._some(f"n{label}", names, properties)
        for t, properties in enumerate(self.of_type):
            self._some(f"e{t}", {f"{i}_{t}": (name, i) for i, name in enumerate(_EDGE_NAMES)}, properties)

    def _some(self, owner: str, names: dict[str, tuple[str, int]], properties: Properties) -> None:
        """Properties of a variable, with a state of their own: which variable it is, and what was named."""
        for which, (name, number) in names.items():
            self.add(f"some{which}", f'"{name}" "." one{owner}::{hex(number << _MOST)}')
            self.add(f"again{owner}::_", f'COMMA "{name}" "." one{owner}::_ %if eq({field(_VARIABLE)}, {number})')
        self.add(f"one{owner}::_")
        for i, key in enumerate(properties):
            k = i % _MOST
            self.add(f"one{owner}::_", f"{_literal(quoted(key))} then{owner}::set_bit({k}) %if bit_clear({k})")
        self.add(f"then{owner}::_", '""', f"again{owner}::_ {_left(len(properties))}")

    def _named(self, vacant: str) -> None:
        """Columns that are calculated: of a name that the state remembers, or one without."""
        for rule, then in (("item::_", "more"), ("kept::_", "morekept")):
            marks = f"set_bit({_AGGREGATED})" if then == "more" else "_"
            for use, plain, grouped in (
                ("text", "text::_", "texts::_"),
                ("number", "(number::_ | counted::_)", "numbers::_"),
                ("collected", "(listref::_ | collectedref::_)", "lists::_"),
            ):
                self.add(rule, f"{plain} {then}{use}::_ %if {vacant}", f"{grouped} {then}{use}::{marks} %if {vacant}")
                for slot, number, free in self._vacancies(use):
                    name = self.columns[number][0]
                    put = slot.put(number, slot.flag)
                    self.add(f"{then}{use}::_", f"{_literal(' AS ' + name)} {then}::{put} %if {free}")
        self._unnamed(_UNNAMED, "numbercall::_ | textcall::_")
        self._unnamed(_UNNAMED, "othernumbers::_ | texts::_ | lists::_", _AGGREGATED)
        self._unnamed(_COUNT_ALL, "countall", _AGGREGATED)
        for i in range(len(_NODES) + len(_EDGES)):
            self._unnamed(_COUNTS + i, f"count{i}::_", _AGGREGATED)

    def _unnamed(self, number: int, what: str, *flags: int) -> None:
        for slot in _COLUMNS:
            before = [other.full for other in _COLUMNS if other.base < slot.base]
            others = [f"not({other.has(number)})" for other in _COLUMNS if other != slot]
            free = _and(slot.empty, *before, *others)
            self.add("item::_", f"({what}) more::{slot.put(number, slot.flag, *flags)} %if {free}")

    def _vacancies(self, use: str) -> Iterable[tuple[_Slot, int, str]]:
        """Where a column of a new name goes, by its number, and on what condition."""
        first, second = _COLUMNS
        for number, (_, of_use) in self.columns.items():
            if of_use == use:
                yield first, number, _and(first.empty, f"not({second.has(number)})")
                yield second, number, _and(first.full, second.empty, f"not({first.has(number)})")

    def _ends(self) -> None:
        """ORDER BY, SKIP, LIMIT; UNION where the only column has the name that those of both queries must have."""
        direction = "/ (ASC|DESC)/?"
        self.add("limited", f"{_words(' SKIP ')} INT | ({_words(' SKIP ')} INT)? {_words(' LIMIT ')} INT")
        self.add("limit", '"" | limited')
        self.add("sorted::_", f"{_words(' ORDER BY ')} key::_ {direction} (COMMA key::_ {direction}){{0,3}}")
        self.add("key::_", *(f"{use}ref::_ %if bit_clear({_AGGREGATED})" for use in _ORDERED))
        for slot in _COLUMNS:
            self.add("key::_", f"countall %if {slot.has(_COUNT_ALL)}")
            for i in range(len(_NODES) + len(_EDGES)):
                self.add("key::_", f"count{i}::_ %if {slot.has(_COUNTS + i)}")
            for number, (name, use) in self.columns.items():
                if use in _ORDERED:
                    self.add("key::_", f'"{name}" %if and({slot.has(number)}, bit_set({slot.flag}))')
        ordered = either(f"and({self._orders(slot)}, bit_set({slot.flag}))" for slot in _COLUMNS)
        plain = f"and(bit_clear({_AGGREGATED}), {self._keyed()})"
        named = f"ne({field(_FIRST)}, 0)"
        self.add("ending::_", "limit", f"sorted::_ limit %if {either([ordered, plain, named])}")
        self.add("withtail::_", "limit matched::_", f"sorted::_ limited matched::_ %if {self._keyed()}")
        first, *others = [_COLUMNS[0], *(slot for slot in _SLOTS if slot != _COLUMNS[0])]
        shared = next(number for number, (name, _) in self.columns.items() if name == _ANY_NAME)
        alone = _and(first.has(shared), f"bit_set({first.flag})", *(f"bit_clear({slot.flag})" for slot in others))
        # Two choices: llguidance (1.9) panics where a rule within itself gets a state that is given, and only once.
        for between in ("UNION", "UNION ALL"):
            self.add("union", f"/[ \\n]{between}[ \\n]/ query::{hex(1 << _GOAL)}")
        self.add("ending::_", f"union %if {alone}")

    def _orders(self, slot: _Slot) -> str:
        """That a column has a name, and values that can be ordered."""
        lists = [number for number, (_, use) in self.columns.items() if use == "collected"]
        return _and(slot.full, f"ne({slot.bits}, {_UNNAMED})", *(f"ne({slot.bits}, {n})" for n in lists))

    def _listed(self) -> str:
        """That something with a list is bound, and there is room for the name of what is in it."""
        return f"and({either(slot.empty for slot in _COLUMNS)}, {self._has(('list',))})"

    def _keyed(self) -> str:
        """That anything by which rows can be ordered is bound."""
        return either([self._has((*_ORDERED, "any")), *map(self._orders, _COLUMNS)])

    def _has(self, kinds: Iterable[Kind]) -> str:
        """That a variable with a property of one of the kinds is bound."""
        labels = {i for i, properties in enumerate(self.of_label) if not {*kinds}.isdisjoint(properties.values())}
        types = {i + 1 for i, properties in enumerate(self.of_type) if not {*kinds}.isdisjoint(properties.values())}
        numbers = {v.number for v in self.variables if v.label in labels}
        return either([*(_within(slot, numbers) for slot in _NODES), *(_within(slot, types) for slot in _EDGES)])


def _columns(schema: GraphSchema, taken: set[str]) -> dict[int, tuple[str, str]]:
    """Names that columns may have, by their numbers, with what they can be used as."""
    numbers, texts = [*_NUMBERS, "average", "n"], [_ANY_NAME]
    for properties in schema.labels.values():
        plain = {key: kind for key, kind in properties.items() if re.fullmatch(r"[A-Za-z]\w*", key, re.A)}
        texts += [key for key, kind in plain.items() if kind == "text"]
        numbers += [key for key, kind in plain.items() if kind == "number"][: 9 - len(numbers)]
    for label in schema.labels:
        word = re.sub(r"[^A-Za-z0-9_]", "", label)
        if word[:1].isalpha():
            numbers += [f"{word[0].lower()}{word[1:]}Count", f"{word[0].lower()}{word[1:]}s"]
    columns: list[tuple[str, str]] = []
    seen = {name.lower() for name in (*taken, *_EDGE_NAMES)}
    for use, names, most in (
        ("text", [*texts[:3], *_TEXTS], 4),
        ("collected", _LISTS, 4),
        ("number", [*numbers, "number", "num", "amount"], 14),
    ):
        usable = [n for n in dict.fromkeys(names) if n.lower() not in seen and n.upper() not in KEYWORDS]
        columns += [(name, use) for name in usable[:most]]
        seen |= {name.lower() for name in usable[:most]}
    return dict(enumerate(columns, 1))


def _left(count: int) -> str:
    """That of so many properties not all were named."""
    bits = min(count, _MOST)
    return f"%if bit_count_lt([0:{bits}], {bits})" if bits else f"%if {_NEVER}"


_QUOTED = frozenset(("FALSE", "NFC", "NFD", "NFKC", "NFKD", "NORMALIZED", "NOT", "NULL", "TRUE", "TYPED"))
# What neither a variable nor a column may be called: reserved in openCypher or in one of those that take it.
_RESERVED = """
ACYCLIC ADD ALL ALTER AND ANY AS ASC ASCENDING BEGIN BY CALL CASE CAST COLUMN COMMIT CONSTRAINT CONTAINS COPY CREATE
CSV CYCLIC DATABASE DEFAULT DELETE DESC DESCENDING DETACH DISTINCT DO DROP ELSE END ENDS EXISTS EXPLAIN EXPORT
EXTENSION FALSE FILTER FOR FOREACH FROM GLOB GROUP HEADERS HINT IMPORT IN INDEX INSERT INSTALL IS JOIN KEY LIMIT LOAD
MACRO MANDATORY MATCH MERGE NODE NONE NOT NULL OF OFFSET ON ONLY OPTIONAL OR ORDER PRIMARY PROFILE PROJECT REL
REMOVE RENAME RETURN ROLLBACK SCALAR SEQUENCE SET SHORTEST SINGLE SKIP START STARTS TABLE THEN TO TRANSACTION TRAIL
TRUE UNION UNIQUE UNWIND USE WHEN WHERE WITH WRITE WSHORTEST XOR YIELD
"""
KEYWORDS = frozenset(_RESERVED.split())
