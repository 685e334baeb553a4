"""Small applications: a bank on the command line, notes, habits, a library, a hotel, polls."""

import cmd
import json
import random
import shelve
import sys
from collections import Counter, defaultdict
from contextlib import closing
from dataclasses import asdict, dataclass, field
from datetime import date, timedelta
from pathlib import Path

NOTES = Path.home() / ".notes.json"


def load_notes(path=NOTES):
    """Load the notes, none if there is no file."""
    if not path.exists():
        return []
    return json.loads(path.read_text(encoding="utf-8"))


def save_notes(notes, path=NOTES):
    """Save the notes."""
    path.write_text(json.dumps(notes, indent=2), encoding="utf-8")


def add_note(notes, text, tags=()):
    """Add a note with the next number and return it."""
    number = max((note["number"] for note in notes), default=0) + 1
    note = {"number": number, "text": text, "tags": sorted(tags)}
    notes.append(note)
    return note


def search_notes(notes, words):
    """Return the notes that have all of the words."""
    wanted = [word.lower() for word in words]
    return [note for note in notes if all(word in note["text"].lower() for word in wanted)]


def tag_cloud(notes):
    """Return the tags with the number of their notes, most used first."""
    counts = Counter(tag for note in notes for tag in note["tags"])
    return counts.most_common()


class BankShell(cmd.Cmd):
    """A bank with one account, run from the terminal."""

    prompt = "bank> "
    balance = 0.0

    def do_deposit(self, line):
        """Add an amount to the balance."""
        amount = self.parse_amount(line)
        if amount is not None:
            self.balance += amount
            print(f"balance: {self.balance:.2f}")

    def do_withdraw(self, line):
        """Take an amount from the balance."""
        amount = self.parse_amount(line)
        if amount is None:
            return
        if amount > self.balance:
            print("not enough money")
        else:
            self.balance -= amount
            print(f"balance: {self.balance:.2f}")

    def do_quit(self, line):
        """Leave the shell."""
        return True

    def parse_amount(self, line):
        """Return the amount in a line, or None with a message."""
        try:
            amount = float(line)
        except ValueError:
            print("please give an amount")
            return None
        return amount if amount > 0 else None


@dataclass
class Habit:
    """Something to do every day."""

    name: str
    done: list[str] = field(default_factory=list)

    def check_in(self, day=None):
        """Note that the habit was kept on a day."""
        text = (day or date.today()).isoformat()
        if text not in self.done:
            self.done.append(text)

    def streak(self, today):
        """Return on how many days in a row the habit was kept until today."""
        length = 0
        while (today - timedelta(days=length)).isoformat() in self.done:
            length += 1
        return length

    def rate(self, today, days=30):
        """Return the share of the last days on which the habit was kept."""
        wanted = {(today - timedelta(days=i)).isoformat() for i in range(days)}
        return len(wanted & set(self.done)) / days


class HabitStore:
    """Habits in a file."""

    def __init__(self, path):
        self.path = str(path)

    def load(self, name):
        """Return a habit, a new one if it is not stored."""
        with closing(shelve.open(self.path)) as db:
            return Habit(**db[name]) if name in db else Habit(name)

    def save(self, habit):
        """Store a habit under its name."""
        with closing(shelve.open(self.path)) as db:
            db[habit.name] = asdict(habit)


class Library:
    """Books and who has borrowed them."""

    def __init__(self, days=14):
        self.days = days
        self.books = {}
        self.loans = {}
        self.waiting = defaultdict(list)

    def add(self, isbn, title, copies=1):
        """Add copies of a book."""
        _, have = self.books.get(isbn, (title, 0))
        self.books[isbn] = (title, have + copies)

    def available(self, isbn):
        """Return how many copies of a book can be borrowed now."""
        _, copies = self.books[isbn]
        return copies - sum(1 for loan in self.loans if loan[0] == isbn)

    def borrow(self, isbn, member, today):
        """Lend a book and return when it is due, or put the member on the waiting list."""
        if self.available(isbn) == 0:
            self.waiting[isbn].append(member)
            return None
        due = today + timedelta(days=self.days)
        self.loans[isbn, member] = due
        return due

    def give_back(self, isbn, member, today):
        """Take a book back and return the fine and who is next in line."""
        due = self.loans.pop((isbn, member))
        fine = max(0, (today - due).days) * 0.5
        queue = self.waiting[isbn]
        return fine, queue.pop(0) if queue else None

    def late(self, today):
        """Return the members with books that are overdue, sorted."""
        return sorted({member for (_, member), due in self.loans.items() if due < today})


