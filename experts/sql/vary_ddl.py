"""Seeded variation of a schema: other identifiers, another layout of its CREATE TABLEs, and columns nobody asks for."""

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from random import Random

from experts.sql.words import ABBREVIATIONS, CONCEPTS, DISTRACTORS, EXPANSIONS, RESERVED, SYNONYMS, TYPES

TOKEN = re.compile(
    r"""(?P<string>'(?:[^']|'')*')|(?P<comment>--[^\n]*|/\*.*?\*/)|(?P<quoted>"[^"]*"|`[^`]*`|\[[^\]]*\])"""
    r"""|(?P<number>\d+(?:\.\d+)?\b)|(?P<word>[^\W\d]\w*)|(?P<space>\s+)|(?P<other>.)""",
    re.DOTALL,
)
PART = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+")
TABLE = re.compile(r"\s*CREATE\s+TABLE\s+(?:IF\s+NOT\s+EXISTS\s+)?(\w+)\s*\(", re.IGNORECASE)
CONSTRAINT_WORDS = {"primary", "foreign", "unique", "check", "constraint"}
SMALL_WORDS = {"at", "by", "is", "on", "of", "in", "to", "the", "a"}
RUDE = {"anal", "tit", "cum", "ass", "shit", "slut", "rape", "nazi", "cunt", "cock", "dick"}
Token = tuple[str, str]


def tokens(text: str) -> list[Token]:
    """Cut SQL into (kind, text) pairs that join to the same text."""
    return [(m.lastgroup or "other", m.group()) for m in TOKEN.finditer(text)]


def words_of(name: str) -> list[str]:
    """The lower-case words of an identifier in snake_case or camelCase."""
    return [part.lower() for part in PART.findall(name)]


def related(words: set[str]) -> set[str]:
    """The words, their singulars, and the words that mean much the same."""
    out = words | {word.rstrip("s") for word in words}
    for group in CONCEPTS:
        if out & group:
            out = out | group
    return out - SMALL_WORDS


@dataclass
class Column:
    """One column or table constraint; `name` is empty for a constraint."""

    name: str
    rest: str
    before: list[str] = field(default_factory=list)
    after: list[str] = field(default_factory=list)


@dataclass
class Table:
    """A CREATE TABLE between the comments before and after it; `simple` says that its columns could be told apart."""

    name: str
    lead: str
    raw: str
    tail: str
    columns: list[Column]
    simple: bool


def _closing(toks: list[Token], start: int) -> int:
    depth = 0
    for index in range(start, len(toks)):
        depth += {"(": 1, ")": -1}.get(toks[index][1], 0)
        if depth == 0:
            return index
    raise ValueError("CREATE TABLE without a closing bracket")


def _column(toks: list[Token], before: list[str], after: list[str]) -> Column | None:
    """One column of tokens with its comments; None where a comment stands inside it."""
    while toks and toks[-1][0] in ("space", "comment"):
        kind, text = toks.pop()
        if kind == "comment":
            after.insert(0, text)
    while toks and toks[0][0] in ("space", "comment"):
        kind, text = toks.pop(0)
        if kind == "comment":
            before.append(text)
    if not toks or toks[0][0] != "word" or any(kind == "comment" for kind, _ in toks):
        return None
    text = re.sub(r"\s*\n\s*", " ", "".join(text for _, text in toks))
    if toks[0][1].lower() in CONSTRAINT_WORDS:
        return Column("", text, before, after)
    return Column(toks[0][1], text[len(toks[0][1]) :].strip(), before, after)


def _split_columns(toks: list[Token]) -> list[list[Token]]:
    """Cut at top-level commas; a comment on the comma's own line goes to the column before it."""
    pieces: list[list[Token]] = [[]]
    depth, same_line = 0, False
    for kind, text in toks:
        depth += {"(": 1, ")": -1}.get(text, 0)
        if text == "," and depth == 0:
            pieces.append([])
            same_line = True
        elif kind == "comment" and same_line:
            pieces[-2].append((kind, text))
        else:
            if kind != "space" or "\n" in text:
                same_line = False
            pieces[-1].append((kind, text))
    return pieces


def parse_table(text: str) -> Table:
    """Read one CREATE TABLE; what stands after its closing bracket becomes the tail."""
    comments = re.match(r"(?:\s*(?:--[^\n]*\n|/\*.*?\*/))*", text, re.DOTALL)
    lead = comments[0].strip() if comments else ""
    text = text.strip()[len(lead) :]
    head = TABLE.match(text)
    if head is None:
        raise ValueError(f"not a CREATE TABLE: {text[:60]}")
    toks = tokens(text)
    start = next(i for i, (_, t) in enumerate(toks) if t == "(")
    end = _closing(toks, start)
    raw = "".join(t for _, t in toks[: end + 1])
    tail = "".join(t for _, t in toks[end + 1 :]).strip().rstrip(";")
    columns = [_column(piece, [], []) for piece in _split_columns(toks[start + 1 : end])]
    good = [column for column in columns if column is not None]
    simple = len(good) == len(columns) and (not tail or tail.startswith(("--", "/*")))
    return Table(head.group(1), lead, raw.strip(), tail, good, simple)


