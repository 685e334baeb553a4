"""A text adventure: rooms, things, commands and the state of the game."""

from __future__ import annotations

import json
import random
from dataclasses import asdict, dataclass, field
from pathlib import Path

OPPOSITE = {"north": "south", "south": "north", "east": "west", "west": "east", "up": "down", "down": "up"}
SHORTCUTS = {"n": "north", "s": "south", "e": "east", "w": "west", "i": "inventory", "l": "look"}


@dataclass
class Thing:
    """Something that can be looked at and maybe taken."""

    name: str
    description: str
    weight: int = 1
    fixed: bool = False


@dataclass
class Room:
    """A place with exits and things."""

    name: str
    description: str
    exits: dict[str, str] = field(default_factory=dict)
    things: list[Thing] = field(default_factory=list)
    visited: bool = False

    def describe(self) -> str:
        """Return what a player sees; a room seen before is described shortly."""
        lines = [self.name]
        if not self.visited:
            lines.append(self.description)
        for thing in self.things:
            lines.append(f"There is a {thing.name} here.")
        if self.exits:
            lines.append("Exits: " + ", ".join(sorted(self.exits)))
        self.visited = True
        return "\n".join(lines)

    def find(self, name: str) -> Thing | None:
        """Return the thing of a name in this room, or None."""
        for thing in self.things:
            if thing.name == name:
                return thing
        return None


class World:
    """All rooms and how they are connected."""

    def __init__(self) -> None:
        self.rooms: dict[str, Room] = {}

    def add(self, room: Room) -> Room:
        """Add a room and return it."""
        if room.name in self.rooms:
            raise ValueError(f"there is already a room {room.name}")
        self.rooms[room.name] = room
        return room

    def connect(self, first: str, direction: str, second: str) -> None:
        """Connect two rooms both ways."""
        self.rooms[first].exits[direction] = second
        self.rooms[second].exits[OPPOSITE[direction]] = first

    def unreachable(self, start: str) -> list[str]:
        """Return the rooms that no way leads to from a start."""
        seen = {start}
        waiting = [start]
        while waiting:
            room = self.rooms[waiting.pop()]
            for name in room.exits.values():
                if name not in seen:
                    seen.add(name)
                    waiting.append(name)
        return sorted(set(self.rooms) - seen)


class Game:
    """A game in progress."""

    def __init__(self, world: World, start: str, strength: int = 5) -> None:
        self.world = world
        self.room = world.rooms[start]
        self.strength = strength
        self.carried: list[Thing] = []
        self.moves = 0
        self.over = False

    @property
    def load(self) -> int:
        """Return the weight of all things that are carried."""
        return sum(thing.weight for thing in self.carried)

    def run(self, line: str) -> str:
        """Carry out a command and return what happens."""
        words = parse(line)
        if not words:
            return "Say something."
        verb, *rest = words
        method = getattr(self, f"do_{verb}", None)
        if verb in OPPOSITE:
            method, rest = self.do_go, [verb]
        if method is None:
            return f"I do not know how to {verb}."
        self.moves += 1
        return method(" ".join(rest))

    def do_go(self, direction: str) -> str:
        """Walk into the next room."""
        target = self.room.exits.get(direction)
        if target is None:
            return "You cannot go there."
        self.room = self.world.rooms[target]
        return self.room.describe()

    def do_take(self, name: str) -> str:
        """Take a thing from the room."""
        thing = self.room.find(name)
        if thing is None:
            return f"There is no {name} here."
        if thing.fixed:
            return f"The {name} does not move."
        if self.load + thing.weight > self.strength:
            return "That is too much to carry."
        self.room.things.remove(thing)
        self.carried.append(thing)
        return "Taken."

    def do_drop(self, name: str) -> str:
        """Put a carried thing down."""
        for thing in self.carried:
            if thing.name == name:
                self.carried.remove(thing)
                self.room.things.append(thing)
                return "Dropped."
        return f"You have no {name}."

    def do_look(self, _: str = "") -> str:
        """Describe the room in full again."""
        self.room.visited = False
        return self.room.describe()

    def do_inventory(self, _: str = "") -> str:
        """List what is carried."""
        if not self.carried:
            return "You carry nothing."
        return "You carry: " + ", ".join(thing.name for thing in self.carried)

    def save(self, path: Path) -> None:
        """Write the state of the game to a file."""
        state = {
            "room": self.room.name,
            "moves": self.moves,
            "carried": [asdict(thing) for thing in self.carried],
        }
        path.write_text(json.dumps(state), encoding="utf-8")

    def load_from(self, path: Path) -> None:
        """Go on with a game that was saved."""
        state = json.loads(path.read_text(encoding="utf-8"))
        self.room = self.world.rooms[state["room"]]
        self.moves = state["moves"]
        self.carried = [Thing(**thing) for thing in state["carried"]]


def parse(line: str) -> list[str]:
    """Return a command's words in lower case, without articles, short forms spelled out.

    >>> parse("Take the lamp")
    ['take', 'lamp']
    """
    words = []
    for word in line.lower().split():
        if word in ("the", "a", "an", "to"):
            continue
        words.append(SHORTCUTS.get(word, word))
    return words


def strike(attack: int, armor: int, rng: random.Random) -> int:
    """Return the damage of a strike; a six on the die doubles it."""
    roll = rng.randint(1, 6)
    damage = max(0, attack + roll - armor)
    if roll == 6:
        damage *= 2
    return damage


def loot(table: list[tuple[str, int]], rng: random.Random) -> str:
    """Draw a thing from a table of names and weights."""
    total = sum(weight for _, weight in table)
    draw = rng.randrange(total)
    for name, weight in table:
        if draw < weight:
            return name
        draw -= weight
    raise AssertionError("the weights do not add up")


def health_bar(health: int, most: int, width: int = 10) -> str:
    """Return the health as a bar.

    >>> health_bar(3, 10)
    '[###.......] 3/10'
    """
    filled = round(width * health / most)
    return f"[{'#' * filled}{'.' * (width - filled)}] {health}/{most}"


def typewriter_lines(text: str, width: int) -> list[str]:
    """Break a story into lines that are no wider than the screen."""
    lines = []
    line = ""
    for word in text.split():
        if line and len(line) + 1 + len(word) > width:
            lines.append(line)
            line = word
        else:
            line = f"{line} {word}" if line else word
    if line:
        lines.append(line)
    return lines
