"""Games and machines as states: boards, turns, undo, tokens, levels."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from enum import Enum

WORDS = ("basket", "candle", "forest", "ladder", "mirror", "pocket")


class Phase(Enum):
    """Where a match stands."""

    LOBBY = "lobby"
    PLAYING = "playing"
    PAUSED = "paused"
    OVER = "over"


ALLOWED = {
    Phase.LOBBY: {Phase.PLAYING},
    Phase.PLAYING: {Phase.PAUSED, Phase.OVER},
    Phase.PAUSED: {Phase.PLAYING, Phase.OVER},
    Phase.OVER: set(),
}


class Match:
    """A match of several players that goes through phases."""

    def __init__(self, players: list[str], rounds: int = 3) -> None:
        self.players = players
        self.rounds = rounds
        self.phase = Phase.LOBBY
        self.scores = dict.fromkeys(players, 0)
        self.played = 0

    def go(self, phase: Phase) -> None:
        """Change to another phase, or fail if that is not allowed."""
        if phase not in ALLOWED[self.phase]:
            raise RuntimeError(f"cannot go from {self.phase.value} to {phase.value}")
        self.phase = phase

    def score(self, player: str, points: int) -> None:
        """Give a player points and end the match after the last round."""
        if self.phase is not Phase.PLAYING:
            raise RuntimeError("nobody is playing")
        self.scores[player] += points
        self.played += 1
        if self.played == self.rounds:
            self.go(Phase.OVER)

    def leader(self) -> str | None:
        """Return who has most points, or None if several have."""
        best = max(self.scores.values())
        leaders = [name for name, points in self.scores.items() if points == best]
        return leaders[0] if len(leaders) == 1 else None


@dataclass(frozen=True)
class Hero:
    """A hero; changes give a new one."""

    name: str
    health: int = 20
    gold: int = 0
    items: tuple[str, ...] = ()

    def hit(self, damage: int) -> Hero:
        """Return the hero after a blow; a shield halves it."""
        if "shield" in self.items:
            damage //= 2
        return replace(self, health=max(0, self.health - damage))

    def heal(self, amount: int, most: int = 20) -> Hero:
        """Return the hero with more health, at most so much."""
        return replace(self, health=min(most, self.health + amount))

    def buy(self, item: str, price: int) -> Hero:
        """Return the hero with an item and less gold."""
        if price > self.gold:
            raise ValueError(f"{item} costs {price}")
        return replace(self, gold=self.gold - price, items=(*self.items, item))

    @property
    def alive(self) -> bool:
        """Whether the hero can go on."""
        return self.health > 0


class Board:
    """A board of squares with pieces."""

    def __init__(self, rows: int, columns: int) -> None:
        self.rows = rows
        self.columns = columns
        self.cells: dict[tuple[int, int], str] = {}

    def inside(self, row: int, column: int) -> bool:
        """Whether a square is on the board."""
        return 0 <= row < self.rows and 0 <= column < self.columns

    def put(self, row: int, column: int, piece: str) -> None:
        """Put a piece on a free square."""
        if not self.inside(row, column):
            raise IndexError(f"no square {row}, {column}")
        if (row, column) in self.cells:
            raise ValueError("the square is taken")
        self.cells[row, column] = piece

    def free(self) -> Iterator[tuple[int, int]]:
        """Yield the squares without a piece."""
        for row in range(self.rows):
            for column in range(self.columns):
                if (row, column) not in self.cells:
                    yield row, column

    def line_length(self, row: int, column: int, dr: int, dc: int) -> int:
        """Return how many equal pieces follow a square in a direction, itself included."""
        piece = self.cells.get((row, column))
        length = 0
        while piece is not None and self.cells.get((row, column)) == piece:
            length += 1
            row += dr
            column += dc
        return length

    def winner(self, needed: int) -> str | None:
        """Return whose pieces form a line of a length, or None."""
        for (row, column), piece in self.cells.items():
            for dr, dc in ((0, 1), (1, 0), (1, 1), (1, -1)):
                if self.line_length(row, column, dr, dc) >= needed:
                    return piece
        return None

    def __str__(self) -> str:
        lines = []
        for row in range(self.rows):
            lines.append(" ".join(self.cells.get((row, column), ".") for column in range(self.columns)))
        return "\n".join(lines)


class Snake:
    """A snake on a board that wraps around."""

    def __init__(self, width: int, height: int) -> None:
        self.width = width
        self.height = height
        self.body = [(width // 2, height // 2)]
        self.direction = (1, 0)
        self.growing = 0

    def turn(self, direction: tuple[int, int]) -> None:
        """Change the direction, but never straight back."""
        dx, dy = direction
        if (dx, dy) != (-self.direction[0], -self.direction[1]):
            self.direction = direction

    def step(self) -> bool:
        """Move on by a square; whether the snake is still alive."""
        x, y = self.body[0]
        head = ((x + self.direction[0]) % self.width, (y + self.direction[1]) % self.height)
        if head in self.body:
            return False
        self.body.insert(0, head)
        if self.growing > 0:
            self.growing -= 1
        else:
            self.body.pop()
        return True

    def eat(self, amount: int = 1) -> None:
        """Grow by some squares in the next steps."""
        self.growing += amount


class WordGuess:
    """A word that is guessed letter by letter."""

    def __init__(self, word: str, lives: int = 6) -> None:
        self.word = word
        self.lives = lives
        self.guessed: set[str] = set()

    def guess(self, letter: str) -> bool:
        """Guess a letter; whether the word has it."""
        if letter in self.guessed:
            return letter in self.word
        self.guessed.add(letter)
        if letter not in self.word:
            self.lives -= 1
            return False
        return True

    def shown(self) -> str:
        """Return the word with the letters that were not guessed hidden."""
        return " ".join(letter if letter in self.guessed else "_" for letter in self.word)

    @property
    def won(self) -> bool:
        """Whether all letters were guessed."""
        return set(self.word) <= self.guessed

    @property
    def lost(self) -> bool:
        """Whether no lives are left."""
        return self.lives <= 0


@dataclass
class Inventory:
    """What a player carries, stacked by kind."""

    slots: int = 8
    stack: int = 64
    items: list[tuple[str, int]] = field(default_factory=list)

    def add(self, kind: str, count: int) -> int:
        """Add things and return how many found no space."""
        for i, (name, have) in enumerate(self.items):
            if name == kind and have < self.stack:
                moved = min(count, self.stack - have)
                self.items[i] = (name, have + moved)
                count -= moved
        while count > 0 and len(self.items) < self.slots:
            moved = min(count, self.stack)
            self.items.append((kind, moved))
            count -= moved
        return count

    def total(self, kind: str) -> int:
        """Return how many things of a kind there are."""
        return sum(count for name, count in self.items if name == kind)


class Turnstile:
    """A gate that opens for a coin."""

    def __init__(self) -> None:
        self.locked = True
        self.coins = 0

    def insert_coin(self) -> str:
        """Take a coin and open the gate."""
        self.coins += 1
        if not self.locked:
            return "thank you"
        self.locked = False
        return "open"

    def push(self) -> str:
        """Let somebody through, or not."""
        if self.locked:
            return "closed"
        self.locked = True
        return "welcome"


def deal_hands(deck: list[str], players: int, size: int) -> list[list[str]]:
    """Deal hands of a size, one card to each player in turn.

    >>> deal_hands(["1", "2", "3", "4", "5"], 2, 2)
    [['1', '3'], ['2', '4']]
    """
    if players * size > len(deck):
        raise ValueError("there are too few cards")
    return [deck[player : players * size : players] for player in range(players)]


def farkle_score(dice: list[int]) -> int:
    """Return the points of a throw of dice.

    Triples count a hundred times their number, three ones a thousand; ones and fives also count alone.

    >>> farkle_score([1, 1, 1, 5, 2])
    1050
    """
    score = 0
    for number in range(1, 7):
        count = dice.count(number)
        if count >= 3:
            score += 1000 if number == 1 else number * 100
            count -= 3
        if number == 1:
            score += count * 100
        elif number == 5:
            score += count * 50
    return score


def level_for(points: int, first: int = 100, growth: float = 1.5) -> tuple[int, int]:
    """Return the level of some points and how many are missing to the next one.

    >>> level_for(260)
    (3, 215)
    """
    level = 1
    needed = first
    total = first
    while points >= total:
        level += 1
        needed = int(needed * growth)
        total += needed
    return level, total - points


def choose_word(rng: random.Random, used: set[str]) -> str:
    """Return a random word that was not used, or any if all were."""
    left = [word for word in WORDS if word not in used]
    word = rng.choice(left or list(WORDS))
    used.add(word)
    return word


def bot_move(board: Board, me: str, other: str, needed: int) -> tuple[int, int]:
    """Return the computer's square: one that wins, or blocks, or the first free one."""
    for piece in (me, other):
        for square in list(board.free()):
            board.cells[square] = piece
            wins = board.winner(needed) == piece
            del board.cells[square]
            if wins:
                return square
    return next(board.free())
