"""Short puzzles about words and lists, with examples."""

from collections import Counter, deque
from itertools import groupby


def run_lengths(text: str) -> list[tuple[str, int]]:
    """Return each run of equal characters with its length.

    >>> run_lengths("aabccc")
    [('a', 2), ('b', 1), ('c', 3)]
    """
    return [(char, len(list(group))) for char, group in groupby(text)]


def compress(text: str) -> str:
    """Return the text with runs of equal characters written as a count.

    >>> compress("aaabcc")
    'a3b1c2'
    """
    result = []
    i = 0
    while i < len(text):
        j = i
        while j < len(text) and text[j] == text[i]:
            j += 1
        result.append(f"{text[i]}{j - i}")
        i = j
    return "".join(result)


def are_anagrams(first: str, second: str) -> bool:
    """Whether two phrases have the same letters, in any order.

    >>> are_anagrams("Dormitory", "dirty room")
    True
    >>> are_anagrams("stone", "notes!")
    True
    """

    def letters(text: str) -> Counter[str]:
        return Counter(char for char in text.lower() if char.isalpha())

    return letters(first) == letters(second)


def caesar(text: str, shift: int) -> str:
    """Shift every letter along the alphabet and keep all else.

    >>> caesar("Hello, xyz", 3)
    'Khoor, abc'
    """
    result = []
    for char in text:
        if char.isalpha() and char.isascii():
            start = ord("A") if char.isupper() else ord("a")
            result.append(chr((ord(char) - start + shift) % 26 + start))
        else:
            result.append(char)
    return "".join(result)


def brackets_match(text: str) -> bool:
    """Whether all brackets in the text are closed in the right order.

    >>> brackets_match("f(a[1], {})")
    True
    >>> brackets_match("(]")
    False
    """
    closing = {")": "(", "]": "[", "}": "{"}
    stack = []
    for char in text:
        if char in closing.values():
            stack.append(char)
        elif char in closing and (not stack or stack.pop() != closing[char]):
            return False
    return not stack


def first_unique(items: list[str]) -> str | None:
    """Return the first item that occurs only once, or None.

    >>> first_unique(["tea", "milk", "tea", "rice"])
    'milk'
    """
    counts = Counter(items)
    for item in items:
        if counts[item] == 1:
            return item
    return None


def longest_word(text: str) -> str:
    """Return the longest word, the first of equals.

    >>> longest_word("a green pear tastes sweets")
    'tastes'
    """
    longest = ""
    for word in text.split():
        if len(word) > len(longest):
            longest = word
    return longest


def edit_distance(first: str, second: str) -> int:
    """Return the least number of edits that turn one word into the other.

    >>> edit_distance("lawn", "flaw")
    2
    """
    previous = list(range(len(second) + 1))
    for i, left in enumerate(first, start=1):
        current = [i]
        for j, right in enumerate(second, start=1):
            cost = 0 if left == right else 1
            current.append(min(previous[j] + 1, current[j - 1] + 1, previous[j - 1] + cost))
        previous = current
    return previous[-1]


def is_subsequence(short: str, long: str) -> bool:
    """Whether the letters of the short word occur in the long one in order.

    >>> is_subsequence("ace", "abcde")
    True
    >>> is_subsequence("aec", "abcde")
    False
    """
    remaining = iter(long)
    return all(char in remaining for char in short)


def rotate(items: list[int], steps: int) -> list[int]:
    """Return the list rotated to the right.

    >>> rotate([1, 2, 3, 4], 1)
    [4, 1, 2, 3]
    """
    if not items:
        return []
    steps %= len(items)
    return items[-steps:] + items[:-steps]


def transpose(matrix: list[list[int]]) -> list[list[int]]:
    """Swap the rows and columns of a matrix.

    >>> transpose([[1, 2, 3], [4, 5, 6]])
    [[1, 4], [2, 5], [3, 6]]
    """
    return [list(column) for column in zip(*matrix, strict=True)]


def spiral(matrix: list[list[int]]) -> list[int]:
    """Return the cells of a matrix in a spiral from the top left.

    >>> spiral([[1, 2, 3], [4, 5, 6], [7, 8, 9]])
    [1, 2, 3, 6, 9, 8, 7, 4, 5]
    """
    result = []
    while matrix:
        result.extend(matrix[0])
        matrix = [list(row) for row in zip(*matrix[1:], strict=True)][::-1]
    return result


