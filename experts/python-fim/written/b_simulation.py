"""Simulations: things that change step by step."""

from __future__ import annotations

from collections import deque


def bus_ride(capacity: int, stops: list[tuple[int, int]]) -> int:
    """Return how many people could not get on; stops are (off, waiting).

    >>> bus_ride(3, [(0, 2), (1, 4)])
    2
    """
    aboard = 0
    left_behind = 0
    for off, waiting in stops:
        aboard -= min(off, aboard)
        boarding = min(waiting, capacity - aboard)
        aboard += boarding
        left_behind += waiting - boarding
    return left_behind


def robot_position(commands: str) -> tuple[int, int]:
    """Return where a robot ends that starts at the origin and faces north.

    >>> robot_position("FFRF")
    (1, 2)
    """
    x = y = 0
    dx, dy = 0, 1
    for command in commands:
        if command == "F":
            x += dx
            y += dy
        elif command == "R":
            dx, dy = dy, -dx
        elif command == "L":
            dx, dy = -dy, dx
    return x, y


def josephus(count: int, step: int) -> list[int]:
    """Return in which order people leave a circle when every so-manieth goes.

    >>> josephus(5, 2)
    [2, 4, 1, 5, 3]
    """
    circle = deque(range(1, count + 1))
    order = []
    while circle:
        circle.rotate(-(step - 1))
        order.append(circle.popleft())
    return order


def savings_years(start: float, rate: float, goal: float) -> int:
    """Return after how many years savings reach a goal.

    >>> savings_years(1000, 0.05, 1200)
    4
    """
    years = 0
    balance = start
    while balance < goal:
        balance *= 1 + rate
        years += 1
    return years


def rabbits(months: int) -> int:
    """Return the pairs of rabbits if each pair has another from its second month on.

    >>> rabbits(6)
    8
    """
    young, adult = 1, 0
    for _ in range(months - 1):
        young, adult = adult, adult + young
    return young + adult


def traffic_jam(cars: str, steps: int) -> str:
    """Move the cars on a ring road: each goes ahead if there is space.

    >>> traffic_jam("##..", 1)
    '#.#.'
    """
    road = cars
    for _ in range(steps):
        new = ["."] * len(road)
        for i, cell in enumerate(road):
            if cell == "#":
                ahead = (i + 1) % len(road)
                target = ahead if road[ahead] == "." else i
                new[target] = "#"
        road = "".join(new)
    return road


def elementary_automaton(cells: str, rule: int) -> str:
    """Return the next generation of a row of cells under a rule from 0 to 255.

    >>> elementary_automaton("...#...", 90)
    '..#.#..'
    """
    padded = "." + cells + "."
    result = ""
    for i in range(1, len(padded) - 1):
        index = 0
        for cell in padded[i - 1 : i + 2]:
            index = index * 2 + (cell == "#")
        result += "#" if rule >> index & 1 else "."
    return result


def elevator_log(start: int, moves: list[int], top: int) -> list[int]:
    """Return the floors an elevator passes; it stays where a move would leave the house.

    >>> elevator_log(0, [3, -5, 2], 4)
    [0, 3, 3, 3]
    """
    floors = [start]
    for move in moves:
        target = floors[-1] + move
        if 0 <= target <= top:
            floors.append(target)
        else:
            floors.append(floors[-1])
    return floors


def print_queue(priorities: list[int], mine: int) -> int:
    """Return at which turn my page is printed when pages with lower priority go to the end.

    >>> print_queue([1, 3, 2], 0)
    3
    """
    queue = deque(enumerate(priorities))
    turn = 0
    while queue:
        index, priority = queue.popleft()
        if any(other > priority for _, other in queue):
            queue.append((index, priority))
            continue
        turn += 1
        if index == mine:
            return turn
    raise IndexError(mine)


def leaking_bucket(arrivals: list[int], capacity: int, leak: int) -> tuple[int, int]:
    """Return what is left in a bucket and what ran over.

    >>> leaking_bucket([5, 5, 0], 6, 2)
    (2, 2)
    """
    level = spilled = 0
    for amount in arrivals:
        level += amount
        if level > capacity:
            spilled += level - capacity
            level = capacity
        level = max(0, level - leak)
    return level, spilled


def card_war(first: list[int], second: list[int]) -> int:
    """Return the sum of the cards that the first player takes; equal cards are laid away.

    >>> card_war([5, 2, 7], [3, 9, 7])
    8
    """
    taken = 0
    for mine, other in zip(first, second):  # noqa: B905
        if mine > other:
            taken += mine + other
    return taken


def spread_fire(grid: list[str], minutes: int) -> list[str]:
    """Let fire F spread to the trees T beside it for some minutes.

    >>> spread_fire(["FT.", "TT."], 1)
    ['FF.', 'FT.']
    """
    for _ in range(minutes):
        burning = [(i, j) for i, row in enumerate(grid) for j, cell in enumerate(row) if cell == "F"]
        rows = [list(row) for row in grid]
        for i, j in burning:
            for r, c in ((i - 1, j), (i + 1, j), (i, j - 1), (i, j + 1)):
                if 0 <= r < len(rows) and 0 <= c < len(rows[0]) and rows[r][c] == "T":
                    rows[r][c] = "F"
        grid = ["".join(row) for row in rows]
    return grid


def thermostat(readings: list[float], low: float, high: float) -> list[bool]:
    """Return for each reading whether the heating is on; it switches at low and at high.

    >>> thermostat([20, 17, 19, 22, 20], 18, 21)
    [False, True, True, False, False]
    """
    on = False
    states = []
    for reading in readings:
        if reading < low:
            on = True
        elif reading > high:
            on = False
        states.append(on)
    return states


def vending(coins: list[int], price: int) -> list[str]:
    """Return what a machine does at each coin.

    >>> vending([50, 20, 50], 100)
    ['wait', 'wait', 'sell, 20 back']
    """
    inserted = 0
    log = []
    for coin in coins:
        inserted += coin
        if inserted < price:
            log.append("wait")
            continue
        change = inserted - price
        log.append(f"sell, {change} back" if change else "sell")
        inserted = 0
    return log


def predators(hares: float, foxes: float, days: int) -> tuple[int, int]:
    """Return the number of hares and foxes after some days."""
    birth, hunted, gain, death = 0.1, 0.002, 0.0005, 0.05
    for _ in range(days):
        new_hares = hares + birth * hares - hunted * hares * foxes
        new_foxes = foxes + gain * hares * foxes - death * foxes
        hares = max(0.0, new_hares)
        foxes = max(0.0, new_foxes)
    return round(hares), round(foxes)
