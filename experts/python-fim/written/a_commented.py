"""Code whose comments say what comes next."""

import csv
import json
import os
import random
import re
import shutil
import string
import subprocess
import sys
from collections import Counter, defaultdict
from datetime import date, datetime, timedelta
from pathlib import Path


def summarize_sales(path):
    """Print totals, the best month and the best customer of a CSV file of sales."""
    # read all rows
    with open(path, newline="", encoding="utf-8") as file:  # noqa: PTH123
        rows = list(csv.DictReader(file))

    # convert amounts to numbers
    for row in rows:
        row["amount"] = float(row["amount"])

    # total of all sales
    total = sum(row["amount"] for row in rows)
    print(f"total: {total:.2f}")

    # group by month
    months = defaultdict(float)
    for row in rows:
        months[row["date"][:7]] += row["amount"]

    # find the best month
    best = max(months, key=months.get)
    print(f"best month: {best} ({months[best]:.2f})")

    # count the sales of each customer
    customers = Counter(row["customer"] for row in rows)
    name, count = customers.most_common(1)[0]
    print(f"best customer: {name} with {count} sales")


def clean_text(text):
    """Return a text without addresses, mentions and extra spaces."""
    # lower case
    text = text.lower()
    # remove web addresses
    text = re.sub(r"https?://\S+", "", text)
    # remove mentions
    text = re.sub(r"@\w+", "", text)
    # remove punctuation
    text = text.translate(str.maketrans("", "", string.punctuation))
    # collapse white space
    return re.sub(r"\s+", " ", text).strip()


def organize_downloads(folder):
    """Move the files of a folder into subfolders by kind."""
    kinds = {
        "pictures": {".jpg", ".png", ".gif"},
        "documents": {".pdf", ".docx", ".txt"},
        "archives": {".zip", ".tar", ".gz"},
    }
    moved = 0
    for path in Path(folder).iterdir():
        # skip folders and hidden files
        if path.is_dir() or path.name.startswith("."):
            continue

        # find the kind by the extension
        kind = "other"
        for name, extensions in kinds.items():
            if path.suffix.lower() in extensions:
                kind = name
                break

        # create the folder if it is missing
        target = path.parent / kind
        target.mkdir(exist_ok=True)

        # move the file
        shutil.move(str(path), target / path.name)
        moved += 1
    return moved


def validate_user(data):
    """Return the errors in the data of a new user."""
    errors = []

    # name must not be empty
    if not data.get("name", "").strip():
        errors.append("name is required")

    # email must have an @ and a dot after it
    if not re.fullmatch(r"[^@\s]+@[^@\s]+\.[^@\s]+", data.get("email", "")):
        errors.append("email is not valid")

    # age must be a number from 0 to 150
    age = data.get("age")
    if not isinstance(age, int) or not 0 <= age <= 150:
        errors.append("age must be between 0 and 150")

    # password must have at least 8 characters and a digit
    password = data.get("password", "")
    if len(password) < 8 or not any(char.isdigit() for char in password):
        errors.append("password is too weak")

    return errors


def merge_intervals(intervals):
    """Return the intervals with those that overlap merged."""
    # sort by start
    intervals = sorted(intervals, key=lambda pair: pair[0])
    merged = []
    for start, end in intervals:
        # if it overlaps the last one, extend that
        if merged and start <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(end, merged[-1][1]))
        # otherwise begin a new one
        else:
            merged.append((start, end))
    return merged


def read_settings(path):
    """Return the settings of a file over the defaults, environment variables over both."""
    # defaults
    settings = {"host": "localhost", "port": 8000, "debug": False}

    # override with the file, if there is one
    if os.path.exists(path):  # noqa: PTH110
        with open(path, encoding="utf-8") as file:  # noqa: PTH123
            settings.update(json.load(file))

    # override with environment variables
    for name in settings:
        value = os.environ.get(f"APP_{name.upper()}")
        if value is not None:
            settings[name] = value

    # the port must be a number
    settings["port"] = int(settings["port"])
    return settings