class Hotel:
    """Rooms with prices and bookings."""

    def __init__(self, rooms):
        self.rooms = rooms
        self.bookings = []

    def is_free(self, room, arrival, departure):
        """Whether a room is free from arrival to departure."""
        for other, start, end in self.bookings:
            overlaps = start < departure and arrival < end
            if other == room and overlaps:
                return False
        return True

    def book(self, room, arrival, departure):
        """Book a room and return the price of the stay."""
        if departure <= arrival:
            raise ValueError("departure must be after arrival")
        if not self.is_free(room, arrival, departure):
            raise ValueError(f"room {room} is taken")
        self.bookings.append((room, arrival, departure))
        nights = (departure - arrival).days
        return nights * self.rooms[room]

    def cheapest(self, arrival, departure):
        """Return the cheapest room that is free, or None."""
        free = [room for room in self.rooms if self.is_free(room, arrival, departure)]
        return min(free, key=self.rooms.get, default=None)

    def occupancy(self, day):
        """Return the share of rooms that are taken on a day."""
        taken = {room for room, start, end in self.bookings if start <= day < end}
        return len(taken) / len(self.rooms)


class Poll:
    """A question with options, one vote for each person."""

    def __init__(self, question, options):
        self.question = question
        self.options = list(options)
        self.votes = {}

    def vote(self, person, option):
        """Record or change the vote of a person."""
        if option not in self.options:
            raise ValueError(f"no such option: {option}")
        self.votes[person] = option

    def results(self):
        """Return the number of votes of each option."""
        counts = Counter(self.votes.values())
        return {option: counts[option] for option in self.options}

    def winners(self):
        """Return the options with the most votes."""
        results = self.results()
        most = max(results.values())
        return [option for option, count in results.items() if count == most]


class Quiz:
    """Questions with answers, asked in random order."""

    def __init__(self, questions, seed=None):
        self.questions = dict(questions)
        self.order = list(self.questions)
        random.Random(seed).shuffle(self.order)
        self.score = 0

    def check(self, question, answer):
        """Whether an answer is right; a right one counts."""
        right = answer.strip().lower() == self.questions[question].lower()
        if right:
            self.score += 1
        return right

    def grade(self):
        """Return a remark on the score."""
        share = self.score / len(self.questions)
        if share == 1:
            return "perfect"
        return "passed" if share >= 0.5 else "try again"


class Meter:
    """Readings of a meter by day."""

    def __init__(self):
        self.readings = {}

    def read(self, day, value):
        """Record a reading, which must not be below the last one."""
        if self.readings and value < max(self.readings.values()):
            raise ValueError("a meter does not run backwards")
        self.readings[day] = value

    def usage(self):
        """Return the usage between each two readings in order."""
        values = [self.readings[day] for day in sorted(self.readings)]
        return [later - earlier for earlier, later in zip(values, values[1:])]  # noqa: B905, RUF007

    def cost(self, price, base=0.0):
        """Return the cost of all usage with a base fee."""
        return round(sum(self.usage()) * price + base, 2)


class Recipe:
    """A dish with ingredients and steps."""

    def __init__(self, name, servings=2):
        self.name = name
        self.servings = servings
        self.ingredients = {}
        self.steps = []

    def add_ingredient(self, name, amount, unit="g"):
        """Add an ingredient, to what is there if the unit fits."""
        if name in self.ingredients:
            old, old_unit = self.ingredients[name]
            if old_unit != unit:
                raise ValueError(f"{name} is measured in {old_unit}")
            amount += old
        self.ingredients[name] = (amount, unit)

    def for_servings(self, servings):
        """Return the amounts for another number of servings."""
        factor = servings / self.servings
        return {name: (amount * factor, unit) for name, (amount, unit) in self.ingredients.items()}

    def shopping_list(self, pantry=()):
        """Return what has to be bought, sorted by name."""
        return sorted(name for name in self.ingredients if name not in pantry)


def main():
    """Add or find notes, as the command line says."""
    notes = load_notes()
    command, *words = sys.argv[1:] or ["list"]
    if command == "add":
        note = add_note(notes, " ".join(words))
        save_notes(notes)
        print(f"added note {note['number']}")
    elif command == "find":
        for note in search_notes(notes, words):
            print(f"{note['number']:>3}  {note['text']}")
    elif command == "list":
        for note in notes:
            print(f"{note['number']:>3}  {note['text'][:60]}")
    else:
        sys.exit(f"unknown command: {command}")


if __name__ == "__main__":
    main()
