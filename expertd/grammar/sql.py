"""Queries that can name only what a schema has, as a grammar in llguidance's Lark dialect.

A query names columns before the tables that they are of. So the rules carry a state of 64 bits (llguidance's
parametric grammars): which tables a query has, where a column's mention is what brings its table in. FROM must then
join just these and may add others, and what comes after it is an ordinary grammar over the tables that are known then.
"""

from __future__ import annotations

import itertools
import re
from collections import Counter
from collections.abc import Collection, Sequence

from expertd.grammar.ddl import KEYWORDS, Dialect, Table, folded, read_ddl
from expertd.grammar.lark import any_of, either, every, field
from expertd.grammar.sql_sets import FEW, Sets
from expertd.grammar.sql_state import (
    COUNT,
    CTE,
    GOAL,
    LETTERS,
    NAMED,
    NEVER,
    NUMBERED,
    OPEN,
    OPS,
    OUTER_SLOTS,
    PHASE,
    Level,
    without,
)

_PAREN, _ROUND, _CAST, _COALESCE = 1, 2, 3, 4
_PATTERN = re.compile(r"/(?:[^/\\]|\\.)+/")
_FEW = f"lt([{OPS[0]}:{OPS[1]}], 7)"
_RANK = r"/(ROW_NUMBER|RANK|DENSE_RANK)\(\)/ OVER"


def sql_grammar(ddl: str, dialect: Dialect, param: str = "schema") -> str:
    """A grammar of one query over the tables of `ddl`. Raises `InvalidRequest`."""
    return _Rules(read_ddl(ddl, dialect, param), dialect).text()


def _words(text: str) -> str:
    """A terminal in which each space may be a new line."""
    return "/" + re.escape(text).replace(r"\ ", "[ \\n]").replace("/", r"\/") + "/"


def _word(name: str) -> str:
    return any_of([name])


def _aliases(tables: Sequence[Table]) -> list[str]:
    """One for each table, as people make them: its first letter, its words' first letters, more of its letters."""
    taken = {folded(table.name) for table in tables}

    def free(alias: str) -> bool:
        return alias not in taken and alias.upper() not in KEYWORDS and not re.fullmatch(r"t\d", alias)

    aliases = []
    for table in tables:
        name = re.sub(r"[^a-z0-9_]", "", table.name.lower()).lstrip("_0123456789") or "q"
        initials = "".join(word[0] for word in name.split("_") if word)
        more = (name[:n] for n in range(2, len(name)))
        numbered = (f"{name[:1]}_{number}" for number in itertools.count(1))
        alias = next(a for a in itertools.chain([name[:1], initials], more, numbered) if free(a))
        taken.add(alias)
        aliases.append(alias)
    return aliases


def _unused(name: str, taken: Collection[str]) -> str:
    return next(n for n in itertools.chain([name], (f"{name}_{i}" for i in itertools.count(1))) if n not in taken)


