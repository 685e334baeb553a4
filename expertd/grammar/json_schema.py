"""What of a JSON schema is enforced: it is written anew, with only what llguidance holds answers to exactly.

llguidance refuses most of what it does not know. Here is refused what it would let through, take in part, or break on,
and what validators do not agree about.
"""

from __future__ import annotations

import math
import re
import reprlib
from collections.abc import Callable, Iterator, Sized
from decimal import Decimal
from typing import Any, TypeAlias, TypeVar
from urllib.parse import unquote

from expertd.errors import InvalidRequest
from expertd.grammar.endless import TYPES, endless
from expertd.grammar.one_of import WORK, exclusive
from expertd.grammar.pattern import of_names, read_alike

MAX_DEPTH = 64  # of a schema
# Of all that `$ref`s name, added up: llguidance goes down a chain of them, and 400 take a stack of 2 MB.
MAX_LEVELS = 300
MAX_VALUES = 100_000  # JSON values within it, whatever they are
MAX_CHARACTERS = 500_000  # in its texts, descriptions too
MAX_SCHEMAS = 2_000  # that are followed
MAX_PROPERTIES = 300  # of one object
MAX_COUNTED = 32  # optional properties where there are `minProperties` or `maxProperties`
MAX_PATTERNS = 10  # of one object's names: each is held against each
MAX_CHOICES = 5_000  # values of an `enum` or a `const`, and within these
MAX_COUNT = 1_000  # of items or properties
MAX_LENGTH = 4_000  # of a string that is counted
MAX_PATTERNED = 256  # of one that has a pattern or a format as well: the two are followed as one
MAX_PATTERN = 1_000  # characters of a pattern
MAX_NUMBER = 2**53  # beyond it, not every integer is a float
MAX_DECIMALS = 15
MAX_MULTIPLE = 256  # what is left of a division is a state each

IN_PLACE = ("$ref", "const", "enum", "allOf", "anyOf", "oneOf")  # applied in turn, each to what is before it
PLAIN = (
    *("type", "minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf"),
    *("minLength", "maxLength", "pattern", "format"),
    *("items", "additionalItems", "prefixItems", "minItems", "maxItems"),
    *("properties", "additionalProperties", "patternProperties", "required", "minProperties", "maxProperties"),
)
ENFORCED = frozenset(IN_PLACE + PLAIN)
# Of any draft: what one of them says must not be ignored because another one is asked for.
REFUSED = frozenset(
    (
        *("not", "if", "then", "else", "dependencies", "dependentRequired", "dependentSchemas", "propertyNames"),
        *("contains", "minContains", "maxContains", "uniqueItems", "unevaluatedItems", "unevaluatedProperties"),
        *("$dynamicRef", "$recursiveRef", "extends", "disallow", "divisibleBy"),
    )
)
_SAY_NOTHING: dict[str, tuple[Any, ...]] = {
    "uniqueItems": (False,),
    "propertyNames": (True, {}, {"type": "string"}),
}
_DRAFTS = ("draft-04", "draft-06", "draft-07", "draft/2019-09", "draft/2020-12")
_IGNORING = _DRAFTS[:3]  # what stands beside `$ref`
_DRAFT = re.compile(rf"https?://json-schema\.org/({'|'.join(_DRAFTS)})/schema#?")

