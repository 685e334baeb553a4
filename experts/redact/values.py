"""Made-up personal data in many formats, for every tag."""

from __future__ import annotations

import re
import string
import unicodedata
from random import Random

from experts.redact import names

_UPPER = string.ascii_uppercase
_ALNUM = string.ascii_letters + string.digits
_PHONES = [
    "0#### ######", "0### #######", "0###-#######", "0###/######", "(###) 555-0###", "###-555-0###",
    "+1 ### 555 0###", "1-###-555-0###", "555-0###", "+44 20 7946 0###", "07700 900###", "01632 960 ###",
    "+49 1## ########", "+49 ## ######", "+33 6 ## ## ## ##", "06 ## ## ## ##", "+34 6## ### ###", "+39 3## ### ####",
    "+46 70 ### ## ##", "+48 ### ### ###", "+90 5## ### ## ##", "+91 9#### #####", "9#########", "+86 13# #### ####",
    "+81 90-####-####", "090-####-####", "+234 80# ### ####", "+254 7## ######", "+55 11 9####-####",
    "+52 55 #### ####", "+61 4## ### ###", "04## ### ###", "+1##########", "+49##########", "0## ### ## ##",
    "### ### ###", "## ## ## ##",
]  # fmt: skip
_IDS = [
    "########", "######", "#### ####", "###-##-####", "A#######", "AB######", "C-#######", "#-####-####",
    "CUST-#####", "@@-#####", "#######@", "@#######", "##-####-###", "###/###/####", "#### #### ####", "EMP-####",
    "PAT-######", "@@@-##-####", "###.###.###-##",
]  # fmt: skip
_IBANS = [
    "DE## #### #### #### #### ##", "DE####################", "FR## #### #### #### #### #### ###",
    "NL## ABNA #### #### ##", "AT## #### #### #### ####", "ES## #### #### #### #### ####",
    "GB## BARC #### #### #### ##", "PL## #### #### #### #### #### ####", "CH## #### #### #### #### #",
    "IT## A### #### #### #### #### ###", "SE## #### #### #### #### ####", "PT################ #######",
]  # fmt: skip
_CARDS = [
    "4### #### #### ####", "5### #### #### ####", "4###############", "4###-####-####-####", "37## ###### #####",
]  # fmt: skip
_PLATES = [
    "@-@@ ####", "@@-@@ ###", "@@@-###", "@@## @@@", "@@-###-@@", "### @@@", "@@@ ####", "KA-##-@@-####", "W-##### @",
    "@@ ## @@ ####", "#### @@@",
]  # fmt: skip
_SECRETS = [
    "sk_live_{24}", "ghp_{20}", "tok_{12}", "pk-{10}-{6}", "AKIA{16U}", "xoxb-{6}-{10}", "{32h}", "{16h}", "{40}",
    "sk-{20}", "eyJ{18}.{12}.{10}",
]  # fmt: skip


def filled(shape: str, rng: Random) -> str:
    """The shape with `#` made a digit and `@` a capital letter."""
    return "".join(
        rng.choice("123456789" if i == 0 else string.digits) if c == "#" else rng.choice(_UPPER) if c == "@" else c
        for i, c in enumerate(shape)
    )


def reshaped(value: str, rng: Random) -> str:
    """A value of the same look: every digit and every letter of a word with digits drawn anew."""
    out = []
    for word in re.split(r"(\W+)", value):
        if not re.search(r"\d", word):
            out.append(word)
            continue
        for c in word:
            kind = (
                string.digits
                if c.isdigit()
                else _UPPER
                if c.isupper()
                else string.ascii_lowercase
                if c.islower()
                else c
            )
            out.append(rng.choice(kind))
    return "".join(out)