def quicksort(values):
    """Return the values in ascending order."""
    # lists of at most one value are sorted
    if len(values) < 2:
        return values

    # choose the pivot
    pivot = values[len(values) // 2]

    # split by the pivot
    less = [value for value in values if value < pivot]
    equal = [value for value in values if value == pivot]
    greater = [value for value in values if value > pivot]

    # sort the parts and join them
    return quicksort(less) + equal + quicksort(greater)


def hangman_round(word, letters):
    """Return the shown word and how many guesses were wrong."""
    # replace letters that were not guessed by underscores
    shown = "".join(letter if letter in letters else "_" for letter in word)
    # count wrong guesses
    wrong = sum(letter not in word for letter in letters)
    return shown, wrong


def weekly_report(entries, today):
    """Return the hours of each project in the last seven days."""
    # only entries of the last week
    start = today - timedelta(days=7)
    recent = [entry for entry in entries if start < entry["day"] <= today]

    # add up the hours by project
    hours = defaultdict(float)
    for entry in recent:
        hours[entry["project"]] += entry["hours"]

    # sort by hours, most first
    return sorted(hours.items(), key=lambda item: item[1], reverse=True)


def generate_maze(width, height, rng):
    """Return a maze as lists of cells, True for a wall."""
    # start with walls everywhere
    maze = [[True] * (2 * width + 1) for _ in range(2 * height + 1)]

    # carve paths from the first cell on
    stack = [(0, 0)]
    maze[1][1] = False
    while stack:
        x, y = stack[-1]

        # neighbours that were not visited yet
        options = []
        for dx, dy in ((1, 0), (-1, 0), (0, 1), (0, -1)):
            nx, ny = x + dx, y + dy
            if 0 <= nx < width and 0 <= ny < height and maze[2 * ny + 1][2 * nx + 1]:
                options.append((nx, ny))

        # dead end: go back
        if not options:
            stack.pop()
            continue

        # remove the wall between the two cells
        nx, ny = rng.choice(options)
        maze[y + ny + 1][x + nx + 1] = False
        maze[2 * ny + 1][2 * nx + 1] = False
        stack.append((nx, ny))
    return maze


def sync_branches():
    """Delete the local branches that are merged into main."""
    # switch to main and update it
    subprocess.run(["git", "checkout", "main"], check=True)
    subprocess.run(["git", "pull", "--ff-only"], check=True)

    # list the merged branches
    output = subprocess.run(["git", "branch", "--merged"], capture_output=True, text=True, check=True).stdout

    # delete all but the current one
    for line in output.splitlines():
        if line.startswith("*"):
            continue
        subprocess.run(["git", "branch", "-d", line.strip()], check=True)


def encode_message(text, shift=3):
    """Return the text with each letter shifted along the alphabet."""
    result = []
    for char in text:
        if char.islower():
            # wrap around after z
            result.append(chr((ord(char) - ord("a") + shift) % 26 + ord("a")))
        elif char.isupper():
            # the same for capitals
            result.append(chr((ord(char) - ord("A") + shift) % 26 + ord("A")))
        else:
            # leave everything else
            result.append(char)
    return "".join(result)


def simulate_queue(minutes, arrival_rate, service_time, rng):
    """Return the mean waiting time of customers at one counter."""
    queue = []
    waits = []
    busy_until = 0
    for minute in range(minutes):
        # does a customer arrive in this minute?
        if rng.random() < arrival_rate:
            queue.append(minute)

        # serve the next customer if the counter is free
        if queue and busy_until <= minute:
            arrived = queue.pop(0)
            waits.append(minute - arrived)
            busy_until = minute + service_time

    # avoid a division by zero
    if not waits:
        return 0.0
    return sum(waits) / len(waits)


def split_expenses(expenses):
    """Return who pays whom how much, so that all have paid the same."""
    # what each person paid
    paid = defaultdict(float)
    for name, amount in expenses:
        paid[name] += amount

    # balance against the fair share
    share = sum(paid.values()) / len(paid)
    balances = {name: amount - share for name, amount in paid.items()}

    # those who owe and those who get money back
    debtors = sorted((name for name in balances if balances[name] < 0), key=balances.get)
    creditors = sorted((name for name in balances if balances[name] > 0), key=balances.get, reverse=True)

    # settle debts one by one
    payments = []
    for debtor in debtors:
        for creditor in creditors:
            amount = min(-balances[debtor], balances[creditor])
            if amount < 0.005:
                continue
            payments.append((debtor, creditor, round(amount, 2)))
            balances[debtor] += amount
            balances[creditor] -= amount
    return payments


def calendar_text(year, month):
    """Return a month as text with weeks from Monday on."""
    # first day and number of days
    first = date(year, month, 1)
    following = date(year + month // 12, month % 12 + 1, 1)
    days = (following - first).days

    # header
    lines = [first.strftime("%B %Y").center(20).rstrip(), "Mo Tu We Th Fr Sa Su"]

    # blanks before the first day
    cells = ["  "] * first.weekday()
    cells += [f"{day:2}" for day in range(1, days + 1)]

    # one line for each week
    for i in range(0, len(cells), 7):
        lines.append(" ".join(cells[i : i + 7]))
    return "\n".join(lines)


def find_anagrams(words):
    """Return groups of at least two words with the same letters."""
    groups = defaultdict(list)
    for word in words:
        # words with equal sorted letters are anagrams
        key = "".join(sorted(word.lower()))
        groups[key].append(word)
    # drop words without a partner
    return [group for group in groups.values() if len(group) > 1]


def password_report(password):
    """Return a score from 0 to 5 and advice for a password."""
    score = 0
    advice = []
    # length
    if len(password) >= 12:
        score += 1
    else:
        advice.append("use at least 12 characters")
    # upper and lower case
    if password.lower() != password and password.upper() != password:
        score += 1
    else:
        advice.append("mix upper and lower case")
    # digits
    if any(char.isdigit() for char in password):
        score += 1
    else:
        advice.append("add a digit")
    # signs
    if any(char in string.punctuation for char in password):
        score += 1
    else:
        advice.append("add a sign")
    # repeated characters
    if not re.search(r"(.)\1\1", password):
        score += 1
    else:
        advice.append("avoid three equal characters in a row")
    return score, advice


def parse_log(path):
    """Return the errors of a log file with their times, newest first."""
    errors = []
    with open(path, encoding="utf-8") as file:  # noqa: PTH123
        for line in file:
            # lines look like "2024-05-01 12:30:00 ERROR message"
            parts = line.rstrip("\n").split(" ", 3)
            if len(parts) < 4 or parts[2] != "ERROR":
                continue
            # join date and time
            moment = datetime.strptime(f"{parts[0]} {parts[1]}", "%Y-%m-%d %H:%M:%S")
            errors.append((moment, parts[3]))
    # newest first
    errors.sort(reverse=True)
    return errors


def main():
    """Play a round of guessing a number."""
    # choose a number
    secret = random.randint(1, 100)
    attempts = 0
    while True:
        # ask until the guess is a number
        text = input("Your guess: ")
        if not text.isdigit():
            print("Please enter a number.")
            continue
        attempts += 1
        guess = int(text)
        # compare with the secret
        if guess < secret:
            print("Too low")
        elif guess > secret:
            print("Too high")
        else:
            print(f"Right after {attempts} attempts!")
            break


if __name__ == "__main__":
    # a file on the command line is summarized, else the game is played
    if len(sys.argv) > 1:
        summarize_sales(sys.argv[1])
    else:
        main()