class _Rules:
    """Collects the grammar's rules. A rule's name ends with the number of its level."""

    def __init__(self, tables: Sequence[Table], dialect: Dialect) -> None:
        self.tables, self.sqlite = tables, dialect == "sqlite"
        self._numbers = range(len(tables))
        self.aliases = _aliases(tables)
        names = {folded(table.name) for table in tables}
        # A table that is called T1 itself would be hidden by the alias.
        self.numbered = 0 if any(re.fullmatch(r"t\d", name) for name in names) else OUTER_SLOTS
        self.sets = Sets(tables)
        self.cte = _unused("cte", names)
        self.rules: dict[str, list[str]] = {}
        self.terminals: dict[str, str] = {}
        self._narrowed: tuple[set[tuple[int, int]], set[tuple[int, int]]] = (set(), set())  # slots to numbers
        self._few: dict[int, list[str]] = {}  # the columns of each table that no more than a few have
        self._patterns: dict[str, str] = {}  # to the terminals that stand for them

    def text(self) -> str:
        self._literals()
        self._names()
        self.add("start", 'query ";"?')
        self._queries()
        self._operands()
        for level in (Level(0), Level(1)):
            self._columns(level)
            self._select(level)
            self._from(level)
            self._expressions(level)
            self._tail(level)
        rules = [f"{name}: " + "\n  | ".join(map(self._shared, choices)) for name, choices in self.rules.items()]
        self.terminals |= {name: pattern for pattern, name in self._patterns.items()}
        terminals = [f"{name}: {text}" for name, text in self.terminals.items()]
        return "\n".join([*terminals, *rules]) + "\n"

    def _shared(self, choice: str) -> str:
        """With terminals for its patterns, so that each is read once: that is a tenth of the time."""
        return _PATTERN.sub(lambda found: self._patterns.setdefault(found[0], f"P{len(self._patterns)}"), choice)

    def add(self, rule: str, *choices: str) -> None:
        """Choices of a rule; where it has the state, its name ends with `::_`."""
        self.rules.setdefault(rule, []).extend(choices)

    def _literals(self) -> None:
        self.terminals |= {
            "NUM": r"/[0-9]{1,12}(\.[0-9]{1,6})?/",
            "PARTITION": _words("PARTITION BY "),
            "ORDER": _words("ORDER BY "),
            "OVER": r"/[ \n]OVER[ \n]\(/",
            "DIRECTION": r"/[ \n](ASC|DESC)/",
            "SELECT": r"/SELECT[ \n]/",
            "DISTINCT": r"/DISTINCT[ \n]/",
            "INT": "/[1-9][0-9]{0,5}/",
            "STR": r"/'([^'\x00-\x1f\x7f]|''){0,60}'/",
            "AND_OR": r"/[ \n](AND|OR)[ \n]/",
            "CMP": r"/[ \n](=|<>|!=|<|<=|>|>=)[ \n]/",
            "SUMS": r"/[ \n](\+|-)[ \n]/",
            "PRODUCTS": r"/[ \n](\*|\/|%|\|\|)[ \n]/",
            "ARITH": "SUMS | PRODUCTS",
            "ALIAS": "/[a-z_]{1,30}/ & ~/" + "|".join(sorted(word.lower() for word in KEYWORDS)) + "/",
        }
        aggregates = "SUM|AVG|MIN|MAX|COUNT" + ("|TOTAL" if self.sqlite else "")
        self.terminals |= {"AGG": rf"/({aggregates})\(/"}
        one = "ABS|LENGTH|UPPER|LOWER|TRIM|ROUND"
        if self.sqlite:
            one += "|julianday|JULIANDAY|date|DATE|datetime|DATETIME|abs|length|upper|lower|trim|round"
        self.terminals["FN"] = rf"/({one})\(/"
        self.terminals["OPEN"] = rf"/({one})?\(/"
        self.terminals["TYPE"] = "/(INTEGER|REAL|TEXT)/" if self.sqlite else "/(INTEGER|NUMERIC|TEXT|DATE|FLOAT)/"

    def _names(self) -> None:
        """The columns of each table, by all the ways in which a query can call them."""
        where = Counter(folded(column) for table in self.tables for column in table.columns)
        for t, table in enumerate(self.tables):
            self.terminals[f"PATH{t}"] = _word(table.path)
            self.terminals[f"LETTERS{t}"] = f"/[ \\n](AS[ \\n])?{self.aliases[t]}/"
            self.terminals[f"BARE{t}"] = any_of(table.columns)
            self.terminals[f"NAMED{t}"] = any_of(table.columns, table.name + ".")
            self.terminals[f"LETTERED{t}"] = any_of(table.columns, self.aliases[t] + ".")
            if own := [column for column in table.columns if where[folded(column)] == 1]:
                self.terminals[f"OWN{t}"] = any_of(own)
        for i, (of, columns) in enumerate(self.sets.groups):
            self.terminals[f"GROUP{i}"] = any_of(columns)
            for t in of if len(of) <= FEW else ():
                self._few.setdefault(t, []).extend(columns)
        for t, columns in self._few.items():
            self.terminals[f"FEW{t}"] = any_of(columns)
        for number in range(1, OUTER_SLOTS + 1):
            self.terminals[f"T{number}"] = rf"/T{number}\./"
            self.terminals[f"AS{number}"] = rf"/[ \n](AS[ \n])?T{number}/"

    def _queries(self) -> None:
        """What stands around and between SELECTs."""
        cte = _words(f"WITH {self.cte} AS (SELECT * FROM ")
        self.add("query", "select0::0x0")
        for t, table in enumerate(self.tables):
            inner, outer = Level(1), Level(0)
            known = inner.value(0, t, NAMED, inner.joined(0), inner.lone)
            main = outer.value(0, t, 0, outer.joined(0), outer.lone, CTE)
            name = _word(table.path)
            self.add("query", f"{cte} {name} where1::{hex(known)} {_words(') ')} select0::{hex(main)}")
        for columns in (1, 2, 3):
            for operator in (r"UNION|INTERSECT|EXCEPT", r"UNION[ \n]ALL"):
                goal = hex(columns << GOAL[0])
                self.add(f"compound{columns}", f"/[ \\n]({operator})[ \\n]/ select0::{goal}")
        n = _unused("n", {folded(column) for table in self.tables for column in table.columns})
        counted = _words(f"{n}) FROM (SELECT COUNT(*) AS {n}")
        self.add("counted", f"SELECT AGG {counted} from1::0x0 /\\)/")
        self.add("query", "counted")
        self.add("sub0::_", "counted")
        self.add("constant", "NUM", "STR", '"-" NUM', "/NULL/")
        self.add("literal", "NUM", "STR", '"-" NUM')
        self.add("literals", "literal (/,[ \\n]/ literal){0,30} /\\)/")
        self.add("literaltest", *self._tests("(NUM | STR)"))
        one = hex(1 << GOAL[0])
        outer_bits = hex(Level(0).mask)
        self.add("uncorrelated", f"SELECT item1::{one}", f"SELECT DISTINCT item1::{one}")
        for begin in ("SELECT", "SELECT DISTINCT"):
            self.add("sub0::_", f"{begin} sub_one0::bit_and({outer_bits})")
        self.add("sub_one0::_", f"main1::bit_or({one})", f'"COUNT(*)" rest1::bit_or({one})')
        for what in (r"1", r"\*"):
            self.add("exists0::_", f"/EXISTS[ \\n]\\(SELECT[ \\n]{what}/ from1::bit_and({outer_bits}) /\\)/")

    def _columns(self, level: Level) -> None:
        """`col`: of any table of the query, or of one around it. `own`: of its own. `cI`: of the one in a slot.

        `qI` is the same after the table's name.
        """
        n = level.number
        for slot in level.slots:
            there = f"%if ne({level.table(slot)}, 0)"
            self.add(f"col{n}::_", f"c{n}_{slot}::_ {there}")
            self.add(f"own{n}::_", f"c{n}_{slot}::_ {there}")
            self.add(f"c{n}_{slot}::_", f"q{n}_{slot}::_")
            self._qualified(f"q{n}_{slot}", level, slot)
            self._bare(level, slot)
        if n:
            for slot in Level(0).slots:
                self.add("col1::_", f"outer{slot}::_ %if ne({Level(0).table(slot)}, 0)")
                self._qualified(f"outer{slot}", Level(0), slot, hidden=level)

    def _qualified(self, rule: str, level: Level, slot: int, hidden: Level | None = None) -> None:
        """The columns of a slot's table after its name, where an inner query's names do not hide it."""
        styles = {"n": [level.styled(NAMED)], "l": [level.styled(LETTERS)]}
        if slot < self.numbered:
            seen = [f"ne({field(hidden.style)}, {NUMBERED})"] if hidden else []
            styles["p"] = [level.styled(NUMBERED), *seen]
        for kind, conditions in styles.items():
            self.add(f"{rule}::_", f"{rule}{kind}::_ %if {every(conditions)}")
            for t in self._numbers:
                self.add(f"{rule}{kind}::_", f"{self._called(kind, slot, t)} %if {level.has(slot, t)}")

    def _called(self, kind: str, slot: int, t: int) -> str:
        return f"T{slot + 1} BARE{t}" if kind == "p" else f"NAMED{t}" if kind == "n" else f"LETTERED{t}"

    def _bare(self, level: Level, slot: int) -> None:
        """The columns of a slot's table alone: all if there is no other, else those that no other table has."""
        rule, shared = f"c{level.number}_{slot}", f"bit_clear({level.lone})"
        self.add(f"{rule}::_", f"{rule}b::_ %if bit_set({level.lone})")
        # Before FROM only where tables go by their names: else each way to call them would be another reading.
        known = f"or({level.styled(NAMED)}, bit_set({level.joined(0)}))"
        if any(f"OWN{t}" in self.terminals for t in self._numbers):
            self.add(f"{rule}::_", f"{rule}o::_ %if and({shared}, {known})")
        for t in self._numbers:
            self.add(f"{rule}b::_", f"BARE{t} %if {level.has(slot, t)}")
            if f"OWN{t}" in self.terminals:
                # Only where they are numbered can a table be there twice.
                others = [f"not({level.has(other, t)})" for other in level.slots[: self.numbered] if other != slot]
                self.add(f"{rule}o::_", f"OWN{t} %if {every([level.has(slot, t), *others])}")

    def _operands(self) -> None:
        """What may be selected of one table, without the state: a family of rules for each way to call its columns."""
        for t in self._numbers:
            own = f" | OWN{t}" if f"OWN{t}" in self.terminals else ""
            self.add(f"coln{t}", f"NAMED{t}{own}")
            self.add(f"coll{t}", f"LETTERED{t}")
            self.add(f"colb{t}", f"BARE{t}")
            for kind in "nlb":
                self._family(f"{kind}{t}", f"col{kind}{t}")
            if self._beginning(t) == "o":
                self._family(f"o{t}", f"FEW{t}", rest=f"b{t}")
            for number in range(1, self.numbered + 1):
                col = f"T{number} BARE{t}"
                self.add(f"opp{number}_{t}", col, f"FN {col} /\\)/")
        for i, (of, _) in enumerate(self.sets.groups):
            if len(of) > FEW:
                self.add(f"colh{i}", f"GROUP{i}")
                self._family(f"h{i}", f"colh{i}")
            for number in range(1, self.numbered + 1) if self.sets.number(of) is not None else ():
                col = f"T{number} GROUP{i}"
                self.add(f"opg{number}_{i}", col, f"FN {col} /\\)/")

    def _beginning(self, t: int) -> str:
        """The family of operands that begin with a column that a few tables have at most, this one among them."""
        few = len(self._few.get(t, ()))
        return "b" if few == len(self.tables[t].columns) else "o" if few else ""

    def _family(self, f: str, first: str, rest: str = "") -> None:
        """Operands whose first column is of one sort; all others are those of the family `rest`, else of its own."""
        own, f = f, rest or f
        col, atom, small = f"col{f}", f"atom{f}", f"small{f}"
        lead = f"lead{own}"
        self.add(lead, first, f"FN {first} /\\)/")
        self.add(f"op{own}", first, f'"-" {first}', *self._functions(first, col))
        self.add(f"op{own}", f"OPEN {lead} ARITH {small} /\\)/")
        by = f"ORDER {col} DIRECTION?"
        more = f"(/,[ \\n]/ {col}){{0,2}} (/[ \\n]/ {by})?"
        self.add(f"spec{own}", f"PARTITION {first} {more}", f"ORDER {first} DIRECTION?")
        when = f"test{f} (AND_OR {col} test{f}){{0,3}} {_words(' THEN ')} value{f}"
        self._case(f"op{own}", f"{first} {when}", f"when{f}", f"value{f}")
        if rest:
            return
        self.add(atom, lead, "NUM", "STR")
        self.add(small, f"{atom} (ARITH {atom}){{0,2}}")
        self.add(f"test{f}", *self._tests(small))
        self.add(f"value{f}", f"{col} (ARITH {atom})?", f'"-" {col}', "constant")
        self.add(f"when{f}", f"{col} {when}")

    def _select(self, level: Level) -> None:
        """What is selected. Rules with the state stand only at the end of others, up to FROM.

        Where several states are possible at once, llguidance (1.9) takes a rule that ends in one for ended in all.
        """
        n = level.number
        self.add(f"select{n}::_", f"SELECT item{n}::_", f"SELECT DISTINCT item{n}::_")
        any_number = f"and(eq({field(GOAL)}, 0), eq({field(COUNT)}, 0))"
        self.add(f"item{n}::_", f"main{n}::_", f'"*" from{n}::bit_or({hex(3 << COUNT[0])}) %if {any_number}')
        self.add(f"main{n}::_", f"plain{n} rest{n}::_", f'"COUNT(*)" (OVER /\\)/)? rest{n}::_', f"pick{n}::_")
        self.add(f"plain{n}", "NUM", "STR", '"-" NUM', *(["/\\(/ uncorrelated /\\)/"] if not n else []))
        self.add(f"main{n}::_", f"AGG agg{n}::bit_or({hex(1 << PHASE[0])})")
        self.add(f"main{n}::_", f"AGG DISTINCT pick{n}::bit_or({hex(2 << PHASE[0])})")
        concat = r"/GROUP_CONCAT\(/" if self.sqlite else r"/STRING_AGG\(/"
        self.add(f"main{n}::_", f"{concat} pick{n}::bit_or({hex(3 << PHASE[0])})")
        none_open = f"eq({field(OPEN)}, 0)"
        for kind, text in (
            (_PAREN, r"/\(/"),
            (_ROUND, r"/ROUND\(/"),
            (_CAST, r"/CAST\(/"),
            (_COALESCE, r"/COALESCE\(/"),
        ):
            self.add(f"main{n}::_", f"{text} main{n}::bit_or({hex(kind << OPEN[0])}) %if {none_open}")
        self.add(f"agg{n}::_", f"(NUM | STR) aggrest{n}::_", f"pick{n}::_")
        self._pick(level)
        self._rests(level)
        self._aggregate_rests(level)

    def _pick(self, level: Level) -> None:
        """An operand of a table that is there already, or that comes with it; by all the ways to call its columns."""
        n = level.number
        for kind, style in (("n", NAMED), ("l", LETTERS)):
            known = [(f"{kind}{t}", "_", self._there(level, t)) for t in self._numbers]
            self._ways(level, f"known{kind}", level.styled(style), known)
            for slot in level.slots:
                put = [(f"{kind}{t}", level.put(slot, t, style), self._new(level, slot, t)) for t in self._numbers]
                self._ways(level, f"new{kind}{slot}_", self._free(level, slot, style), put, ranked=False)
        self._pick_bare(level)
        for slot in level.slots[: self.numbered]:
            self._pick_numbered(level, slot)
        for slot, number in sorted(self._narrowed[n]):
            rule = f"narrow{n}_{slot}_{number}::_"
            self.add(rule, f"done{n}::{level.put(slot, number, 0)}", f"done{n}::_ %if bit_set({NEVER})")

    def _pick_bare(self, level: Level) -> None:
        """Of a query's only table, after nothing."""
        sets = self.sets

        def put(number: int) -> str:
            return level.put(0, number, NAMED, level.lone)

        big = [(i, of) for i, (of, _) in enumerate(sets.groups) if len(of) > FEW]
        few = [(f"{kind}{t}", t) for t in self._numbers if (kind := self._beginning(t))]
        first = [(operand, put(t), "true") for operand, t in few]
        first += [(f"h{i}", put(number), "true") for i, of in big for number in sets.readings(of)]
        self._ways(level, "first", f"and(eq({level.table(0)}, 0), {level.styled(0)})", first)
        alone = [(f"b{t}", "_", level.has(0, t)) for t in self._numbers]
        narrower = []
        for known in (of for of in sets.family if len(of) > FEW):
            here = level.has(0, sets.readings(known)[0])
            alone += [(f"h{i}", "_", here) for i, of in big if of >= known]
            narrower += [(operand, t, here) for operand, t in few if t in known]
            some = [(i, of & known) for i, of in big if of & known and not of >= known]
            narrower += [(f"h{i}", number, here) for i, both in some for number in sets.readings(both)]
        self._ways(level, "alone", f"bit_set({level.lone})", alone)
        self._narrow(level, "narrow", f"bit_set({level.lone})", 0, narrower)

    def _pick_numbered(self, level: Level, slot: int) -> None:
        """After T1, T2, ..."""
        sets, styled = self.sets, level.styled(NUMBERED)
        known = [(f"p{slot + 1}_{t}", "_", level.has(slot, t)) for t in self._numbers]
        new, narrower = [], []
        for i, (of, _) in enumerate(sets.groups):
            operand = f"g{slot + 1}_{i}"
            if (number := sets.number(of)) is None:
                continue
            new.append((operand, level.put(slot, number, NUMBERED), "true"))
            for before in sets.family:
                here = level.has(slot, sets.number(before) or 0)
                number = sets.number(before & of)
                if of >= before:
                    known.append((operand, "_", here))
                elif number is not None:
                    narrower.append((operand, number, here))
        self._ways(level, f"knownp{slot}_", styled, known, ranked=False)
        self._ways(level, f"newp{slot}_", self._free(level, slot, NUMBERED), new, ranked=False)
        self._narrow(level, f"narrowp{slot}_", styled, slot, narrower)

    def _ways(
        self, level: Level, name: str, condition: str, ways: Sequence[tuple[str, str, str]], *, ranked: bool = True
    ) -> None:
        """Operands under a condition that they share, each to a state, under a condition of its own."""
        n = level.number
        rule, pick = f"{name}{n}", f"pick{n}::_"
        self.add(pick, f"{rule}::_ %if {condition}")
        for operand, state, own in ways:
            self.add(f"{rule}::_", f"op{operand} done{n}::{state} %if {own}")
        if not ranked:
            return
        self.add(pick, f"{_RANK} {rule}r::_ %if and(eq({field(PHASE)}, 0), {condition})")
        for operand, state, own in ways:
            self.add(f"{rule}r::_", f"spec{operand} /\\)/ rest{n}::{state} %if {own}")

    def _narrow(self, level: Level, name: str, condition: str, slot: int, ways: Sequence[tuple[str, int, str]]) -> None:
        """Operands that say more of a slot's table than was known: the state forgets that first."""
        n = level.number
        if ways:
            self.add(f"pick{n}::_", f"{name}{n}::_ %if {condition}")
        for operand, number, own in ways:
            self._narrowed[n].add((slot, number))
            self.add(f"{name}{n}::_", f"op{operand} narrow{n}_{slot}_{number}::{level.clear(slot)} %if {own}")

    def _there(self, level: Level, t: int) -> str:
        return either(level.has(slot, t) for slot in level.slots)

    def _free(self, level: Level, slot: int, style: int) -> str:
        """Whether a table can be put there that goes by this style."""
        # Those that go by a number may come in any order.
        before = [f"ne({level.table(slot - 1)}, 0)"] if slot and style != NUMBERED else []
        styled = f"or({level.styled(0)}, {level.styled(style)})"
        return every([f"eq({level.table(slot)}, 0)", f"bit_clear({level.lone})", styled, *before])

    def _new(self, level: Level, slot: int, t: int) -> str:
        return every(f"not({level.has(other, t)})" for other in range(slot))

    def _rests(self, level: Level) -> None:
        """What may follow an operand of what is selected."""
        n = level.number
        closed = f"eq({field(OPEN)}, 0)"
        fewer = either(f"and(eq({field(GOAL)}, {g}), lt({field(COUNT)}, {g - 1}))" for g in (2, 3))
        another = f"and({closed}, or(eq({field(GOAL)}, 0), {fewer}))"
        full = either(f"and(eq({field(GOAL)}, {g}), eq({field(COUNT)}, {g - 1}))" for g in (1, 2, 3))
        enough = f"and({closed}, or(eq({field(GOAL)}, 0), {full}))"
        plain = without(PHASE)
        for phase, rest in enumerate((f"rest{n}", f"aggrest{n}", f"/\\)/ rest{n}", f"gcrest{n}")):
            self.add(f"done{n}::_", f"{rest}::{plain} %if eq({field(PHASE)}, {phase})")
        self.add(f"rest{n}::_", f"named{n}::_ %if {closed}")
        self.add(f"rest{n}::_", f"{_words(' AS ')} ALIAS named{n}::_ %if {closed}")
        self.add(f"named{n}::_", f"nextitem{n}::{without(OPS)} %if {another}", f"from{n}::_ %if {enough}")
        for comma in (", ", r",\n"):
            self.add(f"nextitem{n}::_", f'"{comma}" main{n}::incr({field(COUNT)})')
        self.add(f"rest{n}::_", f"ARITH main{n}::incr({field(OPS)}) %if {_FEW}")
        for kind, closing in (
            (_PAREN, r"/\)/"),
            (_ROUND, r"/\)/"),
            (_ROUND, r"/,[ \n][0-9]\)/"),
            (_CAST, "/[ \\n]AS[ \\n]/ TYPE /\\)/"),
            (_COALESCE, "/,[ \\n]/ NUM /\\)/"),
        ):
            self.add(f"rest{n}::_", f"{closing} rest{n}::{without(OPEN)} %if eq({field(OPEN)}, {kind})")

    def _aggregate_rests(self, level: Level) -> None:
        """What may follow an operand inside of an aggregate."""
        n, plain = level.number, without(PHASE)
        self.add(f"aggrest{n}::_", f"/\\)/ (OVER /\\)/)? rest{n}::{plain}")
        styles = {"n": level.styled(NAMED), "l": level.styled(LETTERS), "b": f"bit_set({level.lone})"}
        for kind, condition in styles.items():
            self.add(f"aggrest{n}::_", f"/\\)/ OVER aggover{kind}{n}::_ %if {condition}")
            if self.sqlite:
                self.add(f"aggrest{n}::_", f"aggtest{kind}{n}::_ %if {condition}")
            known = [(f"{kind}{t}", level.has(0, t) if kind == "b" else self._there(level, t)) for t in self._numbers]
            for number, i in self._big() if kind == "b" else ():
                known.append((f"h{i}", level.has(0, number)))
            for family, own in known:
                self.add(f"aggover{kind}{n}::_", f"spec{family} /\\)/ rest{n}::{plain} %if {own}")
                if self.sqlite:
                    self.add(f"aggtest{kind}{n}::_", f"test{family} /\\)/ rest{n}::{plain} %if {own}")
        self.add(f"aggrest{n}::_", f"aggmore{n}::incr({field(OPS)}) %if {_FEW}")
        for sign in ("SUMS", "PRODUCTS"):
            self.add(f"aggmore{n}::_", f"{sign} agg{n}::bit_or({hex(1 << PHASE[0])})")
        self.add(f"gcrest{n}::_", f"/,[ \\n]/ STR /\\)/ rest{n}::{plain}")
        # Never, in Postgres: a rule needs a second choice to be called with another state (llguidance 1.9).
        self.add(f"gcrest{n}::_", f"/\\)/ rest{n}::{plain} %if {'true' if self.sqlite else f'bit_set({NEVER})'}")

    def _big(self) -> list[tuple[int, int]]:
        """Numbers of sets of more than a few tables, each with the groups of columns that all of these have."""
        known = [(of, number) for of in self.sets.family if len(of) > FEW for number in self.sets.readings(of)]
        groups = [(i, of) for i, (of, _) in enumerate(self.sets.groups)]
        return [(number, i) for before, number in known for i, of in groups if of >= before]

    def _from(self, level: Level) -> None:
        """FROM and joins, in any order of the tables, until all that the columns brought in are there."""
        n = level.number
        for space in (r"\n", " "):
            self.add(f"from{n}::_", f"/{space}FROM[ \\n]/ table{n}::_ %if bit_clear({CTE})")
        if not n:
            self.add(f"from{n}::_", f"{_words(' FROM ' + self.cte)} tail{n}::_ %if bit_set({CTE})")
        for slot in level.slots:
            self._table(level, slot)
            self._on(level, slot)
        join = r"/[ \n](LEFT[ \n]|INNER[ \n])?JOIN[ \n]/"
        # Without numbers each table is there once, so that there may be fewer than slots.
        by_number, by_name = level.slots[: self.numbered] or level.slots, level.slots[: len(self.tables)]
        full, all_there = (every(f"bit_set({level.joined(slot)})" for slot in slots) for slots in (by_number, by_name))
        over = f"or(and({level.styled(NUMBERED)}, {full}), and(not({level.styled(NUMBERED)}), {all_there}))"
        self.add(f"joined{n}::_", f"{join} table{n}::_ %if and(bit_clear({level.lone}), not({over}))")
        named = [f"or(eq({level.table(slot)}, 0), bit_set({level.joined(slot)}))" for slot in level.slots]
        alone = f"eq({level.table(1)}, 0)"
        self.add(f"joined{n}::_", f"tail{n}::set_bit({level.lone}) %if {every([alone, *named])}")
        self.add(f"joined{n}::_", f"tail{n}::_ %if {every([f'not({alone})', *named])}")

    def _table(self, level: Level, slot: int) -> None:
        """A table that a column has brought in already, or a new one; each in the ways to call it."""
        n, joined, on = level.number, level.joined(slot), f"on{level.number}_{slot}"
        waiting = [f"ne({level.table(slot)}, 0)", f"bit_clear({joined})"]
        for kind, style in (("n", NAMED), ("l", LETTERS)):
            rule = f"{kind}{n}_{slot}"
            self.add(f"table{n}::_", f"wait{rule}::_ %if {every([*waiting, level.styled(style)])}")
            self.add(f"table{n}::_", f"join{rule}::_ %if {self._free(level, slot, style)}")
            for t in self._numbers:
                name = f"PATH{t}" if kind == "n" else f"PATH{t} LETTERS{t}"
                self.add(f"wait{rule}::_", f"{name} {on}::set_bit({joined}) %if {level.has(slot, t)}")
                put = level.put(slot, t, style, joined)
                self.add(f"join{rule}::_", f"{name} {on}::{put} %if {self._new(level, slot, t)}")
                if kind == "n" and not slot:
                    self._found(level, slot, t, f"wait{rule}::_", name, self.sets.with_table(t, more_than=FEW))
        if slot < self.numbered:
            turn = [f"bit_set({level.joined(slot - 1)})"] if slot else []
            styled = f"or({level.styled(0)}, {level.styled(NUMBERED)})"
            conditions = [*turn, f"bit_clear({joined})", styled, f"bit_clear({level.lone})"]
            self.add(f"table{n}::_", f"numbered{n}_{slot}::_ %if {every(conditions)}")
            for t in self._numbers:
                here = f"or({level.has(slot, t)}, eq({level.table(slot)}, 0))"
                put = level.put(slot, t, NUMBERED, joined)
                name = f"PATH{t} AS{slot + 1}"
                self.add(f"numbered{n}_{slot}::_", f"{name} {on}::{put} %if {here}")
                self._found(level, slot, t, f"numbered{n}_{slot}::_", name, self.sets.with_table(t))

    def _found(self, level: Level, slot: int, t: int, rule: str, name: str, sets: Sequence[int]) -> None:
        """FROM says which of a set of tables it is."""
        if not sets:
            return
        found = f"found{level.number}_{slot}_{t}::"
        here = either(level.has(slot, number) for number in sets)
        self.add(rule, f"{name} {found}{level.clear(slot)} %if {here}")
        on = f"on{level.number}_{slot}::"
        put = level.put(slot, t, 0, level.joined(slot))
        self.rules[f"{found}_"] = [f"{on}{put}", f"{on}_ %if bit_set({NEVER})"]

    def _on(self, level: Level, slot: int) -> None:
        """After a table: nothing if it is the first, else how its columns equal those of a table before it."""
        n = level.number
        others = [other for other in level.slots if other != slot]
        none = every(f"bit_clear({level.joined(other)})" for other in others)
        self.add(f"on{n}_{slot}::_", f"joined{n}::_ %if {none}")
        on = f"{_words(' ON ')} equal{n}_{slot}::_ ({_words(' AND ')} joincond{n}_{slot}::_){{0,2}} joined{n}::_"
        self.add(f"on{n}_{slot}::_", f"{on} %if not({none})")
        for other in others:
            self.add(f"other{n}_{slot}::_", f"q{n}_{other}::_ %if bit_set({level.joined(other)})")
        mine, other_column, equals = f"q{n}_{slot}::_", f"other{n}_{slot}::_", "/[ \\n]=[ \\n]/"
        self.add(f"equal{n}_{slot}::_", f"{mine} {equals} {other_column}", f"{other_column} {equals} {mine}")
        self.add(f"joincond{n}_{slot}::_", f"equal{n}_{slot}::_", f"{mine} literaltest")

    def _functions(self, argument: str, second: str) -> list[str]:
        """Calls with the right numbers of arguments."""
        of_two = "/(COALESCE|NULLIF|IFNULL)\\(/" if self.sqlite else "/(COALESCE|NULLIF)\\(/"
        choices = [
            f"FN {argument} /\\)/",
            f"/ROUND\\(/ {argument} /,[ \\n][0-9]\\)/",
            f"/(SUBSTR|substr)\\(/ {argument} /,[ \\n]/ INT (/,[ \\n]/ INT)? /\\)/",
            f"{of_two} {argument} /,[ \\n]/ (NUM | STR | {second}) /\\)/",
            f"/REPLACE\\(/ {argument} /,[ \\n]/ STR /,[ \\n]/ STR /\\)/",
            f"/CAST\\(/ {argument} /[ \\n]AS[ \\n]/ TYPE /\\)/",
        ]
        if self.sqlite:
            choices += [
                f"/(strftime|STRFTIME)\\(/ STR /,[ \\n]/ {argument} /\\)/",
                f"/(date|DATE|datetime|julianday)\\(/ {argument} /,[ \\n]/ STR /\\)/",
            ]
        else:
            choices += [
                f"/EXTRACT\\((YEAR|MONTH|DAY|HOUR|DOW|EPOCH)[ \\n]FROM[ \\n]/ {argument} /\\)/",
                f"/DATE_TRUNC\\('(year|quarter|month|week|day|hour)',[ \\n]/ {argument} /\\)/",
                f"/TO_CHAR\\(/ {argument} /,[ \\n]/ STR /\\)/",
            ]
        return choices

    def _expressions(self, level: Level) -> None:
        """Over tables that are known. `l` before a name: only the query's own columns, and no queries inside."""
        n = level.number
        for prefix, column in (("", "col"), ("l", "own")):
            col, opd, arith = f"{column}{n}::_", f"{prefix}opd{n}::_", f"{prefix}arith{n}::_"
            small = f"{prefix}small{n}::_"
            self.add(opd, col, "NUM", "STR", '"-" NUM', f'"-" {col}', *self._functions(small, col))
            self.add(opd, f"/\\(/ {small} ARITH {small} (ARITH {small}){{0,3}} /\\)/")
            self.add(f"{prefix}atom{n}::_", col, "NUM", "STR", *self._functions(col, col))
            self.add(small, f"{prefix}atom{n}::_ (ARITH {prefix}atom{n}::_){{0,2}}")
            self.add(arith, f"{opd} (ARITH {opd}){{0,3}}")
            value, when = f"{prefix}value{n}::_", f"{prefix}when{n}::_"
            self.add(value, f"{col} (ARITH {prefix}atom{n}::_)?", f'"-" {col}', "constant")
            self.add(when, f"{prefix}pred{n}::_ (AND_OR {prefix}pred{n}::_){{0,3}} {_words(' THEN ')} {value}")
            self._case(f"{prefix}case{n}::_", when, when, value)
            self.add(opd, f"{prefix}case{n}::_")
            self._predicates(n, prefix)
        if not n:
            self.add("opd0::_", "/\\(/ sub0::_ /\\)/")
        self.add(f"aggregate{n}::_", '"COUNT(*)"', f"AGG larith{n}::_ /\\)/", f"AGG DISTINCT own{n}::_ /\\)/")

    def _case(self, rule: str, first: str, when: str, value: str) -> None:
        more = f"({_words(' WHEN ')} {when}){{0,4}} ({_words(' ELSE ')} {value})?"
        self.add(rule, f"{_words('CASE WHEN ')} {first} {more} {_words(' END')}")

    def _tests(self, small: str) -> list[str]:
        """What makes a condition of a value."""
        like = "(LIKE|GLOB)" if self.sqlite else "I?LIKE"
        return [
            f"CMP {small}",
            "/[ \\n]IS[ \\n](NOT[ \\n])?NULL/",
            f"/[ \\n](NOT[ \\n])?{like}[ \\n]/ STR",
            f"/[ \\n](NOT[ \\n])?BETWEEN[ \\n]/ {small} {_words(' AND ')} {small}",
            "/[ \\n](NOT[ \\n])?IN[ \\n]\\(/ literals",
        ]

    def _predicates(self, n: int, prefix: str) -> None:
        small, test = f"{prefix}small{n}::_", f"{prefix}test{n}::_"
        self.add(f"{prefix}pred{n}::_", f"{small} {test}")
        self.add(test, *self._tests(small))
        if prefix:
            return
        whole = [f"arith{n}::_ CMP arith{n}::_", f"arith{n}::_ test{n}::_", f"/NOT[ \\n]/ {small} {test}"]
        if not n:
            whole.append("arith0::_ /[ \\n](NOT[ \\n])?IN[ \\n]\\(/ sub0::_ /\\)/")
            whole += ["exists0::_", "/NOT[ \\n]/ exists0::_"]
        self.add(f"simple{n}::_", *whole)
        joined = "AND_OR"
        self.add(f"group{n}::_", f"simple{n}::_ ({joined} simple{n}::_){{0,8}}")
        self.add(f"cond{n}::_", f"simple{n}::_", f"/(NOT[ \\n])?\\(/ group{n}::_ /\\)/")
        self.add(f"bool{n}::_", f"cond{n}::_ ({joined} cond{n}::_){{0,16}}")

    def _tail(self, level: Level) -> None:
        """What follows FROM."""
        n = level.number
        self.add(f"where{n}::_", '""', f"{_words(' WHERE ')} bool{n}::_")
        self.add(f"tail{n}::_", f"where{n}::_ end{n}::_", f"where{n}::_ {_words(' GROUP BY ')} groups{n}::_ endg{n}::_")
        self.add(f"groupby{n}::_", f"own{n}::_", *self._functions(f"own{n}::_", f"own{n}::_"))
        self.add(f"groups{n}::_", f"groupby{n}::_ (/,[ \\n]/ groupby{n}::_){{0,4}} having{n}::_")
        hopd = f"hopd{n}::_"
        self.add(hopd, f"aggregate{n}::_", f"opd{n}::_")
        self.add(f"harith{n}::_", f"{hopd} (ARITH {hopd}){{0,3}}")
        self.add(f"hcond{n}::_", f"harith{n}::_ CMP harith{n}::_", f"harith{n}::_ test{n}::_")
        more = f"(AND_OR hcond{n}::_){{0,6}}"
        self.add(f"having{n}::_", '""', f"{_words(' HAVING ')} hcond{n}::_ {more}")
        # No term is a number alone: that would be a column's position.
        begin, more = f"begin{n}::_", f"(ARITH lopd{n}::_){{0,3}}"
        self.add(begin, f"own{n}::_", *self._functions(f"own{n}::_", f"own{n}::_"))
        bracketed = f"/\\(/ {begin} ARITH lopd{n}::_ /\\)/"
        self.add(f"term{n}::_", f"({begin} | lcase{n}::_ | NUM ARITH lopd{n}::_ | {bracketed}) {more}")
        self.add(f"termg{n}::_", f"term{n}::_", f"aggregate{n}::_ (ARITH hopd{n}::_){{0,3}}")
        limit = f"limit{n}"
        self.add(limit, f'"" | {_words(" LIMIT ")} INT ({_words(" OFFSET ")} INT)?')
        direction = "DIRECTION?"
        whole = f"eq({field(GOAL)}, 0)" if not n else "true"
        for end, terms in (("end", "term"), ("endg", "termg")):
            one = f"{terms}{n}::_ {direction}"
            order = f"{_words(' ORDER BY ')} ({one} | /1/ {direction}) (/,[ \\n]/ {one}){{0,3}}"
            self.add(f"{end}{n}::_", limit, f"{order} {limit} %if {whole}")
            if not n:
                self.add(f"{end}0::_", f"{_words(' ORDER BY 1')} {direction} {limit} %if not({whole})")
                self._compound(end)

    def _compound(self, end: str) -> None:
        """A second query with as many columns, which takes no third."""
        for columns in (1, 2, 3):
            condition = f"and(eq({field(GOAL)}, 0), eq({field(COUNT)}, {columns - 1}))"
            self.add(f"{end}0::_", f"compound{columns} %if {condition}")
