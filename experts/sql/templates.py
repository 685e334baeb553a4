"""Template questions over the written schemas: they teach to read a schema exactly, beside the written wordings."""

from collections.abc import Callable
from random import Random

from experts.sql.conditions import Condition, draw_condition, draw_maybe, draw_two, say_rows
from experts.sql.draws import Draw, Item, Known, NoFit, fit
from experts.sql.entities import Attribute, Entity, Link, read_entities
from experts.sql.phrasings import EXTREMES, ORDERS, QUESTIONS, SUPERLATIVES
from experts.sql.spoken import plural, with_article
from experts.sql.vary_ask import Values
from experts.sql.vary_ddl import Table
from experts.sql.words import ACTIVE


def items(tables: list[Table], values: Values, rng: Random, count: int, known: Known | None = None) -> list[Item]:
    """Questions over these tables with their SQL; an identifier meant as such stands in braces, to be renamed."""
    draw = Draw(*read_entities(tables), known or {}, values, rng)
    out: dict[str, str] = {}
    for _ in range(6 * count // len(INTENTS) + 1 if draw.entities else 0):
        for intent in rng.sample(INTENTS, len(INTENTS)):
            try:
                ask, sql = intent(draw)
            except NoFit:
                continue
            if len(out) < count:
                out.setdefault(ask, sql + ";")
    return list(out.items())


def one_attribute(draw: Draw) -> Item:
    """One attribute of one named thing."""
    entity = draw.entity(lambda e: e.label and e.facts)
    row, column = fit(draw.row(entity)), draw.one_of(entity.facts)
    words = {"t": entity.one, "N": row.said, "table": entity.name, "test": row.test}
    done = column.participle
    if not done or not draw.chance(0.7):
        return draw.ask("attribute", **draw.asked(column), **words)
    when = f"did {row.said} {ACTIVE[done]}" if done in ACTIVE else f"was {row.said} {done}"
    sql, phrasings = QUESTIONS["when"]
    return draw.rng.choice(phrasings).format(w=when, d=done, **words), sql.format(col=column.name, **words)


def two_attributes(draw: Draw) -> Item:
    """Two attributes of one named thing, or of all things under a condition."""
    entity = draw.entity(lambda e: len(e.facts) > 1)
    row = draw.row(entity)
    one, two = draw.rng.sample(entity.facts, 2)
    words = {"c": one.spoken, "d": two.spoken, "col": one.name, "col2": two.name}
    if row and draw.chance(0.6):
        return draw.ask("two attributes", t=entity.one, N=row.said, table=entity.name, test=row.test, **words)
    condition = draw_condition(draw, entity, {one.name, two.name})
    if entity.label and draw.chance(0.6):
        words |= {"c": entity.label.spoken, "col": entity.label.name}
    return draw.ask("two columns", **say_rows(draw, entity, condition), **words)


def by_key(draw: Draw) -> Item:
    """An attribute of the thing with a key."""
    entity = draw.entity(lambda e: e.numbered and e.facts)
    key = fit(entity.key)
    words = {"t": entity.one, "table": entity.name}
    column = draw.rng.choice(entity.facts + ([entity.label] if entity.label else []))
    number = draw.rng.randint(2, 9000)
    said = key.last if key.last in ("id", "number") else key.spoken if key.words else "id"
    ways = [f"{number}", f"with {said} {number}", f"number {number}", f"#{number}", f"with the {said} {number}"]
    words |= draw.asked(column) | {"N": f"{entity.one} {draw.rng.choice(ways)}", "test": f"{key.name} = {number}"}
    ask, sql = draw.ask("attribute", **words)
    return ask.replace(f"{entity.one} {entity.one}", entity.one), sql


def listing(*kinds: str) -> Callable[[Draw], Item]:
    """An intent that lists things under a condition on a column of some kind."""

    def intent(draw: Draw) -> Item:
        entity = draw.entity()
        others = {column.name for column in entity.columns if column.kind not in kinds}
        return _list(draw, entity, fit(draw_condition(draw, entity, others)))

    return intent


def _list(draw: Draw, entity: Entity, condition: Condition) -> Item:
    """The names of the things under a condition; another column where they have no name or one is asked for."""
    said = say_rows(draw, entity, condition)
    columns = entity.facts + ([entity.key] if entity.key and entity.key.words else [])
    columns = [column for column in columns if column.name not in condition.columns]
    if entity.label is None or (columns and draw.chance(0.25)):
        return draw.ask("columns", **draw.asked(draw.rng.choice(columns or entity.columns)), **said)
    is_who = entity.is_person and not condition.adjective and draw.chance(0.2)
    return draw.ask("who" if is_who else "list", **said)


def two_filters(draw: Draw) -> Item:
    """Things under two conditions, or how many."""
    entity = draw.entity(lambda e: len(e.columns) > 3)
    condition = fit(draw_two(draw, entity))
    said = say_rows(draw, entity, condition)
    if draw.chance(0.3):
        return draw.ask("count", **said)
    if entity.label:
        return draw.ask("list", **said)
    column = draw.one_of([column for column in entity.facts if column.name not in condition.columns])
    return draw.ask("columns", C=plural(column.spoken), col=column.name, **said)


def count(draw: Draw) -> Item:
    """How many things there are under a condition, or in all."""
    entity = draw.entity()
    condition = draw_maybe(draw, 0.85, entity)
    return draw.ask("count" if condition else "count all", **say_rows(draw, entity, condition))


def everything(draw: Draw) -> Item:
    """All columns."""
    entity = draw.entity()
    return draw.ask("everything", **say_rows(draw, entity, fit(draw_condition(draw, entity))))


def aggregate(draw: Draw) -> Item:
    """A sum, average, maximum or minimum."""
    entity = draw.entity(lambda e: e.of("figure"))
    kinds = ["figure", "date"] if draw.chance(0.3) else ["figure"]
    found = fit(draw.aggregate(entity.of(*kinds)))
    condition = draw_maybe(draw, 0.6, entity, {found.column.name})
    return draw.ask("figure", **draw.aggregated(found), **say_rows(draw, entity, condition))


def extreme(draw: Draw) -> Item:
    """The thing with the highest or lowest figure or date."""
    entity, column = _ranking(draw)
    high = draw.chance(0.6) or _may_lack(entity, column)
    condition = draw_maybe(draw, 0.4, entity, {column.name})
    words = say_rows(draw, entity, condition) | {"desc": " DESC" if high else ""}
    known = [word for word in SUPERLATIVES if word in column.words]
    lone = known and sum(known[0] in other.words for other in entity.columns) == 1 and not condition
    if lone and column.last in SUPERLATIVES and draw.chance(0.6):
        return draw.ask("extreme word", f=SUPERLATIVES[known[0]][0 if high else 1], col=column.name, **words)
    words["f"] = draw.rng.choice(EXTREMES[column.timed, high])
    return draw.ask("extreme of" if condition else "extreme", **draw.asked(column), **words)


def _ranking(draw: Draw) -> tuple[Entity, Attribute]:
    """Named things and a column that ranks them."""
    entity = draw.entity(lambda e: e.label and e.of("figure", "date"))
    return entity, draw.rng.choice(entity.of("figure", "date"))


def _may_lack(entity: Entity, column: Attribute) -> bool:
    """Whether the lowest value may be a NULL; a schema that declares nothing NOT NULL does not say."""
    return column.nullable and not all(other.nullable for other in entity.columns if other is not entity.key)


def top(draw: Draw) -> Item:
    """The first few by a figure or a date."""
    entity, column = _ranking(draw)
    number = draw.rng.choice([3, 3, 4, 5, 5, 7, 8, 10, 10, 12, 20])
    return draw.ask("latest" if column.timed else "top", n=number, **draw.asked(column), **say_rows(draw, entity))


def ordered(draw: Draw) -> Item:
    """All names in an order."""
    entity = draw.entity(lambda e: e.label)
    columns, said = entity.of("figure", "date"), say_rows(draw, entity)
    column = draw.rng.choice(columns) if columns else None
    if column is None or draw.chance(0.25):
        return draw.ask("alphabet", c=fit(entity.label).spoken, **said)
    down = draw.chance(0.6)
    said |= draw.asked(column) | {"o": draw.rng.choice(ORDERS[column.timed, down]), "desc": " DESC" if down else ""}
    return draw.ask("order", **said)


def distinct(draw: Draw) -> Item:
    """The different values of a column, or how many there are."""
    entity, column = _grouping(draw)
    name = "count distinct" if draw.chance(0.45) else "distinct"
    return draw.ask(name, **draw.grouper(column), **say_rows(draw, entity))


def _grouping(draw: Draw) -> tuple[Entity, Attribute]:
    """Things and a column to group them by."""
    entity = draw.entity(lambda e: e.groupers)
    return entity, draw.rng.choice(entity.groupers)


def grouped(draw: Draw) -> Item:
    """A count per value of a column."""
    entity, column = _grouping(draw)
    condition = draw_maybe(draw, 0.35, entity, {column.name})
    return draw.ask("group if" if condition else "group", **draw.grouper(column), **say_rows(draw, entity, condition))


def grouped_aggregate(draw: Draw) -> Item:
    """A sum, average, maximum or minimum per value of a column."""
    entity = draw.entity(lambda e: e.groupers and e.of("figure"))
    found, column = fit(draw.aggregate(entity.of("figure"))), draw.rng.choice(entity.groupers)
    return draw.ask("group figure", **draw.aggregated(found), **draw.grouper(column), **say_rows(draw, entity))


def having(draw: Draw) -> Item:
    """The values of a column whose group is large, or whose average is."""
    entity, column = _grouping(draw)
    number = draw.rng.randint(2, 40)
    words = say_rows(draw, entity) | {"g": column.spoken, "G": plural(column.spoken), "by": column.name}
    figures = [c for c in entity.of("figure") if not c.yearly and not c.spoken.startswith("average")]
    figure = draw.rng.choice(figures) if figures else None
    if figure is None or draw.chance(0.6):
        return draw.ask("having", n=number, **words)
    return draw.ask("having figure", f="average", c=figure.spoken, col=figure.name, n=draw.number(figure), **words)


def beside_average(draw: Draw) -> Item:
    """The things above or below the average."""
    entity = draw.entity(lambda e: e.label and e.of("figure"))
    column = draw.one_of([column for column in entity.of("figure") if not column.yearly])
    words = {"c": column.spoken, "ac": with_article(column.spoken), "col": column.name}
    return draw.ask(draw.rng.choice(["above", "above", "below"]), **words, **say_rows(draw, entity))


def _pair(link: Link) -> dict[str, str]:
    """The words of two joined tables."""
    child, parent = link.child, link.parent
    words = {"S": child.many, "s": child.one, "T": parent.many, "t": parent.one}
    words |= {"child": child.name, "parent": parent.name, "join": link.join, "key": link.key}
    words |= {"up": f"{child.name} JOIN {parent.name} ON {link.join}"}
    words |= {"down": f"{parent.name} JOIN {child.name} ON {link.join}"}
    words |= {"l": child.label.spoken, "child_label": child.label.name} if child.label else {}
    return words | ({"m": parent.label.spoken, "parent_label": parent.label.name} if parent.label else {})


def children_of(draw: Draw) -> Item:
    """What belongs to one named thing: the names, a column, a count or an aggregate."""
    link = draw.link(lambda k: k.parent.label)
    row = fit(draw.row(link.parent))
    words = _pair(link) | {"N": row.said, "test": row.test}
    way, found = draw.rng.random(), draw.aggregate(link.child.of("figure"))
    if way < 0.25:
        return draw.ask("child count", **words)
    if found and way < 0.5:
        return draw.ask("child figure", **words, **draw.aggregated(found))
    if link.child.label and way < 0.75:
        return draw.ask("children", **words)
    return draw.ask("child columns", **words, **draw.asked(draw.one_of(link.child.facts)))


def parent_of(draw: Draw) -> Item:
    """The name or another column of what a named or numbered thing belongs to."""
    link = draw.link(lambda k: k.child.label or k.child.key)
    row = draw.row(link.child) or draw.numbered_row(link.child)
    words = _pair(link) | {"N": row.said, "test": row.test}
    if link.parent.label and draw.chance(0.5):
        return draw.ask("parent", **words)
    return draw.ask("parent of", **words, **draw.asked(draw.one_of(link.parent.facts)))


def both_names(draw: Draw) -> Item:
    """Each thing with what it belongs to."""
    return draw.ask("both", **_pair(draw.link(lambda k: k.parent.label and k.child.label)))


def per_parent(draw: Draw) -> Item:
    """A count or an aggregate of what belongs to each thing."""
    link = draw.link(lambda k: k.parent.label)
    found = draw.aggregate(link.child.of("figure"))
    if found is None or draw.chance(0.5):
        return draw.ask("per parent", **_pair(link))
    return draw.ask("figure per parent", **_pair(link), **draw.aggregated(found))


def without(draw: Draw) -> Item:
    """The things that nothing belongs to, or how many."""
    link = draw.link(lambda k: k.parent.label)
    return draw.ask("count without" if draw.chance(0.25) else "without", **_pair(link))


def most(draw: Draw) -> Item:
    """The thing that most belongs to, by count or by a sum, or all with more than a number."""
    link = draw.link(lambda k: k.parent.label)
    way, found = draw.rng.random(), draw.aggregate(link.child.of("figure"))
    if way < 0.4:
        return draw.ask("many", n=draw.rng.randint(2, 30), **_pair(link))
    if found and found.function == "SUM" and way < 0.7:
        return draw.ask("most figure", **_pair(link), **draw.asked(found.column))
    return draw.ask("most", **_pair(link))


def across(draw: Draw) -> Item:
    """Things under a condition on what belongs to them, or on what they belong to."""
    some, of_child = draw.rng.choice(draw.links) if draw.links else None, draw.chance(0.45)
    link = fit(some)
    entity = link.child if of_child else link.parent
    condition = fit(draw_condition(draw, entity, qualified=True))
    if of_child and link.parent.label is None:
        raise NoFit
    said = say_rows(draw, entity, condition)
    if of_child:
        return draw.ask("with child", **_pair(link) | {"S": said["T"], "P": said["P"], "where": said["where"]})
    name = "of parents" if link.child.label and draw.chance(0.6) else "count of parents"
    return draw.ask(name, **_pair(link) | said)


def bridge(draw: Draw) -> Item:
    """Two hops over a table that only ties two others together."""
    first = draw.link(lambda k: k.parent.label and k.child.key is None)
    second = draw.link(lambda k: k.child is first.child and k.parent is not first.parent and k.parent.label)
    row = fit(draw.row(second.parent))
    if draw.chance(0.5):
        raise NoFit
    other = {"other": second.parent.name, "other_join": second.join, "s": second.parent.one}
    return draw.ask("bridge", **_pair(first) | other | {"B": first.child.many, "N": row.said, "test": row.test})


# The order is part of the seed: it decides what is drawn.
INTENTS: list[Callable[[Draw], Item]] = [
    *(one_attribute, two_attributes, by_key),
    *(listing("enum", "text"), listing("figure"), listing("date"), listing("flag"), listing("text")),
    *(listing("enum", "flag"), listing("figure", "date"), two_filters),
    *(count, everything, aggregate, extreme, top, ordered),
    *(distinct, grouped, grouped_aggregate, having, beside_average),
    *(children_of, parent_of, both_names, per_parent, without, most, across, bridge),
]