def names_in(tables: list[Table]) -> tuple[list[str], list[str]]:
    """Table names and distinct column names."""
    columns = {column.name.lower(): column.name for table in tables for column in table.columns if column.name}
    return [table.name for table in tables], list(columns.values())


def _like(pattern: str, word: str) -> str:
    if pattern.isupper() and len(pattern) > 1:
        return word.upper()
    return word.capitalize() if pattern[0].isupper() else word


def _shorten(word: str, rng: Random) -> str:
    if word in ABBREVIATIONS:
        return rng.choice(ABBREVIATIONS[word])
    if word.endswith("s") and word[:-1] in ABBREVIATIONS:
        return rng.choice(ABBREVIATIONS[word[:-1]]) + rng.choice(["s", ""])
    if len(word) <= 5 or rng.random() < 0.35:
        return word
    bare = re.sub(r"(.)\1+", r"\1", word[0] + re.sub("[aeiou]", "", word[1:]))
    short = bare[:6] if len(word) < 8 or rng.random() < 0.5 else word[: rng.choice([4, 5])]
    return word if len(short) < 3 or short in RUDE else short


def plural_word(word: str) -> str:
    """The plural of one word."""
    if re.search("[^aeiou]y$", word):
        return word[:-1] + "ies"
    return word + ("es" if re.search("(s|x|ch)$", word) else "s")


def _synonym(word: str, rng: Random) -> str:
    if rng.random() > 0.6:
        return word
    if word in SYNONYMS:
        return rng.choice(SYNONYMS[word])
    singular = word[:-3] + "y" if word.endswith("ies") else word[:-1]
    return plural_word(rng.choice(SYNONYMS[singular])) if word.endswith("s") and singular in SYNONYMS else word


def _expand(word: str, rng: Random) -> str:
    return rng.choice(EXPANSIONS[word]) if word in EXPANSIONS else word


def _word_map(names: list[str], change: Callable[[str, Random], str], rng: Random) -> dict[str, str]:
    """Another word for each word of the names, never one that the schema has already."""
    known = dict.fromkeys(word for name in names for word in words_of(name))
    taken, out = set(known), {}
    for word in known:
        new = change(word, rng)
        if new != word and new not in taken:
            taken.add(new)
            out[word] = new
    return out


def _reworded(name: str, words: dict[str, str]) -> str:
    return PART.sub(lambda m: _like(m[0], words.get(m[0].lower(), m[0].lower())), name)


def in_case(name: str, case: str) -> str:
    """The identifier's words joined as snake, camel, pascal or upper."""
    parts = words_of(name)
    if case == "camel":
        return parts[0] + "".join(part.capitalize() for part in parts[1:])
    if case == "pascal":
        return "".join(part.capitalize() for part in parts)
    return "_".join(parts).upper() if case == "upper" else "_".join(parts)


def case_of(names: list[str]) -> str:
    """The naming style most of the names are in; names of one word tell less."""
    if " ".join(names).isupper():
        return "upper"
    longer = [name for name in names if len(words_of(name)) > 1] or names
    snake = sum("_" in name or name.islower() for name in longer)
    if snake >= len(longer) / 2:
        return "snake"
    return "pascal" if sum(name[0].isupper() for name in longer) > len(longer) / 2 else "camel"


@dataclass
class Naming:
    """A renaming of a schema's identifiers: lower-case old name to new name."""

    style: str
    names: dict[str, str]
    tables: set[str]
    case: str


def draw_style(rng: Random) -> list[str]:
    """The kinds of renaming for one variant, as the shares say; now and then two together."""
    style = rng.choices(["keep", "case", "abbreviate", "synonym", "expand", "prefix"], [30, 20, 20, 15, 5, 10])[0]
    second = {"abbreviate": "prefix", "synonym": "case"}.get(style)
    return [style, second] if second and rng.random() < 0.2 else [style]


