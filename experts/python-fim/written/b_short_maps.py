"""Small functions on dictionaries and sets, each with an example."""

from collections import Counter, defaultdict


def common_keys(first: dict, second: dict) -> list:
    """Return the sorted keys that two dictionaries share.

    >>> common_keys({"a": 1, "b": 2}, {"b": 3, "c": 4})
    ['b']
    """
    return sorted(first.keys() & second.keys())


def add_counts(first: dict[str, int], second: dict[str, int]) -> dict[str, int]:
    """Return two tallies added up.

    >>> add_counts({"x": 1, "y": 2}, {"y": 3, "z": 1})
    {'x': 1, 'y': 5, 'z': 1}
    """
    result = dict(first)
    for key, count in second.items():
        result[key] = result.get(key, 0) + count
    return result


def key_of_max(scores: dict[str, int]) -> str:
    """Return the key with the highest value, the first of several.

    >>> key_of_max({"ann": 3, "bob": 8, "cem": 8})
    'bob'
    """
    best_key = None
    for key, value in scores.items():
        if best_key is None or value > scores[best_key]:
            best_key = key
    return best_key


def group_by_length(words: list[str]) -> dict[int, list[str]]:
    """Return the words by how long they are.

    >>> group_by_length(["to", "be", "not"])
    {2: ['to', 'be'], 3: ['not']}
    """
    groups = {}
    for word in words:
        length = len(word)
        if length not in groups:
            groups[length] = []
        groups[length].append(word)
    return groups


def duplicates_in_values(table: dict[str, str]) -> list[list[str]]:
    """Return the groups of keys that share a value.

    >>> duplicates_in_values({"a": "x", "b": "y", "c": "x"})
    [['a', 'c']]
    """
    keys = defaultdict(list)
    for key, value in table.items():
        keys[value].append(key)
    return [group for group in keys.values() if len(group) > 1]


def without_empty(record: dict) -> dict:
    """Return a record without the fields that are None or empty texts.

    >>> without_empty({"name": "Ana", "mail": "", "age": 0, "fax": None})
    {'name': 'Ana', 'age': 0}
    """
    return {key: value for key, value in record.items() if value is not None and value != ""}


def follow(links: dict[str, str], start: str) -> list[str]:
    """Return the chain of links from a start until it ends or repeats.

    >>> follow({"a": "b", "b": "c", "c": "a"}, "a")
    ['a', 'b', 'c']
    """
    chain = [start]
    while chain[-1] in links:
        following = links[chain[-1]]
        if following in chain:
            break
        chain.append(following)
    return chain


def changed_keys(old: dict, new: dict) -> dict[str, list]:
    """Return which keys were added, removed and changed.

    >>> changed_keys({"a": 1, "b": 2}, {"b": 3, "c": 4})
    {'added': ['c'], 'removed': ['a'], 'changed': ['b']}
    """
    added = sorted(new.keys() - old.keys())
    removed = sorted(old.keys() - new.keys())
    changed = []
    for key in sorted(old.keys() & new.keys()):
        if old[key] != new[key]:
            changed.append(key)
    return {"added": added, "removed": removed, "changed": changed}


def share_of_total(amounts: dict[str, float]) -> dict[str, float]:
    """Return each amount as a percentage of the sum.

    >>> share_of_total({"rent": 600, "food": 200})
    {'rent': 75.0, 'food': 25.0}
    """
    total = sum(amounts.values())
    if total == 0:
        return {name: 0.0 for name in amounts}  # noqa: C420
    return {name: round(100 * amount / total, 1) for name, amount in amounts.items()}


def in_all(groups: list[set[str]]) -> set[str]:
    """Return the members that belong to every group.

    >>> sorted(in_all([{"a", "b", "c"}, {"b", "c"}, {"c", "b", "d"}]))
    ['b', 'c']
    """
    if not groups:
        return set()
    result = set(groups[0])
    for group in groups[1:]:
        result &= group
    return result


def in_exactly_one(groups: list[list[str]]) -> list[str]:
    """Return the members that belong to just one group.

    >>> in_exactly_one([["a", "b"], ["b", "c"]])
    ['a', 'c']
    """
    counts = Counter()
    for group in groups:
        counts.update(set(group))
    return sorted(member for member, count in counts.items() if count == 1)


def similarity(first: set, second: set) -> float:
    """Return the size of the common part of two sets over that of their union.

    >>> similarity({1, 2, 3}, {2, 3, 4})
    0.5
    """
    union = first | second
    if not union:
        return 1.0
    return len(first & second) / len(union)


def smallest_free(taken: set[int]) -> int:
    """Return the smallest positive number that is not taken.

    >>> smallest_free({1, 2, 4})
    3
    """
    number = 1
    while number in taken:
        number += 1
    return number


def nested_from_paths(paths: list[str]) -> dict:
    """Return a tree of folders as nested dictionaries.

    >>> nested_from_paths(["a/b", "a/c"])
    {'a': {'b': {}, 'c': {}}}
    """
    tree = {}
    for path in paths:
        node = tree
        for part in path.split("/"):
            node = node.setdefault(part, {})
    return tree


def translate_words(text: str, dictionary: dict[str, str]) -> str:
    """Replace the words of a text that the dictionary knows.

    >>> translate_words("the big dog", {"dog": "hund", "big": "gross"})
    'the gross hund'
    """
    words = []
    for word in text.split():
        words.append(dictionary.get(word, word))
    return " ".join(words)


def mutual_pairs(likes: dict[str, set[str]]) -> list[tuple[str, str]]:
    """Return the pairs of people who like each other.

    >>> mutual_pairs({"a": {"b"}, "b": {"a", "c"}, "c": set()})
    [('a', 'b')]
    """
    pairs = []
    for person in sorted(likes):
        for other in sorted(likes[person]):
            if person < other and person in likes.get(other, set()):
                pairs.append((person, other))
    return pairs


def covers(sets: list[set[int]], needed: set[int]) -> list[int]:
    """Return the indices of sets that together hold what is needed, chosen greedily.

    >>> covers([{1, 2}, {3}, {2, 3, 4}], {1, 2, 3, 4})
    [2, 0]
    """
    chosen = []
    missing = set(needed)
    while missing:
        best = max(range(len(sets)), key=lambda i: len(sets[i] & missing))
        gained = sets[best] & missing
        if not gained:
            raise ValueError(f"nothing covers {sorted(missing)}")
        chosen.append(best)
        missing -= gained
    return chosen
