"""Tests in pytest's style, of small functions that stand beside them."""

import json
from datetime import date
from unittest.mock import Mock

import pytest


class Account:
    """A bank account."""

    def __init__(self, owner, balance=0):
        self.owner = owner
        self.balance = balance
        self.history = []

    def deposit(self, amount):
        """Add money to the account."""
        if amount <= 0:
            raise ValueError("amount must be positive")
        self.balance += amount
        self.history.append(("deposit", amount))

    def withdraw(self, amount):
        """Take money from the account if there is enough."""
        if amount > self.balance:
            raise ValueError("insufficient funds")
        self.balance -= amount
        self.history.append(("withdraw", amount))

    def transfer(self, other, amount):
        """Move money to another account."""
        self.withdraw(amount)
        other.deposit(amount)


def leap_year(year):
    """Whether a year has a 29th of February."""
    return year % 4 == 0 and (year % 100 != 0 or year % 400 == 0)


def load_users(path):
    """Load the active users from a JSON file."""
    users = json.loads(path.read_text())
    return [user for user in users if user["active"]]


def notify_all(users, mailer):
    """Send a mail to every user with an address and return how many."""
    sent = 0
    for user in users:
        if user.get("email"):
            mailer.send(user["email"], "Hello!")
            sent += 1
    return sent


@pytest.fixture
def account():
    """Return an account with some money."""
    return Account("Ada", balance=100)


@pytest.fixture
def users_file(tmp_path):
    """Write a file with two users and return its path."""
    path = tmp_path / "users.json"
    users = [{"name": "Ann", "active": True}, {"name": "Bob", "active": False}]
    path.write_text(json.dumps(users))
    return path


def test_new_account_is_empty():
    account = Account("Ada")
    assert account.balance == 0
    assert account.history == []


def test_deposit_adds_to_balance(account):
    account.deposit(50)
    assert account.balance == 150
    assert account.history[-1] == ("deposit", 50)


@pytest.mark.parametrize("amount", [0, -1, -100])
def test_deposit_must_be_positive(account, amount):
    with pytest.raises(ValueError, match="positive"):
        account.deposit(amount)
    assert account.balance == 100


def test_cannot_withdraw_too_much(account):
    with pytest.raises(ValueError, match="insufficient"):
        account.withdraw(101)


def test_transfer_moves_money(account):
    other = Account("Bob")
    account.transfer(other, 30)
    assert account.balance == 70
    assert other.balance == 30


def test_failed_transfer_changes_nothing(account):
    other = Account("Bob", balance=5)
    with pytest.raises(ValueError):
        account.transfer(other, 1000)
    assert (account.balance, other.balance) == (100, 5)


@pytest.mark.parametrize(
    ("year", "expected"),
    [
        (2000, True),
        (1900, False),
        (2023, False),
        (2024, True),
    ],
)
def test_leap_year(year, expected):
    assert leap_year(year) is expected


def test_load_users_skips_inactive(users_file):
    users = load_users(users_file)
    assert [user["name"] for user in users] == ["Ann"]


def test_load_users_without_file(tmp_path):
    with pytest.raises(FileNotFoundError):
        load_users(tmp_path / "missing.json")


def test_notify_all_sends_to_addresses():
    mailer = Mock()
    users = [{"email": "ann@example.com"}, {"email": ""}, {}]
    assert notify_all(users, mailer) == 1
    mailer.send.assert_called_once_with("ann@example.com", "Hello!")


def test_notify_all_without_users():
    mailer = Mock()
    assert notify_all([], mailer) == 0
    mailer.send.assert_not_called()


def test_output(capsys):
    print("total: 3")
    captured = capsys.readouterr()
    assert captured.out == "total: 3\n"
    assert captured.err == ""


def test_environment(monkeypatch):
    monkeypatch.setenv("APP_MODE", "test")
    import os

    assert os.environ["APP_MODE"] == "test"


class TestDates:
    def setup_method(self):
        self.start = date(2024, 2, 28)

    def test_next_day_in_leap_year(self):
        following = date.fromordinal(self.start.toordinal() + 1)
        assert following == date(2024, 2, 29)

    def test_iso_format(self):
        assert self.start.isoformat() == "2024-02-28"

    @pytest.mark.skipif(not hasattr(date, "fromisoformat"), reason="needs fromisoformat")
    def test_round_trip(self):
        assert date.fromisoformat(self.start.isoformat()) == self.start
