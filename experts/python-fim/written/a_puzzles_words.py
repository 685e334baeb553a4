"""Short puzzles about words and sentences, with examples."""

from __future__ import annotations

import re
from collections import Counter, defaultdict


def alternate_case(text: str) -> str:
    """Write the letters of a text in upper and lower case by turns.

    >>> alternate_case("hello you")
    'HeLlO yOu'
    """
    result = ""
    upper = True
    for char in text:
        if char.isalpha():
            result += char.upper() if upper else char.lower()
            upper = not upper
        else:
            result += char
    return result


def longest_common_suffix(words: list[str]) -> str:
    """Return the longest ending that all words share.

    >>> longest_common_suffix(["walking", "talking", "king"])
    'king'
    """
    suffix = ""
    for letters in zip(*(reversed(word) for word in words)):  # noqa: B905
        if len(set(letters)) > 1:
            break
        suffix = letters[0] + suffix
    return suffix


def is_pangram(sentence: str) -> bool:
    """Whether a sentence has every letter of the alphabet.

    >>> is_pangram("Sphinx of black quartz, judge my vow")
    True
    """
    letters = {char for char in sentence.lower() if "a" <= char <= "z"}
    return len(letters) == 26


def is_isogram(word: str) -> bool:
    """Whether no letter of a word occurs twice.

    >>> is_isogram("background")
    True
    >>> is_isogram("letter")
    False
    """
    letters = word.lower()
    return len(set(letters)) == len(letters)


def group_anagrams(words: list[str]) -> list[list[str]]:
    """Group the words that have the same letters.

    >>> group_anagrams(["eat", "tan", "tea", "nat", "bat"])
    [['eat', 'tea'], ['tan', 'nat'], ['bat']]
    """
    groups = defaultdict(list)
    for word in words:
        groups["".join(sorted(word))].append(word)
    return list(groups.values())


def can_spell(word: str, letters: str) -> bool:
    """Whether a word can be laid with the letters, each used once.

    >>> can_spell("tree", "reetx")
    True
    >>> can_spell("tree", "trex")
    False
    """
    return not Counter(word) - Counter(letters)


def swap_ends(sentence: str) -> str:
    """Swap the first and last letter of every word.

    >>> swap_ends("hello big a")
    'oellh gib a'
    """
    words = []
    for word in sentence.split():
        if len(word) > 1:
            word = word[-1] + word[1:-1] + word[0]
        words.append(word)
    return " ".join(words)


def reverse_words(sentence: str) -> str:
    """Reverse each word but keep the order of the words.

    >>> reverse_words("red fox")
    'der xof'
    """
    return " ".join(word[::-1] for word in sentence.split(" "))


def spaces_to_one(text: str) -> str:
    """Replace every run of white space by a single space.

    >>> spaces_to_one(" too   many  ")
    'too many'
    """
    return " ".join(text.split())


def word_positions(text: str) -> dict[str, list[int]]:
    """Return for each word the places at which it stands, counted from 0.

    >>> word_positions("a b a")
    {'a': [0, 2], 'b': [1]}
    """
    positions: dict[str, list[int]] = {}
    for i, word in enumerate(text.split()):
        positions.setdefault(word, []).append(i)
    return positions


def most_common_letter(text: str) -> str:
    """Return the most frequent letter, the first in the alphabet of equals.

    >>> most_common_letter("Banana bread")
    'a'
    """
    counts = Counter(char for char in text.lower() if char.isalpha())
    return min(counts, key=lambda letter: (-counts[letter], letter))


def chain_words(words: list[str]) -> int:
    """Count how far words link up, each beginning with the last letter of the one before.

    >>> chain_words(["sun", "net", "tea", "dog"])
    3
    """
    length = 1 if words else 0
    for i in range(1, len(words)):
        if words[i][0] != words[i - 1][-1]:
            break
        length += 1
    return length


def crossword_fits(pattern: str, words: list[str]) -> list[str]:
    """Return the words that fit a pattern in which dots are unknown letters.

    >>> crossword_fits("c.t", ["cat", "cot", "coat", "dog"])
    ['cat', 'cot']
    """
    return [word for word in words if re.fullmatch(pattern, word)]


def abbreviate(name: str) -> str:
    """Shorten all names but the last to an initial.

    >>> abbreviate("Ada King Lovelace")
    'A. K. Lovelace'
    """
    *firsts, last = name.split()
    return " ".join([f"{first[0]}." for first in firsts] + [last])


def censor(text: str, words: set[str]) -> str:
    """Replace the letters of unwanted words by asterisks.

    >>> censor("darn that Cat", {"darn", "cat"})
    '**** that ***'
    """
    result = []
    for word in text.split():
        if word.lower() in words:
            result.append("*" * len(word))
        else:
            result.append(word)
    return " ".join(result)