def full_name(rng: Random) -> str:
    """A person as people write them: mostly first and last name."""
    first, last = rng.choice(names.FIRST), rng.choice(names.LAST)
    way = rng.random()
    if way < 0.06:
        return f"{first} {rng.choice(names.FIRST)} {last}"
    if way < 0.1:
        return f"{first} {rng.choice(_UPPER)}. {last}"
    if way < 0.14:
        return f"{first[0]}. {last}"
    if way < 0.18:
        return f"{first} {last}-{rng.choice(names.LAST)}"
    if way < 0.2:
        return f"{last}, {first}"
    if way < 0.22:
        return f"{first} {rng.choice(['van der', 'de', 'von', 'al', 'bin', 'dos'])} {last}"
    return f"{first} {last}"


def email(rng: Random, person: str | None = None) -> str:
    """An address, of this person or of anybody."""
    words = re.findall(r"[a-z]+", _ascii(person or full_name(rng)).lower()) or ["info"]
    first, last = words[0], words[-1]
    year = str(rng.randrange(60, 100))
    local = rng.choice(
        [
            f"{first}.{last}",
            f"{first}_{last}",
            first + last,
            f"{first[0]}.{last}",
            first[0] + last,
            first + year,
            f"{last}.{first}",
            f"{first}-{last}{year}",
            f"{rng.choice(names.NICK_A)}.{rng.choice(names.NICK_B)}{year}",
            f"{rng.choice(names.NICK_A)}{first}",
            f"{first}+{rng.choice(['news', 'shop', 'work'])}",
        ]
    )
    return f"{local}@{rng.choice(names.MAIL_HOSTS)}"


def phone(rng: Random) -> str:
    """A number as written in one of many countries."""
    return filled(rng.choice(_PHONES), rng)


def address(rng: Random) -> str:
    """A street with its number, with or without the town."""
    number = rng.choice([rng.randrange(1, 100), rng.randrange(1, 100), rng.randrange(100, 3000)])
    way = rng.random()
    if way < 0.3:
        street = f"{number} {rng.choice(names.STREETS_EN)} {rng.choice(names.WAYS_EN)}"
        flat = rng.choice(
            [
                "",
                "",
                "",
                ", Apt " + filled("#@", rng),
                f", Flat {rng.randrange(1, 20)}",
                f", Unit {rng.randrange(1, 30)}",
            ]
        )
        return street + flat + rng.choice(["", ", " + rng.choice(names.UK_PLACES), ", " + rng.choice(names.US_PLACES)])
    if way < 0.6:
        street = rng.choice(names.STREETS_DE) + rng.choice(["straße", "str.", "weg", "gasse", "allee", "platz"])
        house = f"{number % 200 + 1}{rng.choice(['', '', '', 'a', 'b', ' c'])}"
        code, town = rng.choice(names.PLACES)
        return f"{street} {house}" + rng.choice(["", f", {code} {town}", f", {code} {town}"])
    return rng.choice(names.STREETS_OTHER).format(n=number)


def birth_date(rng: Random) -> str:
    """A day of birth in one of many formats."""
    y, m, d = rng.randrange(1930, 2022), rng.randrange(1, 13), rng.randrange(1, 29)
    month = names.MONTHS[m - 1]
    return rng.choice(
        [
            f"{y}-{m:02}-{d:02}",
            f"{d:02}.{m:02}.{y}",
            f"{d}.{m}.{y}",
            f"{m:02}/{d:02}/{y}",
            f"{d:02}/{m:02}/{y}",
            f"{d:02}-{m:02}-{y}",
            f"{d} {month} {y}",
            f"{month} {d}, {y}",
            f"{d} {month[:3]} {y}",
            f"{d}. {month} {y}",
            f"{month[:3]} {d}, {y}",
            f"{d:02}.{m:02}.{y % 100:02}",
        ]
    )


