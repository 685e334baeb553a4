"""Music: notes, scales, chords, rhythm and playlists."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass

NOTES = ["C", "C#", "D", "D#", "E", "F", "F#", "G", "G#", "A", "A#", "B"]
FLATS = {"Db": "C#", "Eb": "D#", "Gb": "F#", "Ab": "G#", "Bb": "A#"}
SCALES = {"major": [2, 2, 1, 2, 2, 2, 1], "minor": [2, 1, 2, 2, 1, 2, 2], "pentatonic": [2, 2, 3, 2, 3]}
CHORDS = {"": (0, 4, 7), "m": (0, 3, 7), "7": (0, 4, 7, 10), "dim": (0, 3, 6)}


@dataclass(frozen=True)
class Note:
    """A note with a length in beats."""

    name: str
    octave: int = 4
    beats: float = 1.0

    @property
    def midi(self) -> int:
        """Return the number of the note's key."""
        return 12 * (self.octave + 1) + NOTES.index(FLATS.get(self.name, self.name))

    @property
    def frequency(self) -> float:
        """Return how many times a second the note swings."""
        return 440.0 * 2 ** ((self.midi - 69) / 12)

    def up(self, steps: int) -> Note:
        """Return the note some half steps higher."""
        octave, index = divmod(self.midi + steps, 12)
        return Note(NOTES[index], octave - 1, self.beats)

    @classmethod
    def parse(cls, text: str) -> Note:
        """Read a note like F#5."""
        name = text.rstrip("0123456789")
        octave = text[len(name) :]
        if FLATS.get(name, name) not in NOTES:
            raise ValueError(f"no note: {text}")
        return cls(name, int(octave or 4))


def scale(root: str, kind: str = "major") -> list[str]:
    """Return the notes of a scale.

    >>> scale("G")
    ['G', 'A', 'B', 'C', 'D', 'E', 'F#']
    """
    position = NOTES.index(root)
    notes = []
    for step in SCALES[kind]:
        notes.append(NOTES[position % 12])
        position += step
    return notes


def chord(symbol: str) -> list[str]:
    """Return the notes of a chord like Am or G7.

    >>> chord("Am")
    ['A', 'C', 'E']
    """
    root = symbol[:2] if symbol[1:2] == "#" else symbol[:1]
    kind = symbol[len(root) :]
    start = NOTES.index(root)
    return [NOTES[(start + step) % 12] for step in CHORDS[kind]]


def transpose(symbols: list[str], steps: int) -> list[str]:
    """Return chords moved by half steps.

    >>> transpose(["C", "Am", "F"], 2)
    ['D', 'Bm', 'G']
    """
    moved = []
    for symbol in symbols:
        root = symbol[:2] if symbol[1:2] == "#" else symbol[:1]
        index = (NOTES.index(root) + steps) % 12
        moved.append(NOTES[index] + symbol[len(root) :])
    return moved


def interval_name(steps: int) -> str:
    """Return the name of an interval of half steps.

    >>> interval_name(7)
    'fifth'
    """
    names = {0: "unison", 3: "minor third", 4: "major third", 5: "fourth", 7: "fifth", 12: "octave"}
    return names.get(steps, f"{steps} half steps")


def seconds_of(notes: list[Note], tempo: int) -> float:
    """Return how long notes take at a tempo in beats a minute."""
    beats = sum(note.beats for note in notes)
    return beats * 60 / tempo


def bars(notes: list[Note], beats: float = 4.0) -> list[list[Note]]:
    """Return the notes in bars of some beats."""
    result: list[list[Note]] = [[]]
    filled = 0.0
    for note in notes:
        if filled + note.beats > beats:
            result.append([])
            filled = 0.0
        result[-1].append(note)
        filled += note.beats
    return result


def euclidean_rhythm(hits: int, steps: int) -> str:
    """Return a rhythm with its hits spread as evenly as possible.

    >>> euclidean_rhythm(3, 8)
    'x..x..x.'
    """
    pattern = ""
    owed = 0
    for _ in range(steps):
        if owed <= 0:
            pattern += "x"
            owed += steps
        else:
            pattern += "."
        owed -= hits
    return pattern


def metronome(tempo: int, beats: int = 4) -> Iterator[tuple[float, bool]]:
    """Yield the time of each beat and whether it is the first of a bar."""
    gap = 60 / tempo
    beat = 0
    while True:
        yield beat * gap, beat % beats == 0
        beat += 1


def melody(root: str, length: int, rng: random.Random) -> list[str]:
    """Return a random melody that moves by small steps and ends on its root."""
    notes = scale(root)
    position = 0
    tune = [root]
    for _ in range(length - 2):
        position += rng.choice([-2, -1, 1, 2])
        tune.append(notes[position % len(notes)])
    tune.append(root)
    return tune


def shuffle_artists(songs: list[tuple[str, str]], rng: random.Random) -> list[tuple[str, str]]:
    """Shuffle (artist, title) pairs so that an artist seldom comes twice in a row."""
    left = songs[:]
    rng.shuffle(left)
    order: list[tuple[str, str]] = []
    while left:
        last = order[-1][0] if order else None
        index = next((i for i, (artist, _) in enumerate(left) if artist != last), 0)
        order.append(left.pop(index))
    return order


def fret_positions(tuning: list[str], note: str, frets: int = 12) -> list[tuple[int, int]]:
    """Return the strings and frets of a guitar at which a note can be played.

    >>> fret_positions(["E", "A"], "B", 7)
    [(0, 7), (1, 2)]
    """
    wanted = NOTES.index(note)
    positions = []
    for string, opened in enumerate(tuning):
        fret = (wanted - NOTES.index(opened)) % 12
        if fret <= frets:
            positions.append((string, fret))
    return positions
