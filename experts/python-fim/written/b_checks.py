"""Tests of a small booking system, with what they test."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, timedelta
from pathlib import Path
from unittest import mock

import pytest


class FullError(Exception):
    """There is no room left."""


@dataclass
class Booking:
    """A guest's stay; the last night is the one before end."""

    guest: str
    start: date
    end: date

    @property
    def nights(self) -> int:
        """Return how many nights the guest stays."""
        return (self.end - self.start).days

    def overlaps(self, other: Booking) -> bool:
        """Whether two stays share a night."""
        return self.start < other.end and other.start < self.end


@dataclass
class Hotel:
    """A small hotel with rooms that are all alike."""

    rooms: int
    price: int = 80
    bookings: list[Booking] = field(default_factory=list)

    def free_on(self, day: date) -> int:
        """Return how many rooms are free in a night."""
        taken = sum(booking.start <= day < booking.end for booking in self.bookings)
        return self.rooms - taken

    def book(self, guest: str, start: date, nights: int) -> Booking:
        """Book a stay, or fail if a night is full."""
        if nights < 1:
            raise ValueError("at least one night")
        for i in range(nights):
            day = start + timedelta(days=i)
            if self.free_on(day) == 0:
                raise FullError(f"no room on {day}")
        booking = Booking(guest, start, start + timedelta(days=nights))
        self.bookings.append(booking)
        return booking

    def cancel(self, booking: Booking, today: date) -> int:
        """Cancel a stay and return the fee: half the price in the last week."""
        self.bookings.remove(booking)
        if (booking.start - today).days > 7:
            return 0
        return self.total(booking) // 2

    def total(self, booking: Booking) -> int:
        """Return the price of a stay; from seven nights on one is free."""
        free = booking.nights // 7
        return (booking.nights - free) * self.price

    def export(self, path: Path) -> None:
        """Write the bookings to a text file, one on a line."""
        lines = [f"{booking.guest};{booking.start};{booking.end}" for booking in self.bookings]
        path.write_text("\n".join(lines), encoding="utf-8")


def send_confirmation(mailer, booking: Booking) -> bool:
    """Send a confirmation and return whether it went out."""
    try:
        mailer.send(booking.guest, f"See you on {booking.start:%d %B}")
    except OSError:
        return False
    return True


MAY = date(2024, 5, 1)


@pytest.fixture
def hotel() -> Hotel:
    """Return a hotel with two rooms, one of them booked."""
    hotel = Hotel(rooms=2)
    hotel.book("ann", MAY, 3)
    return hotel


@pytest.fixture
def mailer() -> mock.Mock:
    """Return something that stands for a mail server."""
    return mock.Mock(spec=["send"])


def test_booking_takes_a_room(hotel: Hotel) -> None:
    """Check that a booked night has one room less."""
    assert hotel.free_on(MAY) == 1
    hotel.book("ben", MAY, 1)
    assert hotel.free_on(MAY) == 0


def test_last_day_is_free(hotel: Hotel) -> None:
    """Check that the day of departure can be booked again."""
    assert hotel.free_on(MAY + timedelta(days=2)) == 1
    assert hotel.free_on(MAY + timedelta(days=3)) == 2


def test_full_hotel_refuses(hotel: Hotel) -> None:
    """Check that a full night is an error and books nothing."""
    hotel.book("ben", MAY, 3)
    with pytest.raises(FullError, match="2024-05-01"):
        hotel.book("cem", MAY, 1)
    assert len(hotel.bookings) == 2


@pytest.mark.parametrize("nights", [0, -1])
def test_needs_a_night(hotel: Hotel, nights: int) -> None:
    """Check that a stay without nights is refused."""
    with pytest.raises(ValueError):
        hotel.book("dora", MAY, nights)


@pytest.mark.parametrize(
    ("nights", "expected"),
    [(1, 80), (6, 480), (7, 480), (14, 960)],
)
def test_price(nights: int, expected: int) -> None:
    """Check the price of stays, long ones with free nights."""
    hotel = Hotel(rooms=1)
    booking = hotel.book("eva", MAY, nights)
    assert hotel.total(booking) == expected


def test_early_cancellation_is_free(hotel: Hotel) -> None:
    """Check that nothing is paid more than a week before."""
    booking = hotel.bookings[0]
    assert hotel.cancel(booking, MAY - timedelta(days=8)) == 0
    assert hotel.bookings == []


def test_late_cancellation_costs_half(hotel: Hotel) -> None:
    """Check that half the price is due in the last week."""
    booking = hotel.bookings[0]
    fee = hotel.cancel(booking, MAY - timedelta(days=2))
    assert fee == 120


def test_overlap_is_symmetric() -> None:
    """Check that the order of two stays does not matter."""
    first = Booking("a", MAY, MAY + timedelta(days=2))
    second = Booking("b", MAY + timedelta(days=1), MAY + timedelta(days=4))
    assert first.overlaps(second)
    assert second.overlaps(first)


def test_neighbours_do_not_overlap() -> None:
    """Check that a stay may begin when another ends."""
    first = Booking("a", MAY, MAY + timedelta(days=2))
    second = Booking("b", first.end, first.end + timedelta(days=1))
    assert not first.overlaps(second)


def test_export(hotel: Hotel, tmp_path: Path) -> None:
    """Check the lines of the exported file."""
    target = tmp_path / "bookings.txt"
    hotel.export(target)
    assert target.read_text(encoding="utf-8") == "ann;2024-05-01;2024-05-04"


def test_confirmation_names_the_day(hotel: Hotel, mailer: mock.Mock) -> None:
    """Check that the guest is told the day of arrival."""
    assert send_confirmation(mailer, hotel.bookings[0])
    mailer.send.assert_called_once_with("ann", "See you on 01 May")


def test_confirmation_survives_a_dead_server(hotel: Hotel, mailer: mock.Mock) -> None:
    """Check that an error of the mail server is reported, not raised."""
    mailer.send.side_effect = ConnectionRefusedError
    assert send_confirmation(mailer, hotel.bookings[0]) is False


class TestManyGuests:
    """What happens in a busy season."""

    def setup_method(self) -> None:
        """Book ten guests, each on another day."""
        self.hotel = Hotel(rooms=1)
        for i in range(10):
            self.hotel.book(f"guest {i}", MAY + timedelta(days=i), 1)

    def test_no_gap(self) -> None:
        """Check that no night is free."""
        days = [MAY + timedelta(days=i) for i in range(10)]
        assert all(self.hotel.free_on(day) == 0 for day in days)

    def test_cancelling_frees_one_night(self) -> None:
        """Check that only the cancelled night becomes free."""
        self.hotel.cancel(self.hotel.bookings[4], MAY)
        free = [day for day in range(10) if self.hotel.free_on(MAY + timedelta(days=day))]
        assert free == [4]