_DAY = r"((0[13578]|1[02])-(0[1-9]|[12][0-9]|3[01])|(0[469]|11)-(0[1-9]|[12][0-9]|30)|02-(0[1-9]|1[0-9]|2[0-8]))"
_LEAP = r"([0-9]{2}(0[48]|[2468][048]|[13579][26])|(0[48]|[2468][048]|[13579][26])00)"
_YEAR = r"([0-9]{3}[1-9]|[0-9]{2}[1-9][0-9]|[0-9][1-9][0-9]{2}|[1-9][0-9]{3})"  # not 0000
_DATE = rf"({_YEAR}-{_DAY}|{_LEAP}-02-29)"
_TIME = r"([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9](\.[0-9]{1,9})?(Z|[+-]([01][0-9]|2[0-3]):[0-5][0-9])"
_SIX = "[A-Za-z0-9+/]"
_LABEL = r"[a-zA-Z0-9]([a-zA-Z0-9]|-[a-zA-Z0-9]){0,31}"
# llguidance takes any year for a leap year, a leap second at any time of the day, and host names of any length.
_FORMATS: dict[str, dict[str, Any]] = {
    "date": {"pattern": f"^{_DATE}$"},
    "time": {"pattern": f"^{_TIME}$"},
    "date-time": {"pattern": f"^{_DATE}T{_TIME}$"},
    **{
        name: {"pattern": rf"^{_LABEL}(\.{_LABEL})*$", "maxLength": 253}  # narrower than the second
        for name in ("hostname", "idn-hostname")
    },
    **{name: {"format": name} for name in ("duration", "email", "ipv4", "ipv6", "uuid", "uri")},
    # Of OpenAPI, whose other formats of numbers say how they are stored.
    "int32": {"minimum": -(2**31), "maximum": 2**31 - 1},
    "int64": {"minimum": -MAX_NUMBER, "maximum": MAX_NUMBER},
    **{name: {} for name in ("float", "double", "password", "binary")},
    # What is narrower is of these as well.
    **{name: {"format": "uri"} for name in ("iri", "uri-reference", "iri-reference")},
    "idn-email": {"format": "email"},
    # Of pydantic.
    "path": {},
    "ipvanyaddress": {"format": "ipv4"},
    "uuid4": {"pattern": "^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$"},
    **{name: {"pattern": rf"^({_SIX}{{4}})*({_SIX}{{2}}==|{_SIX}{{3}}=)?$"} for name in ("byte", "base64")},
}
FORMATS = tuple(sorted(_FORMATS))

_UNWRITABLE = re.compile(r"[\x00-\x07\x0b\x0e-\x1f\x7f]")  # but with \u, by which a name could come twice

Read = TypeVar("Read")
Made: TypeAlias = "dict[str, Any] | bool"


def check_size(schema: object, param: str) -> None:
    """So that nothing that goes through it later breaks or takes long. Raises `InvalidRequest`."""
    _Reading(schema, param).check_size()


def enforceable(schema: object, param: str) -> Made:
    """The schema in draft 2020-12, with all that its `$ref`s name in `$defs`. Raises `InvalidRequest`."""
    return _Reading(schema, param).whole()


