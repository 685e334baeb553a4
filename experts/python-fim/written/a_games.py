"""Games: cards, dice, boards, text adventures."""

from __future__ import annotations

import random
from collections import Counter
from dataclasses import dataclass, field
from enum import Enum, auto

SUITS = ("clubs", "diamonds", "hearts", "spades")
RANKS = ("2", "3", "4", "5", "6", "7", "8", "9", "10", "J", "Q", "K", "A")


@dataclass(frozen=True)
class Card:
    """A playing card."""

    rank: str
    suit: str

    def __str__(self) -> str:
        return f"{self.rank} of {self.suit}"

    @property
    def value(self) -> int:
        """Return the value of the card in blackjack, aces as 11."""
        if self.rank == "A":
            return 11
        if self.rank in ("J", "Q", "K"):
            return 10
        return int(self.rank)


class Deck:
    """Cards that can be shuffled and dealt."""

    def __init__(self, rng: random.Random | None = None) -> None:
        self.rng = rng or random.Random()
        self.cards = [Card(rank, suit) for suit in SUITS for rank in RANKS]

    def shuffle(self) -> None:
        """Shuffle the cards that are left."""
        self.rng.shuffle(self.cards)

    def deal(self, count: int = 1) -> list[Card]:
        """Take cards from the top of the deck."""
        if count > len(self.cards):
            raise ValueError(f"only {len(self.cards)} cards left")
        dealt = self.cards[:count]
        self.cards = self.cards[count:]
        return dealt

    def __len__(self) -> int:
        return len(self.cards)


def hand_value(cards: list[Card]) -> int:
    """Return the blackjack value of a hand, with aces as 1 where needed."""
    total = sum(card.value for card in cards)
    aces = sum(card.rank == "A" for card in cards)
    while total > 21 and aces:
        total -= 10
        aces -= 1
    return total


def is_flush(cards: list[Card]) -> bool:
    """Whether all cards have the same suit."""
    return len({card.suit for card in cards}) == 1


def is_straight(cards: list[Card]) -> bool:
    """Whether the ranks of the cards follow each other."""
    places = sorted(RANKS.index(card.rank) for card in cards)
    return places == list(range(places[0], places[0] + len(cards)))


def roll(dice: str, rng: random.Random) -> int:
    """Roll dice such as "3d6+2" and return the total."""
    count, _, rest = dice.partition("d")
    sides, _, bonus = rest.partition("+")
    total = sum(rng.randint(1, int(sides)) for _ in range(int(count or 1)))
    return total + int(bonus or 0)


class TicTacToe:
    """Noughts and crosses for two players."""

    LINES = ((0, 1, 2), (3, 4, 5), (6, 7, 8), (0, 3, 6), (1, 4, 7), (2, 5, 8), (0, 4, 8), (2, 4, 6))

    def __init__(self) -> None:
        self.board = [" "] * 9
        self.player = "X"

    def play(self, cell: int) -> None:
        """Put the current player's sign on a cell and change turns."""
        if self.board[cell] != " ":
            raise ValueError(f"cell {cell} is taken")
        self.board[cell] = self.player
        self.player = "O" if self.player == "X" else "X"

    @property
    def winner(self) -> str | None:
        """Return the player who has a line, or None."""
        for a, b, c in self.LINES:
            if self.board[a] != " " and self.board[a] == self.board[b] == self.board[c]:
                return self.board[a]
        return None

    @property
    def is_over(self) -> bool:
        """Whether somebody has won or the board is full."""
        return self.winner is not None or " " not in self.board

    def free_cells(self) -> list[int]:
        """Return the cells that nobody has taken."""
        return [i for i, sign in enumerate(self.board) if sign == " "]

    def __str__(self) -> str:
        rows = [" | ".join(self.board[i : i + 3]) for i in (0, 3, 6)]
        return "\n--+---+--\n".join(rows)


