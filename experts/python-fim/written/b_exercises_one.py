"""Exercises whose task is told at length, as teachers write them."""


def smooth_road(heights, limit):
    """Return how many cubes of earth a road needs.

    You are given the heights of a road, one number for each metre. Between two neighbours
    the height may change by at most limit. Earth is only added, never taken away.

    Example:
    smooth_road([5, 1, 5], 2) => 2
    """
    level = heights[:]
    for i in range(1, len(level)):
        level[i] = max(level[i], level[i - 1] - limit)
    for i in range(len(level) - 2, -1, -1):
        level[i] = max(level[i], level[i + 1] - limit)
    added = 0
    for before, after in zip(heights, level):  # noqa: B905
        added += after - before
    return added


def birthday_candles(ages):
    """Return how many candles a family buys in a year.

    Everybody gets as many candles as the age is after the next birthday. Packs hold ten
    candles and are shared by the whole family, so round the packs up only at the end.

    For example:
    birthday_candles([9, 29]) == 40
    """
    candles = 0
    for age in ages:
        candles += age + 1
    packs = (candles + 9) // 10
    return packs * 10


def coded_message(message, key):
    """Encode a message with a key of numbers.

    The first letter is moved by the first number of the key, the second by the second one,
    and so on; after its last number the key begins anew. Only small letters are moved, and
    after z comes a again. All else stays as it is.

    Examples
    coded_message("abc", [1, 2]) -> "bdd"
    coded_message("x-z", [3]) -> "a-c"
    """
    encoded = []
    position = 0
    for char in message:
        if "a" <= char <= "z":
            shift = key[position % len(key)]
            index = (ord(char) - ord("a") + shift) % 26
            encoded.append(chr(ord("a") + index))
        else:
            encoded.append(char)
        position += 1  # noqa: SIM113
    return "".join(encoded)


def fair_teams(strengths):
    """Return the smallest difference between two teams.

    All players must play. Each has a strength, and a team is as strong as its players
    together. Try all ways to form the first team; there are never more than twelve players.

    fair_teams([3, 1, 4, 2]) should return 0.
    fair_teams([10, 1]) should return 9.
    """
    total = sum(strengths)
    count = len(strengths)
    best = total
    for mask in range(2**count):
        first = 0
        for i in range(count):
            if mask & (1 << i):
                first += strengths[i]
        difference = abs(total - 2 * first)
        best = min(best, difference)
    return best


def tide_times(levels):
    """Return the hours of high and low water.

    levels[i] is the water level at hour i. High water is an hour that is above both hours
    beside it, low water one that is below both. The first and the last hour do not count.
    Return two lists.

    Example: tide_times([2, 4, 3, 1, 2]) returns ([1], [3])
    """
    high = []
    low = []
    for hour in range(1, len(levels) - 1):
        before = levels[hour - 1]
        after = levels[hour + 1]
        if levels[hour] > before and levels[hour] > after:
            high.append(hour)
        elif levels[hour] < before and levels[hour] < after:
            low.append(hour)
    return high, low


def parking_fee(minutes):
    """Return what parking costs in cents.

    The first half hour is free. Each hour that is begun after that costs 150, but a day of
    24 hours never costs more than 1200.

    >>> parking_fee(30)
    0
    >>> parking_fee(95)
    300
    >>> parking_fee(1500)
    1350
    """
    if minutes <= 30:
        return 0
    days, rest = divmod(minutes, 1440)
    fee = days * 1200
    if days == 0:
        rest -= 30
    hours = (rest + 59) // 60
    fee += min(hours * 150, 1200)
    return fee


def spiral_steps(n):
    """Return how far a walker is from the start after n legs of a spiral.

    The walker goes 1 step north, 2 steps east, 3 steps south, 4 steps west, 5 steps north
    and so on. The distance is counted along streets: the steps east or west plus those
    north or south.

    spiral_steps(1) = 1
    spiral_steps(4) = 4
    """
    x = 0
    y = 0
    for leg in range(1, n + 1):
        direction = leg % 4
        if direction == 1:
            y += leg
        elif direction == 2:
            x += leg
        elif direction == 3:
            y -= leg
        else:
            x -= leg
    return abs(x) + abs(y)


def snack_machine(prices, coins):
    """Return the most expensive snack that some coins can pay exactly.

    Every coin may be used once. If no snack can be paid exactly, return None.

    >>> snack_machine([120, 75, 90], [50, 20, 20, 5])
    90
    >>> snack_machine([30], [20])
    """
    sums = {0}
    for coin in coins:
        sums |= {total + coin for total in sums}
    best = None
    for price in prices:
        if price in sums and (best is None or price > best):
            best = price
    return best


def train_delay(plan, actual):
    """Return the largest delay of a train in minutes.

    plan and actual are lists of times like "08:05", one for each station, in the same
    order. A train that is early has no delay at that station.

    >>> train_delay(["08:00", "08:30"], ["08:04", "08:29"])
    4
    """
    largest = 0
    for planned, real in zip(plan, actual):  # noqa: B905
        hours, minutes = planned.split(":")
        due = int(hours) * 60 + int(minutes)
        hours, minutes = real.split(":")
        came = int(hours) * 60 + int(minutes)
        delay = came - due
        if delay > largest:
            largest = delay
    return largest


