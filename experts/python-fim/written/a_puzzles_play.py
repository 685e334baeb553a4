"""Short puzzles from games and sports, with examples."""

from __future__ import annotations

from collections import Counter


def bowling_score(rolls: list[int]) -> int:
    """Return the score of a game of bowling from its rolls.

    >>> bowling_score([10] * 12)
    300
    >>> bowling_score([5, 5] + [3, 0] * 9)
    40
    """
    score = 0
    i = 0
    for _ in range(10):
        if rolls[i] == 10:
            score += 10 + rolls[i + 1] + rolls[i + 2]
            i += 1
        elif rolls[i] + rolls[i + 1] == 10:
            score += 10 + rolls[i + 2]
            i += 2
        else:
            score += rolls[i] + rolls[i + 1]
            i += 2
    return score


def tennis_score(server: int, receiver: int) -> str:
    """Return the score of a game of tennis in words.

    >>> tennis_score(2, 1)
    '30-15'
    >>> tennis_score(3, 3)
    'deuce'
    >>> tennis_score(5, 3)
    'game server'
    """
    if max(server, receiver) >= 4 and abs(server - receiver) >= 2:
        return "game server" if server > receiver else "game receiver"
    if min(server, receiver) >= 3:
        if server == receiver:
            return "deuce"
        return "advantage server" if server > receiver else "advantage receiver"
    names = ["0", "15", "30", "40"]
    return f"{names[server]}-{names[receiver]}"


def beats(first: str, second: str) -> bool:
    """Whether the first hand wins a round of rock, paper, scissors.

    >>> beats("rock", "scissors")
    True
    >>> beats("rock", "rock")
    False
    """
    wins = {"rock": "scissors", "scissors": "paper", "paper": "rock"}
    return wins[first] == second


def full_house(dice: list[int]) -> int:
    """Return the sum of five dice if they are a full house, else 0.

    >>> full_house([2, 2, 5, 5, 5])
    19
    >>> full_house([1, 2, 3, 4, 5])
    0
    """
    counts = sorted(Counter(dice).values())
    if counts == [2, 3]:
        return sum(dice)
    return 0


def mine_counts(field: list[str]) -> list[str]:
    """Replace each free cell by the number of mines around it.

    >>> mine_counts(["*..", "..."])
    ['*10', '110']
    """
    result = []
    for r, row in enumerate(field):
        line = ""
        for c, cell in enumerate(row):
            if cell == "*":
                line += "*"
                continue
            around = [field[y][max(0, c - 1) : c + 2] for y in range(max(0, r - 1), min(len(field), r + 2))]
            line += str("".join(around).count("*"))
        result.append(line)
    return result


def snakes_and_ladders(rolls: list[int], jumps: dict[int, int], goal: int = 100) -> int:
    """Return the square that a player reaches with the rolls.

    A roll beyond the goal is not moved.

    >>> snakes_and_ladders([3, 4], {3: 20}, 30)
    24
    >>> snakes_and_ladders([6, 6], {}, 10)
    6
    """
    square = 0
    for roll in rolls:
        if square + roll > goal:
            continue
        square += roll
        square = jumps.get(square, square)
    return square


def mastermind(secret: str, guess: str) -> tuple[int, int]:
    """Return how many colors are right, and how many are there but elsewhere.

    >>> mastermind("RGBY", "RBGO")
    (1, 2)
    """
    right = sum(a == b for a, b in zip(secret, guess, strict=True))
    common = sum((Counter(secret) & Counter(guess)).values())
    return right, common - right


def nim_move(piles: list[int]) -> tuple[int, int] | None:
    """Return the pile and how much to take from it to win at Nim, or None.

    >>> nim_move([3, 4, 5])
    (0, 2)
    >>> nim_move([1, 1]) is None
    True
    """
    total = 0
    for pile in piles:
        total ^= pile
    for i, pile in enumerate(piles):
        target = pile ^ total
        if target < pile:
            return i, pile - target
    return None


def drop_disc(board: list[list[str]], column: int, color: str) -> int | None:
    """Drop a disc into a column and return the row it lands in, or None if full.

    >>> board = [[".", "."], [".", "."]]
    >>> drop_disc(board, 0, "R")
    1
    >>> board
    [['.', '.'], ['R', '.']]
    """
    for row in range(len(board) - 1, -1, -1):
        if board[row][column] == ".":
            board[row][column] = color
            return row
    return None


def snake_draft(players: list[str], rounds: int) -> list[str]:
    """Return the order of picks when each round reverses the one before.

    >>> snake_draft(["a", "b"], 3)
    ['a', 'b', 'b', 'a', 'a', 'b']
    """
    order = []
    for number in range(rounds):
        if number % 2 == 0:
            order.extend(players)
        else:
            order.extend(reversed(players))
    return order