def guess_feedback(secret: str, guess: str) -> str:
    """Return for each letter of a guess G (right), Y (elsewhere) or - (not there)."""
    marks = ["-"] * len(guess)
    left = Counter(secret)
    for i, letter in enumerate(guess):
        if secret[i] == letter:
            marks[i] = "G"
            left[letter] -= 1
    for i, letter in enumerate(guess):
        if marks[i] == "-" and left[letter] > 0:
            marks[i] = "Y"
            left[letter] -= 1
    return "".join(marks)


class Hangman:
    """Guess a word letter by letter."""

    def __init__(self, word: str, lives: int = 6) -> None:
        self.word = word.lower()
        self.lives = lives
        self.guessed: set[str] = set()

    def guess(self, letter: str) -> bool:
        """Guess a letter; whether the word has it."""
        letter = letter.lower()
        self.guessed.add(letter)
        if letter in self.word:
            return True
        self.lives -= 1
        return False

    @property
    def shown(self) -> str:
        """Return the word with the letters that are not guessed yet hidden."""
        return " ".join(letter if letter in self.guessed else "_" for letter in self.word)

    @property
    def is_won(self) -> bool:
        """Whether every letter of the word was guessed."""
        return set(self.word) <= self.guessed


class Direction(Enum):
    """Where a snake or a robot can go."""

    NORTH = auto()
    EAST = auto()
    SOUTH = auto()
    WEST = auto()

    def turn_right(self) -> Direction:
        """Return the direction after a turn to the right."""
        order = list(Direction)
        return order[(order.index(self) + 1) % len(order)]

    @property
    def step(self) -> tuple[int, int]:
        """Return the change of x and y for one step."""
        steps = {
            Direction.NORTH: (0, -1),
            Direction.EAST: (1, 0),
            Direction.SOUTH: (0, 1),
            Direction.WEST: (-1, 0),
        }
        return steps[self]


@dataclass
class Player:
    """The hero of an adventure."""

    name: str
    health: int = 100
    gold: int = 0
    inventory: list[str] = field(default_factory=list)

    def take_damage(self, amount: int) -> None:
        """Lower the health, but never below zero."""
        self.health = max(0, self.health - amount)

    def heal(self, amount: int) -> None:
        """Raise the health, but never above a hundred."""
        self.health = min(100, self.health + amount)

    @property
    def is_alive(self) -> bool:
        """Whether the player has any health left."""
        return self.health > 0

    def buy(self, item: str, price: int) -> bool:
        """Buy an item; whether there was enough gold."""
        if self.gold < price:
            return False
        self.gold -= price
        self.inventory.append(item)
        return True


def life_step(alive: set[tuple[int, int]]) -> set[tuple[int, int]]:
    """Return the living cells of the next generation in the game of life."""
    neighbors = Counter(
        (x + dx, y + dy) for x, y in alive for dx in (-1, 0, 1) for dy in (-1, 0, 1) if (dx, dy) != (0, 0)
    )
    return {cell for cell, count in neighbors.items() if count == 3 or (count == 2 and cell in alive)}


def update_elo(winner: float, loser: float, k: float = 32.0) -> tuple[float, float]:
    """Return the new ratings of winner and loser after a game."""
    expected = 1 / (1 + 10 ** ((loser - winner) / 400))
    change = k * (1 - expected)
    return winner + change, loser - change


def standings(results: list[tuple[str, int, str, int]]) -> list[tuple[str, int]]:
    """Return the teams with their points, the best first."""
    points: Counter[str] = Counter()
    for home, home_goals, away, away_goals in results:
        if home_goals == away_goals:
            points.update({home: 1, away: 1})
        else:
            points.update({home if home_goals > away_goals else away: 3})
            points.update({home: 0, away: 0})
    return sorted(points.items(), key=lambda item: (-item[1], item[0]))


def pair_players(players: list[str]) -> list[list[tuple[str, str]]]:
    """Return the rounds of a tournament in which everyone meets once."""
    players = players + ["bye"] * (len(players) % 2)
    rounds = []
    for _ in range(len(players) - 1):
        half = len(players) // 2
        rounds.append(list(zip(players[:half], reversed(players[half:]), strict=True)))
        players = [players[0], players[-1], *players[1:-1]]
    return rounds
