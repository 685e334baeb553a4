"""The tables and columns of a schema's DDL, as far as a grammar of its queries must know them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

from expertd.errors import InvalidRequest

Dialect: TypeAlias = Literal["sqlite", "postgres"]

MAX_CHARACTERS = 1 << 15  # parsing it takes longer than that of anything else in a request
SEARCHED = 1 << 16  # characters of a text's end: a search of more would hold others up
MAX_TABLES = 30  # the time to compile a grammar grows with each
MAX_COLUMNS = 1000  # of all tables
MAX_NAME = 60

_NAME = r"(?:\"(?:[^\"]|\"\"){0,99}\"|`(?:[^`]|``){0,99}`|\[[^\]]{0,99}\]|[\w$]{1,99})"
_CREATE = re.compile(r"\bCREATE\s+(?:\w+\s+){0,2}TABLE\b", re.I)
_HEAD = re.compile(rf"\s+(?:IF\s+NOT\s+EXISTS\s+)?{_NAME}(?:\s*\.\s*{_NAME}){{0,2}}\s*\(", re.I)
# Each goes on to the text's end where it is not closed: nothing is looked at twice.
_PIECE = re.compile(r"'[^']*(?:'|\Z)|\"[^\"]*(?:\"|\Z)|`[^`]*(?:`|\Z)|--[^\n]*|/\*.*?(?:\*/|\Z)|[()]", re.S)
_INHERITS = re.compile(r"\s*INHERITS\b", re.I)


@dataclass(frozen=True)
class Table:
    """A table as a query calls it: names are quoted where the dialect wants that."""

    name: str
    path: str  # with its schema, where FROM must have that
    columns: tuple[str, ...]


def find_ddl(texts: Iterable[str]) -> str | None:
    """The CREATE TABLE statements of a conversation: those of its last text that has any."""
    for text in (text[-SEARCHED:] for text in reversed(list(texts))):
        if found := [text[begin:end] for begin, end in _creates(text) if end]:
            return ";\n".join(found) + ";"
    return None


def _creates(text: str) -> Iterator[tuple[int, int | None]]:
    """Where CREATE TABLE statements begin, and end: at the parenthesis that closes it, as people leave out semicolons.

    None where it has no such end. After one that is not closed there are no more.
    """
    at = 0
    while match := _CREATE.search(text, at):
        if (comment := _comment(text, at, match.start())) is not None:
            at = comment
            continue
        head = _HEAD.match(text, match.end())
        end = _end(text, head.end() - 1) if head else None
        yield match.start(), end
        if head and end is None:
            return
        at = end or match.end()


def _comment(text: str, since: int, at: int) -> int | None:
    """Where the comment ends that `at` is in, if it began after `since`."""
    if "--" in text[max(since, text.rfind("\n", since, at)) : at]:
        end = text.find("\n", at)
    elif text.rfind("/*", since, at) > text.rfind("*/", since, at):
        end = text.find("*/", at)
    else:
        return None
    return end if end >= 0 else len(text)


def _end(text: str, begin: int) -> int | None:
    """Where the parenthesis at `begin` is closed."""
    depth = 0
    for piece in _PIECE.finditer(text, begin):
        depth += {"(": 1, ")": -1}.get(piece.group(), 0)
        if depth == 0:
            return piece.end()
    return None


def read_ddl(ddl: str, dialect: Dialect, param: str) -> list[Table]:
    """Raises `InvalidRequest`, which says where the DDL is wrong."""
    if len(ddl) > MAX_CHARACTERS:
        raise _wrong(param, f"the DDL has {len(ddl):,} characters, and at most {MAX_CHARACTERS:,} are taken")
    creates = list(_creates(ddl))
    if not creates:
        raise _wrong(param, "there is no CREATE TABLE in it: give the tables that the query may name")
    if len(creates) > MAX_TABLES:
        raise _wrong(param, f"{len(creates)} tables are more than {MAX_TABLES}: give those that the question is about")
    tables = []
    for begin, end in creates:
        place = ddl.count("\n", 0, begin) + 1, begin - ddl.rfind("\n", 0, begin)
        if end is None:
            where = f"the CREATE TABLE in line {place[0]}, column {place[1]}"
            raise _wrong(param, f"{where} is not whole: give its name, and its columns in parentheses")
        if _INHERITS.match(ddl, end):
            raise _wrong(param, f"{ddl[begin:end][:80]!r} inherits columns of another table: write them out")
        tables.append(_table(_parsed(ddl[begin:end], place, dialect, param), dialect, param))
    _check_names([table.name for table in tables], "table", param)
    if sum(len(table.columns) for table in tables) > MAX_COLUMNS:
        raise _wrong(param, f"the tables have more than {MAX_COLUMNS:,} columns: leave some out")
    return tables


def _parsed(statement: str, place: tuple[int, int], dialect: Dialect, param: str) -> Any:
    """The statement, which begins in that line and column of the DDL."""
    import sqlglot
    from sqlglot.errors import ParseError, SqlglotError

    where = f"the CREATE TABLE in line {place[0]} is not understood as {dialect} SQL"
    try:
        # Not `parse_one`: what it does not understand it takes for a command, and tells that on stderr.
        parsed = sqlglot.parse(statement, dialect=dialect)[0]
    except ParseError as error:
        at = error.errors[0]
        word = at["highlight"] or ""
        line = place[0] + at["line"] - 1
        column = at["col"] - len(word) + (place[1] if at["line"] == 1 else 1)  # what it gives is the word's end
        why = f"line {line}, column {column}, near {word[:80]!r}: {at['description'].split(' but got ')[0]}"
        raise _wrong(param, f"{where}: {why}") from error
    except SqlglotError as error:
        raise _wrong(param, f"{where}: {str(error)[:300]}") from error
    except RecursionError as error:
        raise _wrong(param, f"{where}: it is nested too deeply. Leave checks and defaults out") from error
    if not isinstance(parsed, sqlglot.exp.Create):
        raise _wrong(param, f"{where}: {statement[:200]!r}")
    return parsed


def _table(create: Any, dialect: Dialect, param: str) -> Table:
    from sqlglot import exp

    schema = create.this
    target = schema.this if isinstance(schema, exp.Schema) else schema
    name = _quoted(target.this, dialect, param)
    if any(isinstance(part, exp.LikeProperty) for part in schema.expressions):
        raise _wrong(param, f"table {target.name!r} takes columns from another one: write them out")
    # A column without a type is its name alone.
    parts = [part for part in schema.expressions if isinstance(part, (exp.ColumnDef, exp.Identifier))]
    columns = [part if isinstance(part, exp.Identifier) else part.this for part in parts]
    if not columns:
        raise _wrong(param, f"table {target.name!r} has no columns: write them out")
    names = tuple(_quoted(column, dialect, param) for column in columns)
    _check_names([column.name for column in columns], f"column of {target.name!r}", param)
    # SQLite finds a table in whichever database it is, and Postgres only in those of its search path.
    where = target.args.get("db") if dialect == "postgres" and target.db != "public" else None
    path = f"{_quoted(where, dialect, param)}.{name}" if where else name
    return Table(name, path, names)


def _check_names(names: list[str], what: str, param: str) -> None:
    seen: set[str] = set()
    for name in names:
        if folded(name) in seen:
            raise _wrong(param, f"the {what} {name!r} is there twice: leave one out")
        seen.add(folded(name))


def folded(name: str) -> str:
    """A name as SQL compares it: the case of letters of ASCII makes no difference."""
    return name.strip('"').encode().lower().decode()


def _quoted(identifier: Any, dialect: Dialect, param: str) -> str:
    """As a query must write it."""
    name: str = identifier.name
    if not name.isprintable() or not 0 < len(name) <= MAX_NAME:
        raise _wrong(param, f"the name {name[:80]!r} is not taken: give printable names of at most {MAX_NAME}")
    # An unquoted one of Postgres is folded to lower case wherever it stands; a quoted one is not.
    exact = dialect == "postgres" and identifier.args.get("quoted")
    if re.fullmatch(r"[a-z_][a-z0-9_]*" if exact else r"[A-Za-z_][A-Za-z0-9_]*", name) and name.upper() not in KEYWORDS:
        return name
    stored = name.encode().lower().decode() if dialect == "postgres" and not exact else name
    return '"' + stored.replace('"', '""') + '"'


def _wrong(param: str, why: str) -> InvalidRequest:
    return InvalidRequest(f"{param}: {why}", param=param)


# Of sqlite (sqlite.org/lang_keywords.html) but for some that are common names and need no quotes, those reserved in
# Postgres, and those that sqlglot cannot do without quotes.
KEYWORDS = frozenset(
    re.findall(
        r"\w+",
        """
        CONNECT_BY_ROOT CUBE DESCRIBE INTERVAL LOCK PARTITIONED_BY QUALIFY REVOKE RLIKE ROLLUP UNCACHE XOR
        ABORT ADD AFTER ALL ALTER ALWAYS ANALYSE ANALYZE AND ANY ARRAY AS ASC ASYMMETRIC ATTACH AUTHORIZATION
        AUTOINCREMENT BEFORE BEGIN BETWEEN BINARY BOTH BY CASCADE CASE CAST CHECK COLLATE COLLATION COLUMN COMMIT
        CONCURRENTLY CONFLICT CONSTRAINT CREATE CROSS CURRENT CURRENT_CATALOG CURRENT_DATE CURRENT_ROLE CURRENT_SCHEMA
        CURRENT_TIME CURRENT_TIMESTAMP CURRENT_USER DATABASE DEFAULT DEFERRABLE DEFERRED DELETE DESC DETACH DISTINCT DO
        DROP EACH ELSE END ESCAPE EXCEPT EXCLUDE EXCLUSIVE EXISTS EXPLAIN FAIL FALSE FETCH FILTER FOLLOWING FOR
        FOREIGN FREEZE FROM FULL GENERATED GLOB GRANT GROUP GROUPS HAVING IF IGNORE ILIKE IMMEDIATE IN INDEX INDEXED
        INITIALLY INNER INSERT INSTEAD INTERSECT INTO IS ISNULL JOIN LATERAL LEADING LEFT LIKE LIMIT LOCALTIME
        LOCALTIMESTAMP MATCH MATERIALIZED NATURAL NO NOT NOTHING NOTNULL NULL NULLS OF OFFSET ON ONLY OR ORDER OTHERS
        OUTER OVER OVERLAPS PARTITION PRAGMA PRECEDING PRIMARY RAISE RANGE RECURSIVE REFERENCES REGEXP
        REINDEX RENAME REPLACE RESTRICT RETURNING RIGHT ROLLBACK ROW ROWS SAVEPOINT SELECT SESSION_USER SET SIMILAR
        SOME SYMMETRIC TABLE TABLESAMPLE TEMP TEMPORARY THEN TIES TO TRAILING TRANSACTION TRIGGER TRUE UNBOUNDED UNION
        UNIQUE UPDATE USER USING VACUUM VALUES VARIADIC VERBOSE VIEW VIRTUAL WHEN WHERE WINDOW WITH WITHIN WITHOUT
        """,
    )
)
