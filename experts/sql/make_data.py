"""Turns hand-written text-to-SQL items into training examples by seeded program variation."""

import argparse
import copy
import json
import re
import sqlite3
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Any

from tqdm import tqdm

from experts.sql.draws import known_values
from experts.sql.spoken import named_anew
from experts.sql.templates import items as template_items
from experts.sql.vary_ask import Values, add_noise, shift_years, swap_numbers, swap_texts
from experts.sql.vary_ddl import (
    Look,
    Naming,
    Table,
    add_distractor_columns,
    draw_look,
    draw_style,
    drop_clauses,
    make_naming,
    names_in,
    parse_table,
    related,
    rename,
    render_table,
    reshape,
    tokens,
    words_of,
)

WRITTEN = Path(__file__).parent / "written"
# Template questions for each written wording, by round, the last for all later ones: reading a schema comes first.
TEMPLATE_SHARES = (0.4, 0.2)
LAYOUTS = {
    "plain": ("{ddl}\n\n{ask}", 70),
    "question": ("{ddl}\n\nQuestion: {ask}", 10),
    "fence": ("```sql\n{ddl}\n```\n\n{ask}", 7),
    "schema": ("Schema:\n{ddl}\n\nQuestion: {ask}", 5),
    "last": ("{ask}\n\n{ddl}", 2),
}
SYSTEMS = (
    "You are a helpful assistant.",
    "You write SQL.",
    "Answer with one SQLite query and nothing else.",
    "You are an expert in SQL. Given a database schema and a question, reply with the SQL query only.",
    "Translate the question into a SQLite SELECT statement.",
    "Text to SQL.",
)


@dataclass
class Schema:
    """One hand-written schema with its items."""

    name: str
    tables: list[Table]
    items: list[dict[str, Any]]

    @property
    def ddl(self) -> str:
        """The CREATE TABLEs as written."""
        return "\n".join(f"{table.lead}\n{table.raw}\n{table.tail}" for table in self.tables)

    @property
    def questions(self) -> str:
        """All wordings in one text."""
        return " ".join(ask for item in self.items for ask in item["ask"])


@dataclass
class Example:
    """One question on one variant of a schema."""

    ask: str
    original_sql: str
    answer: str


@dataclass
class Variant:
    """One variant of a schema: a DDL text, how the prompt is laid out, and its examples."""

    schema: str
    naming: Naming
    ddl: str
    layout: str
    system: str | None
    examples: list[Example]


def load(folder: Path) -> list[Schema]:
    """Read the written schemas. Raises `SystemExit` that names the file where one cannot be read."""
    schemas = []
    for path in sorted(folder.glob("*.json")):
        try:
            data = json.loads(path.read_text(encoding="utf-8"))
            schemas.append(Schema(path.stem, [parse_table(ddl) for ddl in data["ddl"]], data["items"]))
        except (ValueError, KeyError) as error:
            raise SystemExit(f"{path}: {error}") from error
    return schemas


def aliases(schema: Schema) -> set[str]:
    """Words of the SQLs that are no identifiers of the schema: no new name may collide with them."""
    words = {text.lower() for item in schema.items for kind, text in tokens(item["sql"]) if kind == "word"}
    return words - {name.lower() for names in names_in(schema.tables) for name in names}


def distractor_tables(schema: Schema, schemas: list[Schema], rng: Random) -> list[Table]:
    """Up to two tables of other schemas that no question of this one is about."""
    room = min(rng.choice([0, 0, 0, 1, 1, 2]), 5 - len(schema.tables))
    taken = related({word for name in names_in(schema.tables)[0] for word in words_of(name)})
    asked = {word.rstrip("s") for word in re.findall(r"[a-z]+", schema.questions.lower())}
    own = {name.lower() for names in names_in(schema.tables) for name in names}
    out: list[Table] = []
    for _ in range(12):
        if len(out) >= room:
            break
        table = copy.deepcopy(rng.choice(rng.choice(schemas).tables))
        words = related(set(words_of(table.name)))
        fits = table.simple and len(table.columns) <= 12 and table.name.lower() not in own | aliases(schema)
        if fits and not words & (taken | asked):
            # The tables it refers to are not there.
            table.columns = [
                c for c in table.columns if c.name or not re.search(r"\bREFERENCES\b", c.rest, re.IGNORECASE)
            ]
            for column in table.columns:
                column.rest = drop_clauses(column.rest, {"references"})
            out.append(table)
            own.add(table.name.lower())
            taken |= words
    return out


def _names_kept(tables: list[Table]) -> Naming:
    return make_naming(tables, ["keep"], set(), Random(0))


def build_ddl(schema: Schema, schemas: list[Schema], plain: bool, rng: Random) -> tuple[str, Naming]:
    """The DDL text of one variant and its renaming; `plain` keeps everything as written."""
    tables = copy.deepcopy(schema.tables)
    if plain:
        naming = _names_kept(tables)
        return "\n".join(render_table(table, naming, Look()) for table in tables), naming
    look, avoid = draw_look(rng), aliases(schema)
    extra = distractor_tables(schema, schemas, rng)
    for table in extra:
        tables.insert(rng.randint(0, len(tables)), table)
    naming = make_naming(tables, draw_style(rng), avoid, rng)
    reshape(tables, rng)
    if look.layout != "raw":
        add_distractor_columns(tables, naming, schema.questions, avoid, rng)
    # A borrowed table lost clauses that its raw text still has.
    looks = [Look(**{**vars(look), "layout": "lines"}) if t in extra and look.layout == "raw" else look for t in tables]
    return look.join.join(render_table(t, naming, lk) for t, lk in zip(tables, looks, strict=True)), naming