def merge_sorted(left: list[int], right: list[int]) -> list[int]:
    """Merge two sorted lists into one.

    >>> merge_sorted([1, 4], [2, 3, 5])
    [1, 2, 3, 4, 5]
    """
    merged = []
    i = j = 0
    while i < len(left) and j < len(right):
        if left[i] <= right[j]:
            merged.append(left[i])
            i += 1
        else:
            merged.append(right[j])
            j += 1
    return merged + left[i:] + right[j:]


def merge_ranges(ranges: list[tuple[int, int]]) -> list[tuple[int, int]]:
    """Join the ranges that overlap or touch.

    >>> merge_ranges([(5, 8), (1, 3), (2, 4)])
    [(1, 4), (5, 8)]
    """
    merged: list[tuple[int, int]] = []
    for start, end in sorted(ranges):
        if merged and start <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(merged[-1][1], end))
        else:
            merged.append((start, end))
    return merged


def chunks(items: list[int], size: int) -> list[list[int]]:
    """Cut a list into pieces of at most the given size.

    >>> chunks([1, 2, 3, 4, 5], 2)
    [[1, 2], [3, 4], [5]]
    """
    return [items[i : i + size] for i in range(0, len(items), size)]


def interleave(first: list[str], second: list[str]) -> list[str]:
    """Take items from both lists in turn, then what is left.

    >>> interleave(["a", "b", "c"], ["x"])
    ['a', 'x', 'b', 'c']
    """
    result = []
    for i in range(max(len(first), len(second))):
        if i < len(first):
            result.append(first[i])
        if i < len(second):
            result.append(second[i])
    return result


def window_averages(values: list[float], size: int) -> list[float]:
    """Return the average of each window of so many values.

    >>> window_averages([1, 2, 3, 4], 2)
    [1.5, 2.5, 3.5]
    """
    averages = []
    window: deque[float] = deque()
    total = 0.0
    for value in values:
        window.append(value)
        total += value
        if len(window) > size:
            total -= window.popleft()
        if len(window) == size:
            averages.append(total / size)
    return averages


def top_words(text: str, count: int) -> list[str]:
    """Return the most frequent words, ties in alphabetical order.

    >>> top_words("to be or not to be", 2)
    ['be', 'to']
    """
    counts = Counter(text.lower().split())
    ranked = sorted(counts, key=lambda word: (-counts[word], word))
    return ranked[:count]


def acronym(phrase: str) -> str:
    """Return the first letters of the words, in upper case.

    >>> acronym("portable network graphics")
    'PNG'
    """
    return "".join(word[0] for word in phrase.split()).upper()


def hide_numbers(text: str) -> str:
    """Replace every digit but the last four of the text by an asterisk.

    >>> hide_numbers("card 1234 5678")
    'card **** 5678'
    """
    digits = sum(char.isdigit() for char in text)
    result = ""
    for char in text:
        if char.isdigit():
            result += "*" if digits > 4 else char
            digits -= 1
        else:
            result += char
    return result


def winner(moves: list[tuple[str, int, int]], size: int = 3) -> str | None:
    """Return the player who fills a row or column first, or None.

    >>> winner([("x", 0, 0), ("o", 1, 0), ("x", 0, 1), ("o", 1, 1), ("x", 0, 2)])
    'x'
    """
    rows: Counter[tuple[str, int]] = Counter()
    columns: Counter[tuple[str, int]] = Counter()
    for player, row, column in moves:
        rows[player, row] += 1
        columns[player, column] += 1
        if size in (rows[player, row], columns[player, column]):
            return player
    return None


def expand_ranges(text: str) -> list[int]:
    """Expand a list of pages such as "1-3,7".

    >>> expand_ranges("1-3,7")
    [1, 2, 3, 7]
    """
    pages: list[int] = []
    for part in text.split(","):
        start, dash, end = part.partition("-")
        if dash:
            pages.extend(range(int(start), int(end) + 1))
        else:
            pages.append(int(start))
    return pages


def vertical(words: list[str]) -> list[str]:
    """Return the words written from top to bottom.

    >>> vertical(["ab", "c"])
    ['ac', 'b ']
    """
    height = max(map(len, words), default=0)
    padded = [word.ljust(height) for word in words]
    return ["".join(letters) for letters in zip(*padded, strict=True)]


def ladder(start: str, end: str, words: set[str]) -> int:
    """Return the length of the shortest word ladder, or 0 if there is none.

    >>> ladder("cat", "dog", {"cot", "dot", "dog", "cog"})
    4
    """
    queue = deque([(start, 1)])
    seen = {start}
    while queue:
        word, length = queue.popleft()
        if word == end:
            return length
        for other in words - seen:
            if sum(a != b for a, b in zip(word, other, strict=True)) == 1:
                seen.add(other)
                queue.append((other, length + 1))
    return 0
