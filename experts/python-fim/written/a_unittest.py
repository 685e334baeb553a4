"""Tests with unittest, of a small library of collections of songs."""

import tempfile
import unittest
from dataclasses import dataclass, field
from pathlib import Path
from unittest import mock


@dataclass(frozen=True)
class Song:
    """A song with its length in seconds."""

    title: str
    artist: str
    seconds: int


@dataclass
class Playlist:
    """Songs in an order."""

    name: str
    songs: list = field(default_factory=list)

    def add(self, song):
        """Add a song at the end unless it is there already."""
        if song in self.songs:
            raise ValueError(f"{song.title} is already in {self.name}")
        self.songs.append(song)

    def remove(self, title):
        """Remove the song of a title."""
        for song in self.songs:
            if song.title == title:
                self.songs.remove(song)
                return song
        raise KeyError(title)

    def move(self, old, new):
        """Move a song from one place to another."""
        song = self.songs.pop(old)
        self.songs.insert(new, song)

    @property
    def length(self):
        """Return the length of all songs in seconds."""
        return sum(song.seconds for song in self.songs)

    def by_artist(self, artist):
        """Return the songs of an artist."""
        return [song for song in self.songs if song.artist == artist]

    def save(self, path):
        """Write the playlist to a file, one song on a line."""
        lines = [f"{song.artist}\t{song.title}\t{song.seconds}" for song in self.songs]
        path.write_text("\n".join(lines) + "\n", encoding="utf-8")

    @classmethod
    def load(cls, path):
        """Read a playlist from a file."""
        playlist = cls(path.stem)
        for line in path.read_text(encoding="utf-8").splitlines():
            artist, title, seconds = line.split("\t")
            playlist.add(Song(title, artist, int(seconds)))
        return playlist


class Player:
    """Plays the songs of a playlist on a device."""

    def __init__(self, playlist, device):
        self.playlist = playlist
        self.device = device
        self.position = 0

    def play(self):
        """Play the current song on the device."""
        song = self.playlist.songs[self.position]
        self.device.start(song.title)

    def skip(self):
        """Go to the next song, from the last one to the first."""
        self.device.stop()
        self.position = (self.position + 1) % len(self.playlist.songs)
        self.play()


class PlaylistTest(unittest.TestCase):
    def setUp(self):
        self.first = Song("Morning", "Lark", 180)
        self.second = Song("Evening", "Owl", 200)
        self.playlist = Playlist("Mix", [self.first, self.second])

    def test_length_is_sum_of_songs(self):
        self.assertEqual(self.playlist.length, 380)

    def test_empty_playlist_has_no_length(self):
        self.assertEqual(Playlist("Empty").length, 0)

    def test_add_appends_song(self):
        song = Song("Noon", "Lark", 90)
        self.playlist.add(song)
        self.assertEqual(self.playlist.songs[-1], song)
        self.assertEqual(len(self.playlist.songs), 3)

    def test_add_refuses_song_twice(self):
        with self.assertRaises(ValueError):
            self.playlist.add(self.first)

    def test_remove_returns_song(self):
        removed = self.playlist.remove("Morning")
        self.assertEqual(removed, self.first)
        self.assertNotIn(self.first, self.playlist.songs)

    def test_remove_unknown_title(self):
        with self.assertRaises(KeyError):
            self.playlist.remove("Midnight")

    def test_move_changes_order(self):
        self.playlist.move(1, 0)
        self.assertEqual(self.playlist.songs, [self.second, self.first])

    def test_by_artist(self):
        self.assertEqual(self.playlist.by_artist("Owl"), [self.second])
        self.assertEqual(self.playlist.by_artist("Crow"), [])

    def test_save_and_load(self):
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "Mix.tsv"
            self.playlist.save(path)
            loaded = Playlist.load(path)
        self.assertEqual(loaded, self.playlist)


class PlayerTest(unittest.TestCase):
    def setUp(self):
        songs = [Song("One", "A", 1), Song("Two", "B", 2)]
        self.device = mock.Mock()
        self.player = Player(Playlist("Test", songs), self.device)

    def test_play_starts_first_song(self):
        self.player.play()
        self.device.start.assert_called_once_with("One")

    def test_skip_stops_and_plays_next(self):
        self.player.skip()
        self.device.stop.assert_called_once()
        self.device.start.assert_called_with("Two")

    def test_skip_wraps_around(self):
        self.player.skip()
        self.player.skip()
        self.assertEqual(self.player.position, 0)

    def test_device_errors_are_raised(self):
        self.device.start.side_effect = OSError("no sound")
        with self.assertRaisesRegex(OSError, "no sound"):
            self.player.play()


if __name__ == "__main__":
    unittest.main()