def _prefixed(new: dict[str, str], tables: list[Table], case: str, rng: Random) -> dict[str, str]:
    """Prefixes on tables and on columns that only one table has (others could not be told apart in the SQL)."""
    out = dict(new)
    table_prefix = rng.choice(["tbl_", "t_"])
    which = rng.choice(["tables", "columns", "both"])
    columns = [column.name.lower() for table in tables for column in table.columns]
    for table in tables:
        key = table.name.lower()
        initials = "".join(word[0] for word in words_of(table.name))[:3] if rng.random() < 0.5 else key[:3].strip("_")
        if which != "columns" and key not in columns and not key.startswith(("t_", "tbl")):
            out[key] = in_case(table_prefix + new[key], case)
        for column in table.columns if which != "tables" else []:
            own = column.name.lower()
            if own in out and columns.count(own) == 1 and own not in {t.name.lower() for t in tables}:
                out[own] = in_case(f"{initials}_{new[own]}", case)
    return out


def make_naming(tables: list[Table], style: list[str], avoid: set[str], rng: Random) -> Naming:
    """Draw new names; names equal to SQL words, or spelled out in a comment, stay as they are."""
    table_names, column_names = names_in(tables)
    every = list({name.lower(): name for name in table_names + column_names}.values())
    case = case_of(every)
    new = {name.lower(): name for name in every}
    changes = {"abbreviate": _shorten, "synonym": _synonym, "expand": _expand}
    for kind in style:
        if kind in changes:
            words = _word_map(every, changes[kind], rng)
            new = {old: _reworded(name, words) for old, name in new.items()}
        elif kind == "case":
            case = rng.choice([c for c in ("snake", "camel", "pascal", "upper") if c != case])
            new = {old: in_case(name, case) for old, name in new.items()}
        elif kind == "prefix":
            new = _prefixed(new, tables, case, rng)
    fixed = named_in_comments(tables, every) | {name.lower() for name in every if name.lower() in RESERVED}
    return Naming("+".join(style), _injective(new, every, fixed, avoid), {n.lower() for n in table_names}, case)


def _injective(new: dict[str, str], every: list[str], fixed: set[str], avoid: set[str]) -> dict[str, str]:
    """Take back each new name that is reserved, an alias in some SQL, or another identifier's name, old or new."""
    original = {name.lower(): name for name in every}
    taken, out = set(original), {}
    for old, name in new.items():
        low = name.lower()
        bad = low in RESERVED or low in avoid or not re.fullmatch(r"[^\W\d]\w*", name)
        if old in fixed or bad or (low != old and low in taken):
            name = original[old]
        taken.add(name.lower())
        out[old] = name
    return out


def named_in_comments(tables: list[Table], names: list[str]) -> set[str]:
    """Names that a comment spells out: comments stay as written, so renaming these would leave them dangling."""
    texts = [f"{table.lead}\n{table.raw}\n{table.tail}" for table in tables]
    comments = " ".join(t for text in texts for kind, t in tokens(text) if kind == "comment")
    found = set()
    for name in names:
        odd = "_" in name or not (name.islower() or name.istitle())
        if re.search(rf"\b{re.escape(name)}\b" + ("" if odd else r"\s*[:=]"), comments, re.IGNORECASE):
            found.add(name.lower())
    return found


def rename(text: str, naming: Naming, quote: str = "") -> str:
    """Rename the identifiers of DDL or SQL; strings and comments stay as they are."""
    toks, out = tokens(text), []
    for index, (kind, token) in enumerate(toks):
        key = token.strip('"`[]').lower() if kind in ("word", "quoted") else ""
        rest = next((t for k, t in toks[index + 1 :] if k != "space"), "")
        call = kind == "word" and rest == "(" and key not in naming.tables
        if key in naming.names and not call:
            new = naming.names[key]
            token = token[0] + new + token[-1] if kind == "quoted" else quote[:1] + new + quote[-1:]
        out.append(token)
    return "".join(out)


def add_distractor_columns(tables: list[Table], naming: Naming, questions: str, avoid: set[str], rng: Random) -> None:
    """Put up to four columns nobody asks for into each table, none close in meaning to what is there."""
    old = {word for name in naming.names for word in words_of(name)}
    old |= {word for table in tables for column in table.columns for word in words_of(column.name)}
    new = {word for name in naming.names.values() for word in words_of(name)}
    taken = related(old | new | set(re.findall(r"[a-z]+", questions.lower())))
    pool = [name for name in DISTRACTORS if not (set(words_of(name)) - SMALL_WORDS) & taken and name not in avoid]
    for table in tables:
        for name in rng.sample(pool, min(rng.choice([0, 0, 1, 2, 3, 4]), len(pool))):
            kind = "INTEGER" if re.search(r"^is_|_id$|_no$|_flag$|_days$|order|revision", name) else "TEXT"
            place = rng.randint(1, max(1, sum(bool(column.name) for column in table.columns)))
            table.columns.insert(place, Column(in_case(name, naming.case), kind))