def table(results: dict[str, list[str]]) -> list[tuple[str, int]]:
    """Return teams and points, three for a win and one for a draw, best first.

    >>> table({"Reds": ["win", "loss"], "Blues": ["draw", "win"]})
    [('Blues', 4), ('Reds', 3)]
    """
    points = {"win": 3, "draw": 1, "loss": 0}
    totals = [(team, sum(points[result] for result in games)) for team, games in results.items()]
    return sorted(totals, key=lambda entry: entry[1], reverse=True)


def medal_ranks(scores: list[int]) -> list[int]:
    """Return the rank of each score, equal scores sharing the better rank.

    >>> medal_ranks([50, 70, 70, 20])
    [3, 1, 1, 4]
    """
    ordered = sorted(scores, reverse=True)
    return [ordered.index(score) + 1 for score in scores]


def final_position(moves: str) -> tuple[int, int]:
    """Return where a walker ends up after moves to N, E, S and W.

    >>> final_position("NNE")
    (1, 2)
    """
    x = y = 0
    for move in moves:
        if move == "N":
            y += 1
        elif move == "S":
            y -= 1
        elif move == "E":
            x += 1
        elif move == "W":
            x -= 1
    return x, y


def crosses_itself(moves: list[tuple[int, int]]) -> bool:
    """Whether a path of steps visits any place twice.

    >>> crosses_itself([(0, 1), (1, 0), (0, -1), (-1, 0)])
    True
    >>> crosses_itself([(0, 1), (0, 1)])
    False
    """
    x = y = 0
    visited = {(0, 0)}
    for dx, dy in moves:
        x += dx
        y += dy
        if (x, y) in visited:
            return True
        visited.add((x, y))
    return False


def knight_can_reach(start: str, end: str) -> bool:
    """Whether a knight can move between two squares of a chessboard.

    >>> knight_can_reach("g1", "f3")
    True
    >>> knight_can_reach("a1", "a2")
    False
    """
    columns = abs(ord(start[0]) - ord(end[0]))
    rows = abs(int(start[1]) - int(end[1]))
    return sorted((columns, rows)) == [1, 2]


def domino_chain(tiles: list[tuple[int, int]]) -> bool:
    """Whether the tiles, laid in this order, match end to end.

    >>> domino_chain([(1, 2), (2, 4), (4, 4)])
    True
    >>> domino_chain([(1, 2), (3, 4)])
    False
    """
    return all(tiles[i - 1][1] == tiles[i][0] for i in range(1, len(tiles)))


def last_one_standing(people: int, step: int) -> int:
    """Return who is left when every so-many-th person of a circle leaves.

    >>> last_one_standing(7, 3)
    4
    """
    circle = list(range(1, people + 1))
    index = 0
    while len(circle) > 1:
        index = (index + step - 1) % len(circle)
        circle.pop(index)
    return circle[0]


def level_from_xp(xp: int, base: int = 100) -> int:
    """Return a hero's level when each level costs one base more than the last.

    >>> level_from_xp(99)
    1
    >>> level_from_xp(300)
    3
    """
    level = 1
    needed = base
    while xp >= needed:
        xp -= needed
        level += 1
        needed += base
    return level


def fight(hero: int, damage: int, monster: int, strike: int) -> str:
    """Return who wins when hero and monster hit each other in turn, hero first.

    >>> fight(10, 4, 8, 5)
    'hero'
    """
    while True:
        monster -= damage
        if monster <= 0:
            return "hero"
        hero -= strike
        if hero <= 0:
            return "monster"


def best_hand(cards: list[str]) -> str:
    """Name the best group of equal ranks in a hand.

    >>> best_hand(["7H", "7D", "KC", "KS", "2D"])
    'two pairs'
    >>> best_hand(["7H", "7D", "7C"])
    'three of a kind'
    """
    counts = sorted(Counter(card[:-1] for card in cards).values(), reverse=True)
    if counts[0] == 4:
        return "four of a kind"
    if counts[0] == 3:
        return "full house" if 2 in counts else "three of a kind"
    if counts[0] == 2:
        return "two pairs" if counts.count(2) == 2 else "pair"
    return "high card"


def relay_times(splits: list[float], runners: int) -> list[float]:
    """Return the total time of each runner when they take laps in turn.

    >>> relay_times([10.0, 11.0, 12.0], 2)
    [22.0, 11.0]
    """
    totals = [0.0] * runners
    for lap, split in enumerate(splits):
        totals[lap % runners] += split
    return totals


def longest_streak(games: str, outcome: str = "W") -> int:
    """Return the longest run of an outcome.

    >>> longest_streak("WWLWWWD")
    3
    """
    best = run = 0
    for game in games:
        run = run + 1 if game == outcome else 0
        best = max(best, run)
    return best