def word_chain_score(words):
    """Return the score of a chain of words.

    A word scores its length if it begins with the last letter of the word before. The first
    word always scores. A word that was already said ends the chain.

    >>> word_chain_score(["tea", "apple", "egg", "tea", "ant"])
    11
    """
    said = set()
    score = 0
    last = ""
    for word in words:
        if word in said:
            break
        if not last or word[0] == last:
            score += len(word)
        said.add(word)
        last = word[-1]
    return score


def garden_fence(plants, spacing):
    """Return the length of the shortest fence around plants in a row.

    plants holds the places of the plants in a row, in any order. The fence keeps a distance
    of spacing on all four sides of the row.

    >>> garden_fence([4, 1, 9], 1)
    24
    """
    if not plants:
        return 0
    length = max(plants) - min(plants) + 2 * spacing
    width = 2 * spacing
    return 2 * (length + width)


def light_switches(count, presses):
    """Return which lights are on at the end.

    There are count lights in a row, all off, numbered from 1. Pressing the switch k turns
    every k-th light around: k, 2k, 3k and so on.

    >>> light_switches(6, [2, 3])
    [2, 3, 4]
    """
    lights = [False] * (count + 1)
    for k in presses:
        for number in range(k, count + 1, k):
            lights[number] = not lights[number]
    return [number for number in range(1, count + 1) if lights[number]]


def repair_sequence(values):
    """Return the values with gaps filled by the mean of their neighbours.

    A gap is None. There are never two gaps side by side, and none at the ends.

    >>> repair_sequence([2, None, 4])
    [2, 3.0, 4]
    """
    repaired = list(values)
    for i, value in enumerate(repaired):
        if value is None:
            before = repaired[i - 1]
            after = repaired[i + 1]
            repaired[i] = (before + after) / 2
    return repaired


def cheapest_day(prices):
    """Return the days on which to buy and to sell.

    prices[i] is the price on day i. The day of selling must come after the day of buying.
    If there is no gain to be made return (-1, -1). Of equal gains take the first.

    >>> cheapest_day([7, 3, 5, 2, 8])
    (3, 4)
    >>> cheapest_day([4, 3])
    (-1, -1)
    """
    best = (-1, -1)
    gain = 0
    low = 0
    for day in range(1, len(prices)):
        if prices[day] - prices[low] > gain:
            gain = prices[day] - prices[low]
            best = (low, day)
        if prices[day] < prices[low]:
            low = day
    return best


def shuffle_deck(deck, times):
    """Return a deck after some perfect shuffles.

    In a perfect shuffle the deck is cut into two halves, and the cards of both are put
    together by turns, beginning with the first card of the first half. The deck has an
    even number of cards.

    >>> shuffle_deck([1, 2, 3, 4, 5, 6], 1)
    [1, 4, 2, 5, 3, 6]
    """
    for _ in range(times):
        half = len(deck) // 2
        shuffled = []
        for top, bottom in zip(deck[:half], deck[half:]):  # noqa: B905
            shuffled.append(top)
            shuffled.append(bottom)
        deck = shuffled
    return deck


def valid_plate(plate):
    """Whether a number plate is valid.

    A plate has two or three capital letters, a dash and four digits. The digits must not
    all be the same, and the letters must not contain O.

    valid_plate("AB-1234") == True
    valid_plate("OB-1234") == False
    valid_plate("AB-1111") == False
    """
    letters, dash, digits = plate.partition("-")
    if dash != "-" or len(letters) not in (2, 3) or len(digits) != 4:
        return False
    if not letters.isalpha() or not letters.isupper():
        return False
    if "O" in letters:
        return False
    return digits.isdigit() and len(set(digits)) > 1


def sort_socks(socks):
    """Return the socks by colour, pairs first.

    Each sock is a string with its colour. Put the pairs of a colour first, then the single
    socks that are left; both parts are sorted by colour.

    >>> sort_socks(["red", "blue", "red", "green", "red"])
    ['red', 'red', 'blue', 'green', 'red']
    """
    counts = {}
    for sock in socks:
        counts[sock] = counts.get(sock, 0) + 1
    pairs = []
    singles = []
    for color in sorted(counts):
        count = counts[color]
        pairs += [color] * (count - count % 2)
        if count % 2 == 1:
            singles.append(color)
    return pairs + singles


def rule_of_signs(expression):
    """Return the value of a sum with doubled signs.

    The expression holds numbers and the signs plus and minus; several signs may follow each
    other, and two minus signs make a plus.

    >>> rule_of_signs("4--3+-2")
    5
    """
    total = 0
    sign = 1
    digits = ""
    for char in expression + "+":
        if char.isdigit():
            digits += char
            continue
        if digits:
            total += sign * int(digits)
            digits = ""
            sign = 1
        if char == "-":
            sign = -sign
    return total
