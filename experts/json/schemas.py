"""One schema as others would write it, and its value with it: names, order, what is required, depth, dialect."""

from __future__ import annotations

import copy
import re
from collections.abc import Callable
from random import Random
from typing import Any

Json = Any
Schema = dict[str, Any]

# What no written text says: a property of this name is null, or left out. Where the pattern is found, it may be said.
UNSAID: list[tuple[list[str], Schema, str]] = [
    (["fax", "fax_number"], {"type": "string"}, r"\bfax"),
    (["loyalty_card", "loyalty_no", "bonus_card_number"], {"type": "string"}, r"loyal|bonus"),
    (["tax_id", "vat_id", "steuernummer"], {"type": "string"}, r"\btax|\bvat|steuer|mwst"),
    (["insurance_no", "insurance_policy"], {"type": "string"}, r"insur|policy|versich"),
    (["barcode", "ean"], {"type": "string"}, r"barcode|\bean\b"),
    (["favourite_song", "song"], {"type": "string"}, r"song|music"),
    (["twitter", "twitter_handle", "linkedin"], {"type": "string"}, r"@|twitter|linkedin"),
    (["shoe_size", "schuhgroesse"], {"type": "integer"}, r"shoe|schuh|size"),
    (["altitude_m", "altitude"], {"type": "number"}, r"altitude|elevation|\bm up\b|lat\b|hike"),
    (["co2_g", "co2_grams", "carbon_footprint"], {"type": "number"}, r"co2|carbon"),
    (["latitude"], {"type": "number"}, r"lat\b|@ |position"),
    (["middle_name", "second_name"], {"type": "string"}, r"\b[A-Z]\. "),
    (["maiden_name", "geburtsname"], {"type": "string"}, r"maiden|geb\b|born"),
    (["website", "homepage", "url"], {"type": "string"}, r"https?:|www|/|\.example"),
    (["swift_code", "bic"], {"type": "string"}, r"swift|\bbic\b"),
    (["parking_space", "parking_lot"], {"type": "string"}, r"park"),
    (["internal_comment", "internal_note"], {"type": "string"}, r"intern"),
    (["archived_on", "deleted_on"], {"type": "string", "format": "date"}, r"archiv|delet"),
    (["sponsor", "sponsored_by"], {"type": "string"}, r"sponsor"),
    (["blood_pressure"], {"type": "string"}, r"pressure|\bbp\b|blood|systol"),
    (["translator", "translated_by"], {"type": "string"}, r"translat"),
    (["previous_owner"], {"type": "string"}, r"owner|owned|previous|former"),
    (["coupon_code", "promo_code"], {"type": "string"}, r"code|coupon|promo|voucher"),
    (["num_clicks", "clicks"], {"type": "integer"}, r"click"),
    (["playlist"], {"type": "array", "items": {"type": "string"}}, r"play|song"),
]  # fmt: skip


def split(name: str) -> list[str]:
    """The words of a property's name, in small letters."""
    return [word for word in re.sub(r"([a-zäöüß])([A-Z])", r"\1_\2", name).lower().replace("-", "_").split("_") if word]


STYLES: dict[str, Callable[[list[str]], str]] = {
    "snake": "_".join,
    "camel": lambda words: words[0] + "".join(word.capitalize() for word in words[1:]),
    "pascal": lambda words: "".join(word.capitalize() for word in words),
    "kebab": "-".join,
    "upper": lambda words: "_".join(words).upper(),
    "spaced": " ".join,
    "titled": lambda words: " ".join(word.capitalize() for word in words),
}


def human(name: str) -> str:
    return " ".join(split(name))


def objects(schema: Schema, value: Json) -> list[tuple[Schema, list[dict[str, Json]]]]:
    """Every schema of an object in it, outermost first, with all values that are of it."""
    found: list[tuple[Schema, list[dict[str, Json]]]] = []

    def walk(inner: Schema, values: list[Json]) -> None:
        if "properties" in inner:
            rows = [row for row in values if isinstance(row, dict)]
            found.append((inner, rows))
            for name, sub in inner["properties"].items():
                walk(sub, [row[name] for row in rows if name in row])
        elif "items" in inner:
            walk(inner["items"], [part for row in values if isinstance(row, list) for part in row])

    walk(schema, [value])
    return found


def _require(schema: Schema, names: list[str]) -> None:
    schema.pop("required", None)
    if names:
        schema["required"] = names