def subtitle_lines(text: str, width: int) -> list[str]:
    """Break a text into lines of at most the given width.

    >>> subtitle_lines("we will be right back", 10)
    ['we will be', 'right back']
    """
    lines = [""]
    for word in text.split():
        candidate = f"{lines[-1]} {word}".strip()
        if len(candidate) <= width:
            lines[-1] = candidate
        else:
            lines.append(word)
    return lines


def justify(words: list[str], width: int) -> str:
    """Spread the words of a line evenly over the width.

    >>> justify(["a", "bb", "c"], 8)
    'a  bb  c'
    """
    if len(words) == 1:
        return words[0].ljust(width)
    gaps = len(words) - 1
    spaces = width - sum(len(word) for word in words)
    line = ""
    for i, word in enumerate(words[:-1]):
        extra = 1 if i < spaces % gaps else 0
        line += word + " " * (spaces // gaps + extra)
    return line + words[-1]


def count_syllables(word: str) -> int:
    """Estimate the syllables of a word by its groups of vowels.

    >>> count_syllables("banana")
    3
    """
    groups = re.findall(r"[aeiouy]+", word.lower())
    return max(1, len(groups))


def rhyme(first: str, second: str, letters: int = 3) -> bool:
    """Whether two different words end with the same letters.

    >>> rhyme("nation", "station")
    True
    """
    if first == second:
        return False
    return first[-letters:] == second[-letters:]


def plural(noun: str) -> str:
    """Return the plural of a regular English noun.

    >>> plural("box")
    'boxes'
    >>> plural("city")
    'cities'
    >>> plural("toy")
    'toys'
    """
    if noun.endswith(("s", "x", "z", "ch", "sh")):
        return noun + "es"
    if noun.endswith("y") and noun[-2] not in "aeiou":
        return noun[:-1] + "ies"
    return noun + "s"


def past_tense(verb: str) -> str:
    """Return the past tense of a regular English verb.

    >>> past_tense("carry")
    'carried'
    >>> past_tense("bake")
    'baked'
    """
    if verb.endswith("e"):
        return verb + "d"
    if verb.endswith("y") and verb[-2] not in "aeiou":
        return verb[:-1] + "ied"
    return verb + "ed"


def to_title(text: str) -> str:
    """Return snake_case, kebab-case or camelCase as a title.

    >>> to_title("user_firstName")
    'User First Name'
    """
    text = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", text)
    words = re.split(r"[\s_-]+", text)
    return " ".join(word.capitalize() for word in words if word)


def remove_vowel_runs(text: str) -> str:
    """Keep only the first vowel of each run of vowels.

    >>> remove_vowel_runs("queueing beautiful")
    'qung betiful'
    """
    result = ""
    for char in text:
        if char in "aeiou" and result and result[-1] in "aeiou":
            continue
        result += char
    return result


def nested_depth(text: str) -> int:
    """Return how deep the parentheses of a text are nested.

    >>> nested_depth("a(b(c)d)(e)")
    2
    """
    depth = deepest = 0
    for char in text:
        if char == "(":
            depth += 1
            deepest = max(deepest, depth)
        elif char == ")":
            depth -= 1
    return deepest


def parse_query(query: str) -> dict[str, str]:
    """Parse filters such as "color:red size:10" into a dictionary.

    >>> parse_query("color:red size:10 sale")
    {'color': 'red', 'size': '10', 'sale': ''}
    """
    filters = {}
    for part in query.split():
        name, _, value = part.partition(":")
        filters[name] = value
    return filters


def diff_words(old: str, new: str) -> tuple[list[str], list[str]]:
    """Return the words that were removed and those that were added, sorted.

    >>> diff_words("the red car", "the blue car")
    (['red'], ['blue'])
    """
    before, after = set(old.split()), set(new.split())
    return sorted(before - after), sorted(after - before)


def split_sentence(text: str, words: set[str]) -> list[str] | None:
    """Split a text without spaces into known words, or return None.

    >>> split_sentence("thecat", {"the", "cat", "he"})
    ['the', 'cat']
    """
    if not text:
        return []
    for end in range(1, len(text) + 1):
        if text[:end] in words:
            rest = split_sentence(text[end:], words)
            if rest is not None:
                return [text[:end], *rest]
    return None


def wildcard_match(pattern: str, name: str) -> bool:
    """Whether a name fits a pattern with * for anything and ? for one character.

    >>> wildcard_match("*.t?t", "notes.txt")
    True
    >>> wildcard_match("a*b", "acd")
    False
    """
    if not pattern:
        return not name
    if pattern[0] == "*":
        return wildcard_match(pattern[1:], name) or (bool(name) and wildcard_match(pattern, name[1:]))
    if not name:
        return False
    return pattern[0] in ("?", name[0]) and wildcard_match(pattern[1:], name[1:])