class _Reading:
    """Of one schema."""

    def __init__(self, root: object, param: str) -> None:
        self._root, self._param = root, param
        self._draft = ""  # as it is named
        self._id = "$id"
        self._names: dict[str, str] = {}  # of references, in the `$defs` that are made
        self._pending: list[str] = []
        self._schemas = 0
        self._deepest = 0  # level below the root, or the reference, that is read
        self._multiples: list[Decimal] = []
        self._bounds: dict[str, dict[Decimal, str]] = {}  # by keyword, with the last place of each
        self._one_of: list[tuple[dict[str, Any], str | None]] = []  # made schemas with one, and the tag that tells it
        self._optional, self._counted = 0, ""  # properties, and where their number is asked about
        self._readers: dict[str, Callable[[Any, str, int], Any]] = {
            "type": self._type,
            "multipleOf": self._multiple,
            "pattern": self._pattern,
            "required": self._required,
            "properties": self._map,
            "patternProperties": self._patterns,
            "additionalProperties": self._schema,
            "items": self._schema,
            "prefixItems": self._list,
            "allOf": self._list,
            "anyOf": self._list,
            "oneOf": self._list,
            "const": self._constant,
            "enum": self._enum,
            "$ref": self._reference,
            **dict.fromkeys(("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum"), self._bound),
            **dict.fromkeys(("minItems", "maxItems", "minProperties", "maxProperties"), self._count),
            **dict.fromkeys(("minLength", "maxLength"), self._length),
        }

    def whole(self) -> Made:
        self.check_size()
        self._find_draft()
        made = self._schema(self._root, "#", 0)
        definitions: dict[str, Made] = {}
        levels = self._deepest
        while self._pending:
            reference, self._deepest = self._pending.pop(), 0
            definitions[self._names[reference]] = self._schema(self._target(reference), reference, 0)
            levels += self._deepest + 1
            if levels > MAX_LEVELS:
                raise self._wrong("#", f"with all that its `$ref`s name it has over {MAX_LEVELS} levels: flatten it")
        self._check_bounds()
        self._check_definitions(definitions)
        self._choose(definitions)
        return {**made, "$defs": definitions} if definitions and isinstance(made, dict) else made

    def _find_draft(self) -> None:
        if not isinstance(self._root, dict) or (draft := self._root.get("$schema")) is None:
            return
        known = _DRAFT.fullmatch(draft) if isinstance(draft, str) else None
        if known is None:
            why = f"`$schema` {_short(draft)} is not known here: leave it out, or name draft 4 to 2020-12"
            raise self._wrong("#", why)
        self._draft = known[1]
        self._id = "id" if known[1] == _DRAFTS[0] else "$id"

    def _check_definitions(self, definitions: dict[str, Made]) -> None:
        never = endless(definitions)
        for reference, name in self._names.items():
            if name in never:
                raise self._wrong(reference, never[name])
        if self._counted and self._optional > MAX_COUNTED:
            why = f"`minProperties` and `maxProperties` are taken where {MAX_COUNTED} properties are optional at most"
            raise self._wrong(self._counted, why)

    def _choose(self, definitions: dict[str, Made]) -> None:
        """Make each `oneOf` whose alternatives exclude each other an `anyOf`; the others are left to llguidance."""
        work = iter(range(WORK))
        for schema, tag in self._one_of:
            if tag is not None:
                _require(tag, schema["oneOf"], definitions)
            if exclusive(schema["oneOf"], definitions, work):
                parts = {"anyOf" if keyword == "oneOf" else keyword: value for keyword, value in schema.items()}
                schema.clear()
                schema.update(parts)

    def check_size(self) -> None:
        level, depth, values, characters = [self._root], 0, 0, 0
        while level:
            depth, values = depth + 1, values + len(level)
            characters += sum(map(_own_characters, level))
            if depth > MAX_DEPTH:
                raise self._wrong("#", f"it is nested more than {MAX_DEPTH} levels deep: flatten it")
            if values > MAX_VALUES:
                raise self._wrong("#", f"it has more than {MAX_VALUES:,} values within it: simplify it")
            if characters > MAX_CHARACTERS:
                raise self._wrong("#", f"it has more than {MAX_CHARACTERS:,} characters: simplify it")
            level = [child for item in level for child in _parts(item)]

    def _schema(self, schema: Any, path: str, depth: int) -> Made:
        if isinstance(schema, bool):
            return schema
        if not isinstance(schema, dict):
            raise self._wrong(path, f"a schema is an object, `true` or `false`, and not {_short(schema)}")
        self._schemas += 1
        self._deepest = max(self._deepest, depth)
        if self._schemas > MAX_SCHEMAS:
            raise self._wrong("#", f"it has more than {MAX_SCHEMAS:,} schemas within it: simplify it")
        self._check_keywords(schema, path)
        plain, form = self._plain(schema, path, depth), self._format(schema, path)
        if form.keys().isdisjoint(plain):
            plain, form = {**plain, **form}, {}
        made: dict[str, Any] = {}
        for keyword in schema:
            if keyword in IN_PLACE:
                made[keyword] = self._readers[keyword](schema[keyword], _below(path, keyword), depth + 1)
            elif keyword in PLAIN:  # all at once: llguidance takes those that stand apart each for itself
                made.update(plain)
        if "oneOf" in made and "anyOf" not in made:
            self._one_of.append((made, _tag(schema)))
        if form:
            made["allOf"] = [*made.get("allOf", []), form]
        return made

    def _check_keywords(self, schema: dict[str, Any], path: str) -> None:
        refused = sorted(REFUSED & schema.keys())
        refused = [keyword for keyword in refused if schema[keyword] not in _SAY_NOTHING.get(keyword, ())]
        if refused:
            why = f"`{refused[0]}` cannot be enforced: leave it out, and check answers for it yourself"
            raise self._wrong(path, why)
        if path != "#" and (moved := [name for name in (self._id, "$schema") if name in schema]):
            raise self._wrong(path, f"`{moved[0]}` is taken at the top alone")
        beside = [keyword for keyword in schema if keyword in ENFORCED and keyword != "$ref"]
        if self._draft in _IGNORING and "$ref" in schema and beside:
            why = f"`{beside[0]}` beside `$ref` is ignored up to draft 7: leave it out, or name a later `$schema`"
            raise self._wrong(path, why)

    def _plain(self, schema: dict[str, Any], path: str, depth: int) -> dict[str, Any]:
        """What of a schema is not applied in turn. Lists of items have one form, that of draft 2020-12."""
        schema = self._of_draft_4(schema) if self._draft == _DRAFTS[0] else dict(schema)
        if isinstance(schema.get("items"), list):
            if "prefixItems" in schema:
                raise self._wrong(path, "`prefixItems` and a list of `items` say the same: leave out one of them")
            if self._draft == _DRAFTS[-1]:
                raise self._wrong(path, "a list of `items` is of older drafts: write `prefixItems`")
            schema["prefixItems"] = schema.pop("items")
            if "additionalItems" in schema:
                schema["items"] = schema["additionalItems"]
        elif self._draft in _DRAFTS[:-1] and "prefixItems" in schema:
            raise self._wrong(path, "`prefixItems` is of draft 2020-12, and another `$schema` is named: leave that out")
        made = {
            keyword: self._readers[keyword](value, _below(path, keyword), depth + 1)
            for keyword, value in schema.items()
            if keyword in PLAIN and keyword not in ("format", "additionalItems")
        }
        if ("pattern" in made or "format" in schema) and made.get("maxLength", 0) > MAX_PATTERNED:
            made["maxLength"] = max(MAX_PATTERNED, made.get("minLength", 0))
        if "minProperties" in made and made["minProperties"] > len(made.get("required", [])) + 1:
            why = f"`minProperties` {made['minProperties']} cannot be enforced: name all but one of them in `required`"
            raise self._wrong(path, why)  # further names may be the same one twice, which is one property
        self._optional += len(made.get("properties", {}).keys() - made.get("required", []))
        if made.get("minProperties") or "maxProperties" in made:
            self._counted = path
        return made

    def _of_draft_4(self, schema: dict[str, Any]) -> dict[str, Any]:
        """With bounds as later drafts have them: there, `true` excludes the other one."""
        later = dict(schema)
        for bound, exclusive_bound in (("minimum", "exclusiveMinimum"), ("maximum", "exclusiveMaximum")):
            if isinstance(later.get(exclusive_bound), bool) and later.pop(exclusive_bound) and bound in later:
                later[exclusive_bound] = later.pop(bound)
        return later

    def _type(self, value: Any, path: str, _: int) -> Any:
        types = value if isinstance(value, list) else [value]
        if not types or any(name not in TYPES for name in types):
            raise self._wrong(path, f"`type` is one or several of {', '.join(TYPES)}, and not {_short(value)}")
        return value

    def _number(self, value: Any, path: str) -> Decimal:
        if isinstance(value, bool) or not isinstance(value, (int, float)):
            raise self._wrong(path, f"a number is wanted, and not {_short(value)}")
        if not abs(value) <= MAX_NUMBER:  # so that NaN is none either
            raise self._wrong(path, "a number beyond 2^53 is not held exactly by those who read JSON")
        number = Decimal(repr(value))
        if -int(number.as_tuple().exponent) > MAX_DECIMALS:
            raise self._wrong(path, f"{value} has over {MAX_DECIMALS} decimals")
        return number

    def _bound(self, value: Any, path: str, _: int) -> Any:
        if (
            isinstance(value, (int, float)) and not isinstance(value, bool) and abs(value) < math.inf
        ):  # a narrower bound is right as well
            limit = MAX_NUMBER if _keyword(path) in ("maximum", "exclusiveMaximum") else -MAX_NUMBER
            value = min(value, limit) if limit > 0 else max(value, limit)
        self._bounds.setdefault(_keyword(path), {})[self._number(value, path)] = path
        return value

    def _check_bounds(self) -> None:
        """llguidance lets an excluded bound through, where it is an integer and the other bound is less than 1 away.

        `allOf` and the like may bring any two bounds together.
        """
        below = {*self._bounds.get("minimum", {}), *self._bounds.get("exclusiveMinimum", {})}
        above = {*self._bounds.get("maximum", {}), *self._bounds.get("exclusiveMaximum", {})}
        near = {
            "exclusiveMinimum": {math.floor(bound) for bound in above if bound % 1},
            "exclusiveMaximum": {math.ceil(bound) for bound in below if bound % 1},
        }
        for keyword, integers in near.items():
            for bound, path in self._bounds.get(keyword, {}).items():
                if bound in integers:
                    raise self._wrong(path, f"{bound} cannot be excluded where another bound is less than 1 away")

    def _multiple(self, value: Any, path: str, _: int) -> Any:
        """llguidance counts in decimals, validators in binary fractions: where these differ, no answer is right."""
        number = self._number(value, path)
        if number <= 0 or not (isinstance(value, int) or _is_power_of_two(number)):
            why = f"{_short(value)} is not taken, only integers (7, not 7.0), 0.5, 0.25 and so on: count in small units"
            raise self._wrong(path, why)
        self._multiples.append(number)
        scale = 10 ** max(-int(min(self._multiples).normalize().as_tuple().exponent), 0)
        if math.lcm(*(int(multiple * scale) for multiple in self._multiples)) > MAX_MULTIPLE:
            why = f"the least common multiple of all `multipleOf` is over {MAX_MULTIPLE / scale:g}"
            raise self._wrong(path, why)
        if any(multiple % 1 for multiple in self._multiples) and not all(map(_is_power_of_two, self._multiples)):
            raise self._wrong(path, "0.5 and the like go with powers of 2 alone in a schema")
        return value

    def _whole_number(self, value: Any, path: str, most: int) -> int:
        number = self._number(value, path)
        if number < 0 or number % 1:
            raise self._wrong(path, f"a whole number from 0 on is wanted, and not {_short(value)}")
        if number > most and _keyword(path).startswith("min"):
            raise self._wrong(path, f"it is {int(number):,}, and at most {most:,} is taken")
        return min(int(number), most)  # fewer than may be is right as well

    def _count(self, value: Any, path: str, _: int) -> int:
        return self._whole_number(value, path, MAX_COUNT)

    def _length(self, value: Any, path: str, _: int) -> int:
        return self._whole_number(value, path, MAX_LENGTH)

    def _pattern(self, value: Any, path: str, _: int) -> str:
        if not isinstance(value, str):
            raise self._wrong(path, f"a pattern is wanted, and not {_short(value)}")
        if len(value) > MAX_PATTERN:
            raise self._wrong(path, f"the pattern has {len(value):,} characters, and at most {MAX_PATTERN:,} are taken")
        return self._told(read_alike, value, path)

    def _told(self, read: Callable[[str], Read], pattern: str, path: str) -> Read:
        try:
            return read(pattern)
        except InvalidRequest as error:
            raise self._wrong(path, error.message) from error

    def _format(self, schema: dict[str, Any], path: str) -> dict[str, Any]:
        if "format" not in schema:
            return {}
        form = schema["format"]
        if not isinstance(form, str) or form not in _FORMATS:
            raise self._wrong(_below(path, "format"), f"{_short(form)} is not enforced, only {', '.join(FORMATS)}")
        return _FORMATS[form]

    def _required(self, value: Any, path: str, _: int) -> list[str]:
        if not isinstance(value, list) or not all(isinstance(name, str) for name in value):
            raise self._wrong(path, f"a list of names is wanted, and not {_short(value)}")
        names = list(dict.fromkeys(value))
        self._check_few(names, path)
        return names

    def _check_few(self, names: Sized, path: str) -> None:
        if len(names) > MAX_PROPERTIES:
            raise self._wrong(path, f"{len(names):,} properties are named, and at most {MAX_PROPERTIES} are taken")

    def _map(self, value: Any, path: str, depth: int) -> dict[str, Made]:
        if not isinstance(value, dict):
            raise self._wrong(path, f"schemas by name are wanted, and not {_short(value)}")
        self._check_few(value, path)
        return {name: self._schema(schema, _below(path, name), depth) for name, schema in value.items()}

    def _patterns(self, value: Any, path: str, depth: int) -> dict[str, Made]:
        made: dict[str, Made] = {}
        for pattern, schema in self._map(value, path, depth).items():
            self._pattern(pattern, path, depth)
            read, broken = self._told(of_names, pattern, path)
            made[read] = schema
            if broken is not None:
                made[broken] = False
        if len(value) > MAX_PATTERNS:
            raise self._wrong(path, f"it has {len(value)} patterns, and at most {MAX_PATTERNS} are taken")
        return made

    def _list(self, value: Any, path: str, depth: int) -> list[Made]:
        if not isinstance(value, list) or not value:
            raise self._wrong(path, f"a list of schemas is wanted, and not {_short(value)}")
        return [self._schema(schema, _below(path, str(i)), depth) for i, schema in enumerate(value)]

    def _enum(self, value: Any, path: str, depth: int) -> list[Any]:
        if not isinstance(value, list) or not value:
            raise self._wrong(path, f"a list of values is wanted, and not {_short(value)}")
        self._constant(value, path, depth)
        return value

    def _constant(self, value: Any, path: str, _: int) -> Any:
        values: list[Any] = [value]
        for item in values:  # which grows by what is within
            self._check_value(item, path)
            values += _parts(item)
            if len(values) > MAX_CHOICES:
                raise self._wrong(path, f"it has more than {MAX_CHOICES:,} values")
        return value

    def _check_value(self, value: Any, path: str) -> None:
        if isinstance(value, str) and _UNWRITABLE.search(value):
            raise self._wrong(path, f"{_short(value)} has a control character that is not written in answers")
        if isinstance(value, (int, float)) and not isinstance(value, bool):
            self._number(value, path)

    def _reference(self, value: Any, path: str, _: int) -> str:
        if not isinstance(value, str) or not (value == "#" or value.startswith("#/")):
            why = f"{_short(value)} is not a place within this schema: copy it to `$defs`, and name it #/$defs/..."
            raise self._wrong(path, why)
        if value not in self._names:
            self._names[value] = str(len(self._names))
            self._pending.append(value)
        return f"#/$defs/{self._names[value]}"

    def _target(self, reference: str) -> Any:
        """What a reference names, by JSON pointer."""
        target: Any = self._root
        for part in reference.split("/")[1:]:
            if target is not self._root and isinstance(target, dict) and isinstance(target.get(self._id), str):
                raise self._wrong(reference, f"`{self._id}` is taken at the top alone")
            name = unquote(part).replace("~1", "/").replace("~0", "~")
            try:
                target = target[int(name) if isinstance(target, list) and name.isdecimal() else name]
            except (LookupError, TypeError):
                raise self._wrong(reference, "there is nothing where `$ref` points") from None
        return target

    def _wrong(self, path: str, why: str) -> InvalidRequest:
        where = "" if path == "#" else f" at {path[:200]}"
        return InvalidRequest(f"{self._param}{where}: {why}", param=self._param)