def runs(ddl: str, queries: list[str]) -> list[str]:
    """Create the tables in memory and run the queries; the error of each, or an empty string."""
    with sqlite3.connect(":memory:") as base:
        base.executescript(ddl)
        errors = []
        for query in queries:
            try:
                base.execute(query).fetchall()
                errors.append("")
            except (sqlite3.Error, sqlite3.Warning) as error:
                errors.append(str(error))
    base.close()
    return errors


def answer_of(sql: str, naming: Naming) -> str:
    """The query under the variant's names."""
    return rename(sql, naming).rstrip("; ") + ";"


def build_examples(schema: Schema, naming: Naming, plain: bool, values: Values, rng: Random) -> Iterator[Example]:
    """The written wordings of one variant with their answers; `plain` keeps the values as written."""
    for item in schema.items:
        for ask in item["ask"]:
            if rng.random() < 0.25:
                continue
            sql = " ".join(item["sql"].split())
            if not plain:
                ask, sql = swap_texts(ask, sql, schema.ddl, schema.tables, values, rng)
                ask, sql = swap_numbers(ask, sql, schema.ddl, rng)
                ask, sql = shift_years(ask, sql, schema.ddl, rng)
            yield Example(add_noise(ask, sql, rng), sql, answer_of(sql, naming))


def build_templates(schema: Schema, naming: Naming, share: float, values: Values, rng: Random) -> Iterator[Example]:
    """Template questions on one variant, `share` for each written wording."""
    known = known_values([item["sql"] for item in schema.items], schema.tables)
    number = round(share * sum(len(item["ask"]) for item in schema.items))
    for ask, sql in template_items(schema.tables, values, rng, number, known):
        answer = answer_of(sql, naming)
        yield Example(add_noise(named_anew(ask, naming.names), sql, rng), sql, answer)


def build_variant(
    schema: Schema, schemas: list[Schema], values: Values, number: int, seed: int, counts: Counter[str]
) -> Variant:
    """One verified variant of a schema; one that does not hold is redone with the original identifiers."""
    rng = Random(f"{seed}:{number}:{schema.name}")
    plain = number == 0 and rng.random() < 0.85
    layout = rng.choices(list(LAYOUTS), [share for _, share in LAYOUTS.values()])[0]
    system = rng.choice(SYSTEMS) if rng.random() < 0.15 else None
    ddl, naming = build_ddl(schema, schemas, plain, rng)
    share = TEMPLATE_SHARES[min(number, len(TEMPLATE_SHARES) - 1)]

    def build(plain: bool) -> list[Example]:
        written = build_examples(schema, naming, plain, values, rng)
        return [*written, *build_templates(schema, naming, share, values, rng)]

    examples = build(plain)
    try:
        errors = runs(ddl, [example.answer for example in examples])
    except (sqlite3.Error, sqlite3.Warning) as problem:
        counts[f"variants redone: {problem}"] += 1
        ddl, naming = build_ddl(schema, schemas, True, rng)
        examples = build(plain)
        errors = runs(ddl, [example.answer for example in examples])
    for error in filter(None, errors):
        counts[f"examples dropped: {schema.name}: {error}"] += 1
    good = [example for example, error in zip(examples, errors, strict=True) if not error]
    counts[f"style {naming.style}"] += 1
    return Variant(schema.name, naming, ddl, layout, system, good)


def variants(schemas: list[Schema], rounds: int, seed: int, counts: Counter[str]) -> Iterator[Variant]:
    """Round after round one variant of every schema, the schemas shuffled within each."""
    values = Values()
    for schema in schemas:
        for item in schema.items:
            values.add(item["sql"], schema.tables)
    for number in range(rounds):
        order = list(schemas)
        Random(f"{seed}:{number}").shuffle(order)
        for schema in order:
            yield build_variant(schema, schemas, values, number, seed, counts)


def lines_of(variant: Variant) -> Iterator[str]:
    """The JSON lines of one variant."""
    system = [{"role": "system", "content": variant.system}] if variant.system else []
    for example in variant.examples:
        # Not str.format: questions and DDL may hold braces.
        prompt = LAYOUTS[variant.layout][0].replace("{ddl}", "\0").replace("{ask}", example.ask)
        user = {"role": "user", "content": prompt.replace("\0", variant.ddl)}
        yield json.dumps({"messages": [*system, user], "answer": example.answer}, ensure_ascii=False)


def write(out: Path, rounds: int, seed: int, schemas: Sequence[Schema]) -> Counter[str]:
    """Write the training file and return what was counted on the way."""
    counts: Counter[str] = Counter()
    counts["schemas"] = len(schemas)
    counts["items"] = sum(len(schema.items) for schema in schemas)
    counts["wordings"] = sum(len(item["ask"]) for schema in schemas for item in schema.items)
    with out.open("w", encoding="utf-8", newline="\n") as file:
        made = variants(schemas, rounds, seed, counts)
        for variant in tqdm(made, total=rounds * len(schemas), unit="variant"):
            for line in lines_of(variant):
                file.write(line + "\n")
                counts["examples written"] += 1
    return counts


def main() -> None:
    """Read the command line, write the file, print the summary."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--variants", type=int, default=8)
    parser.add_argument("--seed", type=int, default=1)
    args = parser.parse_args()
    counts = write(args.out, args.variants, args.seed, load(WRITTEN))
    dropped = sum(n for key, n in counts.items() if key.startswith("examples dropped"))
    total = dropped + counts["examples written"]
    for key, number in counts.items():
        print(f"{key}: {number}")
    print(f"dropped in all: {dropped} of {total} ({dropped / max(1, total):.2%})")


if __name__ == "__main__":
    main()