def identity(value: str, rng: Random) -> str:
    """A number of the kind that the old one is: account, card, plate, or any other."""
    if re.match(r"[A-Z]{2}\d\d[ \dA-Z]{11,}$", value):
        return filled(rng.choice(_IBANS), rng)
    if re.match(r"\d{4}([ -]?)\d{4}\1\d{4}\1\d{4}$", value):
        return filled(rng.choice(_CARDS), rng)
    if re.match(r"[A-ZÄÖÜ]{1,3}[- ][A-Z]{1,2} \d{1,4}$|[A-Z]{2}\d\d [A-Z]{3}$", value):
        return filled(rng.choice(_PLATES), rng)
    if rng.random() < 0.6:
        return reshaped(value, rng)
    return filled(rng.choice(_IDS), rng)


def url(value: str, rng: Random) -> str:
    """A profile page or a handle, as the old one is."""
    nick = handle(rng)
    if value.startswith("u/"):
        return f"u/{nick}"
    if "/" not in value:
        return (
            ("@" if value.startswith("@") else "")
            + nick
            + (filled("#", rng) if "#" not in value else "#" + filled("####", rng))
        )
    site = rng.choice(
        [
            "linkedin.com/in/",
            "github.com/",
            "gitlab.com/",
            "instagram.com/",
            "facebook.com/",
            "x.com/",
            "twitch.tv/",
            "medium.com/@",
            "tiktok.com/@",
            "steamcommunity.com/id/",
            "behance.net/",
            "soundcloud.com/",
            "t.me/",
            "xing.com/profile/",
        ]
    )
    return rng.choice(["https://", "https://www.", "", "www."]) + site + nick


def handle(rng: Random) -> str:
    """A nickname."""
    if rng.random() < 0.5:
        return (
            rng.choice(names.NICK_A)
            + rng.choice(["", "_", ".", "-"])
            + rng.choice(names.NICK_B)
            + rng.choice(["", str(rng.randrange(7, 2000))])
        )
    first, last = _ascii(rng.choice(names.FIRST)).lower(), _ascii(rng.choice(names.LAST)).lower().replace("'", "")
    return rng.choice(
        [first + last, f"{first}_{last}", f"{first}.{last}", f"{first[0]}{last}{rng.randrange(1, 100)}", f"real{first}"]
    )


def ip(value: str, rng: Random) -> str:
    """An address of the same version, mostly the fourth."""
    if ":" in value or rng.random() < 0.06:
        return (
            ":".join(f"{rng.randrange(1, 65536):x}" for _ in range(rng.choice([3, 4])))
            + rng.choice(["::", "::1:"])
            + f"{rng.randrange(1, 65536):x}"
        )
    first = rng.choice([10, 172, 192, *range(11, 224)])
    return ".".join(str(n) for n in [first, rng.randrange(256), rng.randrange(256), rng.randrange(1, 255)])


def secret(value: str, rng: Random) -> str:
    """A password, PIN or key: digits stay digits, keys stay keys."""
    if re.fullmatch(r"[\d #*]{3,8}", value):
        return reshaped(value, rng)
    if len(value) < 15:
        word = rng.choice(names.WORDS_SECRET)
        word = rng.choice([word, word.lower(), word.replace("a", "@").replace("o", "0"), _random(_ALNUM, 5, rng)])
        return (
            word
            + rng.choice(["", "!", "_", "-", "#", "."])
            + str(rng.randrange(1, 3000))
            + rng.choice(["", "!", "?", "x", "$"])
        )
    return re.sub(r"\{(\d+)([Uh]?)\}", lambda m: _key(int(m[1]), m[2], rng), rng.choice(_SECRETS))


def _key(length: int, kind: str, rng: Random) -> str:
    return _random({"U": _UPPER + "234567", "h": "0123456789abcdef", "": _ALNUM}[kind], length, rng)


def _random(letters: str, length: int, rng: Random) -> str:
    return "".join(rng.choice(letters) for _ in range(length))


_PLAIN = str.maketrans({"ß": "ss", "ł": "l", "Ł": "L", "ø": "o", "Ø": "O", "ı": "i"})


def _ascii(text: str) -> str:
    parts = unicodedata.normalize("NFD", text.translate(_PLAIN))
    return "".join(c for c in parts if not unicodedata.combining(c))
