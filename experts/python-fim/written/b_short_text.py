"""Small functions on strings, each with an example."""

from collections import Counter


def double_letters(word: str) -> list[str]:
    """Return the letters that stand twice in a row in a word.

    >>> double_letters("bookkeeper")
    ['o', 'k', 'e']
    """
    found = []
    for i in range(len(word) - 1):
        if word[i] == word[i + 1]:
            found.append(word[i])
    return found


def swap_halves(text: str) -> str:
    """Return the second half of a text before its first half.

    >>> swap_halves("deskpen!")
    'pen!desk'
    """
    middle = len(text) // 2
    return text[middle:] + text[:middle]


def count_capitals(text: str) -> int:
    """Count the words of a text that begin with a capital.

    >>> count_capitals("Anna and Ben live in Rome")
    3
    """
    count = 0
    for word in text.split():
        if word[0].isupper():
            count += 1
    return count


def letter_ladder(word: str) -> str:
    """Return a word with each letter repeated once more than the one before.

    >>> letter_ladder("abc")
    'abbccc'
    """
    result = ""
    for i, letter in enumerate(word):
        result += letter * (i + 1)
    return result


def strip_outer(text: str, pairs: tuple[str, ...] = ("()", "[]", '""')) -> str:
    """Return a text without the brackets or quotes around it.

    >>> strip_outer("[(a)]")
    'a'
    """
    while len(text) >= 2 and text[0] + text[-1] in pairs:
        text = text[1:-1]
    return text


def between(text: str, left: str, right: str) -> str:
    """Return what stands between two marks, or an empty string.

    >>> between("price: <b>12</b>", "<b>", "</b>")
    '12'
    """
    start = text.find(left)
    if start == -1:
        return ""
    start += len(left)
    end = text.find(right, start)
    if end == -1:
        return ""
    return text[start:end]


def every_other(text: str, first: int = 0) -> str:
    """Return every other character of a text.

    >>> every_other("h_e_y")
    'hey'
    """
    return text[first::2]


def consonant_count(text: str) -> int:
    """Count the consonants of a text.

    >>> consonant_count("A long day")
    5
    """
    text = text.lower()
    return sum(char.isalpha() and char not in "aeiou" for char in text)


def same_ends(word: str) -> int:
    """Return how many letters a word has in common with its own reverse, from the start on.

    >>> same_ends("level")
    5
    >>> same_ends("banana")
    0
    """
    count = 0
    for left, right in zip(word, reversed(word), strict=True):
        if left != right:
            break
        count += 1
    return count


def fill_gaps(pattern: str, letters: str) -> str:
    """Fill the gaps of a pattern with letters, from left to right.

    >>> fill_gaps("c_t_", "ao")
    'cato'
    """
    rest = list(letters)
    result = []
    for char in pattern:
        if char == "_" and rest:
            char = rest.pop(0)
        result.append(char)
    return "".join(result)


def rarest_letter(text: str) -> str:
    """Return the letter that occurs least often, the first of several.

    >>> rarest_letter("aabbbc")
    'c'
    """
    counts = Counter(text)
    best = text[0]
    for char in text:
        if counts[char] < counts[best]:
            best = char
    return best


def shift_vowels(text: str) -> str:
    """Replace each vowel by the one that follows it.

    >>> shift_vowels("hello")
    'hillu'
    """
    vowels = "aeiou"
    result = ""
    for char in text:
        if char in vowels:
            position = vowels.index(char)
            char = vowels[(position + 1) % len(vowels)]
        result += char
    return result


def is_stretched(short: str, long: str) -> bool:
    """Whether a word becomes another one if its letters are held longer.

    >>> is_stretched("helo", "heeelloo")
    True
    >>> is_stretched("abc", "abbd")
    False
    """
    i = 0
    for j, char in enumerate(long):
        if i < len(short) and short[i] == char:
            i += 1
        elif j == 0 or char != long[j - 1]:
            return False
    return i == len(short)


def longest_without(text: str, letter: str) -> str:
    """Return the longest part of a text that does not contain a letter.

    >>> longest_without("anagrams", "a")
    'gr'
    """
    return max(text.split(letter), key=len)


def vowel_groups(word: str) -> int:
    """Count the groups of vowels in a word.

    >>> vowel_groups("beautiful")
    3
    """
    groups = 0
    inside = False
    for char in word.lower():
        if char in "aeiou":
            if not inside:
                groups += 1
            inside = True
        else:
            inside = False
    return groups


def split_camel(name: str) -> list[str]:
    """Split a name at its capitals.

    >>> split_camel("maxFileSize")
    ['max', 'File', 'Size']
    """
    parts = [""]
    for char in name:
        if char.isupper() and parts[-1]:
            parts.append("")
        parts[-1] += char
    return parts


def box(text: str) -> str:
    """Draw a frame of asterisks around the lines of a text.

    >>> print(box("hi"))
    ******
    * hi *
    ******
    """
    lines = text.splitlines()
    width = max(len(line) for line in lines)
    edge = "*" * (width + 4)
    middle = [f"* {line.ljust(width)} *" for line in lines]
    return "\n".join([edge, *middle, edge])


def typing_distance(word: str, keyboard: str = "qwertyuiopasdfghjklzxcvbnm") -> int:
    """Return how many keys a finger passes on a one-row keyboard to type a word.

    >>> typing_distance("qet")
    4
    """
    position = keyboard.index(word[0])
    total = 0
    for char in word[1:]:
        target = keyboard.index(char)
        total += abs(target - position)
        position = target
    return total