def drop_clauses(rest: str, which: set[str]) -> str:
    """Remove NOT NULL, DEFAULT x or REFERENCES t(c) from a column, outside brackets only (CHECKs stay)."""
    patterns = {
        "not null": r"\s*\bNOT\s+NULL\b",
        "default": r"\s*\bDEFAULT\s+('(?:[^']|'')*'|[-+]?[\w.]+|\([^()]*\))",
        "references": r"\s*\bREFERENCES\s+\w+\s*(\([^()]*\))?"
        r"(\s+ON\s+\w+\s+(CASCADE|RESTRICT|SET\s+NULL|NO\s+ACTION))*",
    }
    check = re.search(r"\bCHECK\b", rest, re.IGNORECASE)
    head, tail = (rest[: check.start()], rest[check.start() :]) if check else (rest, "")
    for name in sorted(which):
        head = re.sub(patterns[name], "", head, flags=re.IGNORECASE)
    return f"{head.strip()} {tail}".strip()


@dataclass
class Look:
    """How the DDL of one variant is written."""

    layout: str = "raw"
    indent: str = "  "
    lower_types: bool = False
    lower_all: bool = False
    if_not_exists: bool = False
    quote: str = ""
    join: str = "\n"


def draw_look(rng: Random) -> Look:
    """Draw the way in which one variant's DDL is written."""
    lower = rng.random() < 0.25
    return Look(
        layout=rng.choices(["raw", "lines", "line"], [30, 45, 25])[0],
        indent=rng.choice(["  ", "    ", "\t"]),
        lower_types=lower,
        lower_all=lower and rng.random() < 0.5,
        if_not_exists=rng.random() < 0.1,
        quote=rng.choice(['""', '""', "``", "[]"]) if rng.random() < 0.12 else "",
        join=rng.choice(["\n", "\n\n"]),
    )


def _lowered(text: str, words: set[str]) -> str:
    return "".join(t.lower() if kind == "word" and t.lower() in words else t for kind, t in tokens(text))


def _definition(column: Column, naming: Naming, look: Look) -> str:
    """A column without its comments, renamed, in the variant's letter case."""
    words = TYPES | RESERVED if look.lower_all else TYPES if look.lower_types else set()
    rest = rename(_lowered(column.rest, words - set(naming.names)), naming, look.quote)
    if not column.name:
        return rest
    name = naming.names.get(column.name.lower(), column.name)
    return f"{look.quote[:1]}{name}{look.quote[-1:]} {rest}".strip()


def _block(comment: str) -> str:
    return f"/* {comment[2:].strip()} */" if comment.startswith("--") else comment


def render_table(table: Table, naming: Naming, look: Look) -> str:
    """Write one CREATE TABLE with the comments around it."""
    return (table.lead + "\n" if table.lead else "") + _statement(table, naming, look)


def _statement(table: Table, naming: Naming, look: Look) -> str:
    """The CREATE TABLE with its semicolon before any comment that follows: in the comment it would be lost."""
    tail = f"\n{table.tail}" if table.tail else ""
    if look.layout == "raw" or not table.simple:
        inner = table.tail if table.tail and not table.tail.startswith(("--", "/*")) else ""
        return rename(table.raw, naming, look.quote) + (f" {inner};" if inner else ";" + tail)
    lines = []
    for index, column in enumerate(table.columns):
        comma = "," if index < len(table.columns) - 1 else ""
        text = _definition(column, naming, look)
        if look.layout == "line":
            notes = "".join(f" {_block(c)}" for c in column.after)
            lines.append("".join(f"{_block(c)} " for c in column.before) + text + notes + comma)
        else:
            notes = " ".join([*map(_block, column.after[:-1]), *column.after[-1:]])
            lines += [look.indent + c for c in column.before]
            lines.append(f"{look.indent}{text}{comma} {notes}".rstrip())
    name = naming.names.get(table.name.lower(), table.name)
    head = "CREATE TABLE " + ("IF NOT EXISTS " if look.if_not_exists else "")
    head = (head.lower() if look.lower_all else head) + f"{look.quote[:1]}{name}{look.quote[-1:]}"
    if look.layout == "line":
        return f"{head} ({' '.join(lines)});{tail}"
    return head + " (\n" + "\n".join(lines) + "\n);" + tail


def reshape(tables: list[Table], rng: Random) -> None:
    """Shuffle tables and columns now and then, and drop clauses that carry little."""
    if rng.random() < 0.4:
        rng.shuffle(tables)
    which = {
        name for name, share in (("not null", 0.3), ("default", 0.3), ("references", 0.12)) if rng.random() < share
    }
    shuffle = rng.random() < 0.3
    for table in tables:
        named = [column for column in table.columns if column.name]
        if shuffle:
            rng.shuffle(named)
        table.columns = named + [column for column in table.columns if not column.name]
        for column in named:
            column.rest = drop_clauses(column.rest, which)
