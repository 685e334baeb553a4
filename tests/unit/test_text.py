"""TextStream: what may be sent of an answer, and when."""

from __future__ import annotations

import random

import pytest

from expertd.engine.text import TextStream


def stream(pieces, stop=()):
    """(what each push gave, what flush gave, stopped)"""
    text = TextStream(lambda token: pieces[token], stop)
    pushed = []
    for token in range(len(pieces)):
        pushed.append(text.push(token))
        if text.stopped:
            break
    return pushed, "" if text.stopped else text.flush(), text.stopped


@pytest.mark.parametrize(
    ("pieces", "stop", "told"),
    [
        ([b" a", b" b"], (), "a b"),
        ([b"a", b" b"], (), "a b"),
        ([b" ", b" b"], (), " b"),
        ([b"", b" a"], (), "a"),
        ([b" a", b" b"], (" ",), "a"),  # what is left out stops nothing
    ],
)
def test_what_the_client_has_already_is_left_out_at_the_beginning(pieces, stop, told):
    text = TextStream(pieces.__getitem__, stop, " ")
    assert "".join([text.push(token) for token in range(len(pieces))]) + text.flush() == told


def test_text_without_stop_strings_goes_out_at_once():
    assert stream([b"Hel", b"lo", b"!"]) == (["Hel", "lo", "!"], "", False)


def test_a_character_split_over_tokens_goes_out_whole():
    assert stream(["ä".encode()[:1], "ä".encode()[1:], b"x"]) == (["", "ä", "x"], "", False)


def test_four_bytes_one_by_one_are_one_character():
    assert stream([bytes([byte]) for byte in "🙂".encode()])[0] == ["", "", "", "🙂"]


def test_half_a_character_at_the_end_is_shown_as_such():
    assert stream(["ä".encode()[:1]]) == ([""], "�", False)


def test_bytes_that_are_no_text_are_replaced_and_the_rest_goes_on():
    assert "".join(stream([b"\xff", b"ok"])[0]) == "�ok"


def test_a_stop_string_ends_the_text_before_it():
    assert stream([b"one", b"END", b"two"], ["END"]) == (["one", ""], "", True)


def test_a_stop_string_over_the_borders_of_tokens_is_found():
    assert stream([b"oneE", b"N", b"Dtwo"], ["END"]) == (["one", "", ""], "", True)


def test_what_could_have_begun_a_stop_string_goes_out_when_it_does_not():
    assert stream([b"E", b"N", b"X"], ["END"]) == (["", "", "ENX"], "", False)


def test_what_is_held_back_goes_out_at_the_end():
    assert stream([b"oneEN"], ["END"]) == (["one"], "EN", False)


def test_of_several_stop_strings_the_earliest_wins():
    assert stream([b"a1b2"], ["2", "1"]) == (["a"], "", True)


def test_the_longest_possible_beginning_is_held_back():
    assert stream([b"xaab", b"aac"], ["aabaaa", "baac"]) == (["x", "aa"], "", True)


def test_a_stop_string_that_overlaps_itself_is_found():
    assert stream([b"aaa", b"b"], ["aab"]) == (["a", ""], "", True)


def test_a_stop_string_of_split_characters_is_found():
    data = "x→y".encode()
    assert stream([data[:2], data[2:3], data[3:]], ["→"]) == (["x", "", ""], "", True)


def test_nothing_comes_after_a_stop():
    text = TextStream([b"aXb", b"c"].__getitem__, ["X"])
    assert (text.push(0), text.push(1), text.flush()) == ("a", "", "")


@pytest.mark.parametrize("seed", range(20))
def test_any_cut_into_tokens_gives_the_same_text(seed):
    rng = random.Random(seed)
    data = "".join(rng.choice("abä→") for _ in range(40)).encode()
    stops = ["".join(rng.choice("abä→") for _ in range(rng.randint(2, 4))) for _ in range(3)]
    pieces, at = [], 0
    while at < len(data):
        step = rng.randint(1, 5)
        pieces.append(data[at : at + step])
        at += step
    pushed, tail, stopped = stream(pieces, stops)
    whole = data.decode()
    # The first to be complete ends the text; where two end in one token, the one that begins first.
    assert stopped == any(stop in whole for stop in stops)
    assert whole.startswith("".join(pushed) + tail)
    assert not any(stop in "".join(pushed) + tail for stop in stops)
    assert stopped or "".join(pushed) + tail == whole
