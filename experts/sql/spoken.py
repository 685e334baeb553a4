"""The spoken forms of identifiers: what tables and columns are called in a question."""

import re

from experts.sql.vary_ddl import plural_word, words_of
from experts.sql.words import (
    AMBIGUOUS,
    AMBIGUOUS_FIRST,
    AMBIGUOUS_LAST,
    DANGLING,
    IRREGULAR,
    MASS,
    OPAQUE,
    PARTICIPLES,
    SHORT,
    SPOKEN,
    TENSES,
    UNITS,
)

UNCHANGING = MASS | PARTICIPLES | set(IRREGULAR.values()) | {"after", "before", "new", "old"}
SINGULARS = {many: one for one, many in IRREGULAR.items()}


def expanded(name: str) -> list[str]:
    """The words of an identifier with its abbreviations spelled out."""
    return [SPOKEN.get(word, word) for word in words_of(name)]


def plain_words(name: str) -> list[str] | None:
    """The words of an identifier in plain language; None where it cannot be told."""
    raw, words = words_of(name), [word for word in expanded(name) if word]
    ambiguous = AMBIGUOUS & set(raw) or raw[0] in AMBIGUOUS_FIRST or raw[-1] in AMBIGUOUS_LAST
    if not words or (len(raw) > 1 and ambiguous) or any(_unclear(word) for word in words):
        return None
    if raw[0] in ("prc", "amt", "qty", "hrs", "pct"):
        words = words[1:] + words[:1]
    if len(raw) > 1 and raw[-1] == "min":
        words[-1] = "minutes"
    elif len(raw) > 1 and raw[0] == "min":
        words[0] = "minimum"
    return words


def _unclear(word: str) -> bool:
    return word not in UNITS and (
        word in OPAQUE or (len(word) < 5 and word not in SHORT) or not re.search("[aeiouy]", word)
    )


def column_phrase(words: list[str], kind: str) -> str:
    """What a column of these words is called."""
    if kind == "date":
        return _date_phrase(words)
    in_unit = len(words) > 1 and words[-1] in UNITS and "per" not in words and words[0] not in ("minutes", "hours")
    if in_unit and (words[-1] not in ("minutes", "seconds", "hours") or words[-2] == "duration"):
        return " ".join(words[:-1]) + " in " + UNITS[words[-1]]
    if kind == "flag" and len(words) > 1 and words[0] in ("is", "has"):
        return " ".join(words[1:])
    return " ".join(words)


def _date_phrase(words: list[str]) -> str:
    if "dob" in words:
        return "date of birth"
    core = [TENSES.get(word, word) for word in words if word not in ("on", "at", "date")]
    if set(core) & DANGLING or "deadline" in words:
        return " ".join(words)
    return " ".join([*core, "time" if words[-1] == "at" else "date"])


def identifier(name: str) -> str:
    """An identifier meant as such; the braces mark it for `named_anew`."""
    return "{" + name + "}"


def named_anew(ask: str, names: dict[str, str]) -> str:
    """The question with the identifiers in braces under their new names."""
    return re.sub(r"\{(\w+)\}", lambda m: names.get(m[1].lower(), m[1]), ask)


def plural(phrase: str) -> str:
    """The plural of a phrase, by the last word of its head; an identifier stays as it is."""
    head, *tail = re.split("(?= of | from | in )", phrase, maxsplit=1)
    rest, space, last = head.rpartition(" ")
    if last in IRREGULAR:
        last = IRREGULAR[last]
    elif last not in UNCHANGING and not re.search(r"(\}|ed)$|(?<![sui])s$", last):
        last = last + "es" if last.endswith("sh") else plural_word(last)
    return f"{rest}{space}{last}{''.join(tail)}"


def singular(words: list[str]) -> str:
    """The singular of a table's words."""
    last = words[-1]
    if last in SINGULARS or last in IRREGULAR:
        last = SINGULARS.get(last, last)
    elif last.endswith("ies"):
        last = last[:-3] + "y"
    elif re.search("(ss|sh|ch|x)es$", last):
        last = last[:-2]
    elif re.search("(?<![sui])s$", last):
        last = last[:-1]
    return " ".join([*words[:-1], last])


def is_plural(phrase: str) -> bool:
    """Whether a column is called by a plural, as "seats" is."""
    last = re.split(" in | of ", phrase)[0].split()[-1]
    return last.endswith("s") and last == plural(last)


def with_article(phrase: str) -> str:
    """The phrase with its article, where it takes one; a~ is for either form."""
    return phrase if is_plural(phrase) or phrase.split()[-1] in MASS else f"a~ {phrase}"