def _tag(schema: dict[str, Any]) -> str | None:
    """The property by which alternatives differ: as OpenAPI and pydantic say it beside `oneOf`."""
    told = schema.get("discriminator")
    name = told.get("propertyName") if isinstance(told, dict) else None
    return name if isinstance(name, str) else None


def _require(tag: str, alternatives: list[Made], definitions: dict[str, Made]) -> None:
    """Have all alternatives with this property write it, needed or not: so that each excludes the others."""
    for made in alternatives:
        if isinstance(made, dict) and "$ref" in made:
            made = definitions[made["$ref"].rpartition("/")[2]]
        if isinstance(made, dict) and tag in made.get("properties", {}) and tag not in made.get("required", []):
            made["required"] = [*made.get("required", []), tag]


def _is_power_of_two(number: Decimal) -> bool:
    return math.frexp(number)[0] == 0.5


def _parts(value: Any) -> Iterator[Any]:
    """The values right within a JSON value."""
    if isinstance(value, dict):
        yield from value.values()
    elif isinstance(value, list):
        yield from value


def _own_characters(value: Any) -> int:
    """Of a text, or the names of an object."""
    if isinstance(value, str):
        return len(value)
    return sum(map(len, value)) if isinstance(value, dict) else 0


def _keyword(path: str) -> str:
    """The last part of where something stands."""
    return path.rpartition("/")[2]


def _below(path: str, name: str) -> str:
    return f"{path}/{name.replace('~', '~0').replace('/', '~1')}"


def _short(value: Any) -> str:
    return reprlib.repr(value)