def drop(schema: Schema, value: Json, rng: Random) -> None:
    """Some properties less: what the text says of them is beside the point then."""
    for depth, (inner, rows) in enumerate(objects(schema, value)):
        names = list(inner["properties"])
        if len(names) < 2 or rng.random() > (0.55 if depth == 0 else 0.25):
            continue
        kept = set(rng.sample(names, rng.randint(max(1, len(names) // 2), len(names) - 1)))
        if not any(row.get(name) is not None for row in rows for name in kept):
            continue  # nothing of what the text says would be left
        for name in names:
            if name not in kept:
                del inner["properties"][name]
                for row in rows:
                    row.pop(name, None)
        _require(inner, [name for name in inner.get("required", []) if name in kept])


def flatten(schema: Schema, value: Json, rng: Random) -> None:
    """An object within the object becomes properties of the outer one, by both names."""
    for name, sub in list(schema["properties"].items()):
        if sub.get("type") != "object" or name not in schema.get("required", ()) or rng.random() > 0.2:
            continue
        merged: Schema = {}
        names = {inner: f"{name}_{inner}" for inner in sub["properties"]}
        if set(names.values()) & schema["properties"].keys():
            continue
        for outer, old in schema["properties"].items():
            inners = {names[inner]: old["properties"][inner] for inner in names} if outer == name else {outer: old}
            merged.update(inners)
        required = [other for other in schema["required"] if other != name]
        required += [names[inner] for inner in sub.get("required", [])]
        inner_value = value.pop(name)
        value.update({names[inner]: inner_value[inner] for inner in inner_value})
        schema["properties"] = merged
        _require(schema, required)


NAMING = ["name", "item", "title", "product", "service", "person", "problem", "dish", "test", "drug", "language"]


def collapse(schema: Schema, value: Json, rng: Random) -> None:
    """A list of objects becomes a list of their names."""
    for name, sub in schema["properties"].items():
        inner = sub.get("items", {})
        key = next((key for key in NAMING if inner.get("properties", {}).get(key, {}).get("type") == "string"), None)
        if key and key in inner.get("required", ()) and rng.random() < 0.12:
            sub["items"] = {"type": "string"}
            value[name] = [row[key] for row in value[name]]


def swap_absence(schema: Schema, value: Json, rng: Random) -> None:
    """Null becomes left out, or the other way round."""
    way = rng.random()
    for inner, rows in objects(schema, value):
        required = inner.get("required", [])
        for name, sub in inner["properties"].items():
            nullable = isinstance(sub.get("type"), list)
            if way < 0.2 and nullable:
                sub["type"] = sub["type"][0]
                if "enum" in sub:
                    sub["enum"] = [member for member in sub["enum"] if member is not None]
                if name in required:
                    required.remove(name)
                for row in rows:
                    if row.get(name, 0) is None:
                        del row[name]
            elif way > 0.8 and not nullable and name not in required and "properties" not in sub and "items" not in sub:
                sub["type"] = [sub["type"], "null"]
                if "enum" in sub:
                    sub["enum"] = [*sub["enum"], None]
                required.append(name)
                for row in rows:
                    row.setdefault(name, None)
        _require(inner, required)


def add_unsaid(schema: Schema, value: Json, text: str, rng: Random) -> None:
    """One or two properties that the text says nothing of."""
    for names, sub, said in rng.sample(UNSAID, rng.choice([0, 0, 0, 0, 1, 1, 2])):
        name = rng.choice(names)
        about = " ".join([text, *schema["properties"]])
        if name in schema["properties"] or re.search(said, about, re.I if said.islower() else 0):
            continue
        sub = copy.deepcopy(sub)
        if rng.random() < 0.55:
            if sub["type"] == "array":
                value[name] = []
            else:
                sub["type"] = [sub["type"], "null"]
                value[name] = None
            _require(schema, [*schema.get("required", []), name])
        schema["properties"][name] = sub


def rename(schema: Schema, value: Json, names: dict[str, list[str]], rng: Random) -> None:
    """Properties by others of their names, and all in one style."""
    style = rng.choices([None, *STYLES], [45, 10, 22, 6, 4, 3, 5, 5])[0]
    for inner, rows in objects(schema, value):
        new: dict[str, str] = {}
        for name in inner["properties"]:
            other = rng.choice([name, *names.get(name, [])])
            styled = STYLES[style](split(other)) if style else other
            new[name] = styled if styled not in new.values() else name
        if len(set(new.values())) < len(new):
            continue
        inner["properties"] = {new[name]: sub for name, sub in inner["properties"].items()}
        _require(inner, [new[name] for name in inner.get("required", [])])
        for row in rows:
            fresh = {new[name]: part for name, part in row.items()}
            row.clear()
            row.update(fresh)


def shuffle(schema: Schema, value: Json, rng: Random) -> None:
    for inner, _ in objects(schema, value):
        order = list(inner["properties"].items())
        rng.shuffle(order)
        inner["properties"] = dict(order)


SPELLINGS: list[Callable[[str], str]] = [
    str,
    str,
    str.upper,
    str.lower,
    str.capitalize,
    lambda member: member.replace("_", "-"),
    lambda member: member.replace("_", " "),
]


def choices(schema: Schema, value: Json, rng: Random) -> None:
    """The members of an `enum` in another order, fewer of them, or written in another way."""
    for inner, rows in objects(schema, value):
        for name, outer in inner["properties"].items():
            sub = outer.get("items", outer)
            if "enum" not in sub or rng.random() < 0.4:
                continue
            used = {str(part) for row in rows for part in _parts(row.get(name))}
            way = rng.choice(SPELLINGS)
            members = [member for member in sub["enum"] if member is not None]
            new = {member: way(member) for member in members}
            if len(set(new.values())) < len(new):
                continue
            spare = [member for member in members if member not in used]
            if spare and len(members) > 2 and rng.random() < 0.3:
                members.remove(rng.choice(spare))
            if rng.random() < 0.5:
                rng.shuffle(members)
            sub["enum"] = [new[member] for member in members] + [None] * (None in sub["enum"])
            for row in rows:
                if isinstance(row.get(name), list):
                    row[name] = [new[part] for part in row[name]]
                elif row.get(name) is not None:
                    row[name] = new[row[name]]


def _parts(value: Json) -> list[Json]:
    return value if isinstance(value, list) else [] if value is None else [value]


def require(schema: Schema, value: Json, rng: Random) -> None:
    """Which properties must be there: some, all that are, none. What may be null is written in any case."""
    way = rng.random()
    for inner, rows in objects(schema, value):
        everywhere = [name for name in inner["properties"] if all(name in row for row in rows)]
        if way < 0.12:
            inner.pop("required", None)
        elif way < 0.3:
            _require(inner, [name for name in everywhere if rng.random() < 0.6])
        elif way < 0.5:
            _require(inner, everywhere)


def describe(schema: Schema, value: Json, needed: list[str], rng: Random) -> None:
    """Descriptions left out, but those that say what no name does; or some for all."""
    way = rng.random()
    for inner, _ in objects(schema, value):
        for name, sub in inner["properties"].items():
            if way < 0.4 and name not in needed:
                sub.pop("description", None)
            elif way > 0.82 and "description" not in sub:
                sub["description"] = _description(name, sub, rng)


def _description(name: str, sub: Schema, rng: Random) -> str:
    what = human(name)
    if sub.get("format") == "date":
        return rng.choice([f"{what}, YYYY-MM-DD", f"the {what} as an ISO date", "ISO 8601 date"])
    if "pattern" in sub:
        return rng.choice([f"{what}, 24 h clock", f"{what} as HH:MM"])
    if sub.get("type") == "boolean":
        return rng.choice([f"true if {what}", f"whether {what}"])
    if sub.get("type") == "array":
        return rng.choice([f"list of {what}", f"all {what}", f"{what}, may be empty"])
    if isinstance(sub.get("type"), list):
        return rng.choice([f"the {what}, null if unknown", f"{what}, null if the text has none", f"{what} (if given)"])
    return rng.choice([f"the {what}", what.capitalize(), f"The {what} as in the text", f"{what} that is mentioned"])


def detail(schema: Schema, value: Json, rng: Random) -> None:
    """Forms said in another way, and bounds that hold anyhow."""
    closed = rng.random()
    for inner, rows in objects(schema, value):
        for name, sub in inner["properties"].items():
            _detail(sub, [row[name] for row in rows if name in row], rng)
        if closed < 0.35:
            inner["additionalProperties"] = False
        elif closed < 0.6:
            inner.pop("additionalProperties", None)


def _detail(sub: Schema, values: list[Json], rng: Random) -> None:
    if sub.get("format") == "date" and rng.random() < 0.2:
        del sub["format"]
        sub.update(rng.choice([{"pattern": r"^\d{4}-\d{2}-\d{2}$"}, {"description": "YYYY-MM-DD"}, {}]))
    elif "pattern" in sub and rng.random() < 0.5:
        del sub["pattern"]
        said = [{"pattern": r"^\d{2}:\d{2}$"}, {"description": "HH:MM"}, {"description": "24 h, HH:MM"}, {}]
        sub.update(rng.choice(said))
    elif sub.get("type") == "integer" and rng.random() < 0.15:
        sub["type"] = "number"
    elif sub.get("type") in ("integer", "number") and rng.random() < 0.12 and all(value >= 0 for value in values):
        sub["minimum"] = min(0, sub.get("minimum", 0))
    elif sub.get("type") == "string" and not {"enum", "format"} & sub.keys() and rng.random() < 0.06:
        sub["minLength"] = 1


def in_order(schema: Schema, value: Json) -> Json:
    """The value with its keys in the schema's order."""
    if isinstance(value, dict):
        return {name: in_order(sub, value[name]) for name, sub in schema["properties"].items() if name in value}
    return [in_order(schema["items"], part) for part in value] if isinstance(value, list) else value


def _null_apart(sub: Schema) -> Schema:
    """Of two types, `anyOf` one of them and null."""
    rest = {key: part for key, part in sub.items() if key not in ("type", "description")}
    if "enum" in rest:
        rest["enum"] = [member for member in rest["enum"] if member is not None]
    said = {"description": sub["description"]} if "description" in sub else {}
    return {"anyOf": [{"type": sub["type"][0], **rest}, {"type": "null"}], **said}


def any_of(schema: Schema, value: Json) -> None:
    """`anyOf` with null, wherever there are two types."""
    for inner, _ in objects(schema, value):
        for name, sub in inner["properties"].items():
            if isinstance(sub.get("type"), list):
                inner["properties"][name] = _null_apart(sub)


class Classes:
    """A schema as pydantic writes that of a model: titles everywhere, inner objects in `$defs`, null by `anyOf`."""

    def __init__(self, schema: Schema, title: str, default: bool) -> None:
        self.defs: Schema = {}
        self.default = default
        whole = self.model(schema, title)
        self.schema = {"$defs": self.defs, **whole} if self.defs else whole

    def model(self, schema: Schema, title: str) -> Schema:
        fields = {key: self.typed(sub, key) for key, sub in schema["properties"].items()}
        required = [key for key in schema.get("required", []) if "default" not in fields[key]]
        closed = {"additionalProperties": False} if schema.get("additionalProperties") is False else {}
        needs = {"required": required} if required else {}
        return {**closed, "properties": fields, **needs, "title": title, "type": "object"}

    def refer(self, name: str, schema: Schema) -> Schema:
        while name in self.defs:
            name += "Item"
        self.defs[name] = {}  # holds the place of an outer one before its inner ones
        self.defs[name] = self.model(schema, name)
        return {"$ref": f"#/$defs/{name}"}

    def typed(self, sub: Schema, key: str) -> Schema:
        camel, label = STYLES["pascal"](split(key)), STYLES["titled"](split(key))
        if "properties" in sub:
            inner = self.refer(camel, sub)
            return inner if sub["type"] == "object" else {"anyOf": [inner, {"type": "null"}]}
        if "items" in sub:
            items = self.refer(camel.removesuffix("s"), sub["items"]) if "properties" in sub["items"] else sub["items"]
            rest = {key: part for key, part in sub.items() if key not in ("type", "items")}
            return {**rest, "items": items, "title": label, "type": "array"}
        if isinstance(sub.get("type"), list):
            return {**_null_apart(sub), **({"default": None} if self.default else {}), "title": label}
        return {**{key: part for key, part in sub.items() if key != "type"}, "title": label, "type": sub["type"]}


def varied(item: dict[str, Any], text: str, value: Json, rng: Random) -> tuple[Schema, Json]:
    """The item's schema and this value of it, as others would write them."""
    schema = copy.deepcopy(item["schema"])
    needed, names = item.get("needed", []), item.get("names", {})
    drop(schema, value, rng)
    collapse(schema, value, rng)
    swap_absence(schema, value, rng)
    describe(schema, value, needed, rng)
    if rng.random() < 0.3:
        add_unsaid(schema, value, text, rng)
    flatten(schema, value, rng)
    rename(schema, value, names, rng)
    if rng.random() < 0.4:
        shuffle(schema, value, rng)
    choices(schema, value, rng)
    require(schema, value, rng)
    detail(schema, value, rng)
    return dressed(schema, in_order(schema, value), rng)


def dressed(schema: Schema, value: Json, rng: Random) -> tuple[Schema, Json]:
    """The dialect it is written in."""
    way = rng.random()
    title = rng.choice(["Record", "Extract", "Result", "Entry", "Data", "Output", "Item", "Response", "Document"])
    if way < 0.13:
        return Classes(schema, title, default=way < 0.08).schema, value
    if way < 0.27:
        any_of(schema, value)
    if way > 0.93:
        schema = {"$schema": "https://json-schema.org/draft/2020-12/schema", **schema}
    elif way > 0.86:
        schema = {"title": title, **schema}
    return schema, value
