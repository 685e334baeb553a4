"""Command-line programs: subcommands, options, output and exit codes."""

from __future__ import annotations

import argparse
import csv
import getpass
import os
import shutil
import sys
import textwrap
from collections.abc import Callable, Sequence
from datetime import date, datetime
from pathlib import Path

NOTES = Path.home() / ".notes.txt"


class CliError(Exception):
    """A mistake of the user, told in one line."""


def build_parser() -> argparse.ArgumentParser:
    """Return the parser of the program with its subcommands."""
    parser = argparse.ArgumentParser(prog="notes", description="Keep short notes.")
    parser.add_argument("--file", type=Path, default=NOTES, help="where the notes are")
    parser.add_argument("-v", "--verbose", action="count", default=0)
    commands = parser.add_subparsers(dest="command", required=True)

    add = commands.add_parser("add", help="add a note")
    add.add_argument("text", nargs="+")
    add.add_argument("--tag", action="append", default=[])
    add.set_defaults(run=add_note)

    show = commands.add_parser("list", help="show notes")
    show.add_argument("--since", type=iso_date)
    show.add_argument("--reverse", action="store_true")
    show.set_defaults(run=list_notes)

    remove = commands.add_parser("remove", help="remove a note by its number")
    remove.add_argument("number", type=int)
    remove.add_argument("--yes", action="store_true", help="do not ask")
    remove.set_defaults(run=remove_note)
    return parser


def iso_date(text: str) -> date:
    """Return the date of an argument."""
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"not a date: {text}") from None


def read_notes(path: Path) -> list[str]:
    """Return the lines of the notes file, none if there is no file."""
    if not path.exists():
        return []
    return path.read_text(encoding="utf-8").splitlines()


def add_note(args: argparse.Namespace) -> int:
    """Add a note with the day and its tags."""
    tags = " ".join(f"#{tag}" for tag in args.tag)
    line = f"{date.today()} {' '.join(args.text)} {tags}".rstrip()
    with args.file.open("a", encoding="utf-8") as file:
        file.write(line + "\n")
    if args.verbose:
        print(f"added: {line}")
    return 0


def list_notes(args: argparse.Namespace) -> int:
    """Print the notes with their numbers."""
    notes = list(enumerate(read_notes(args.file), start=1))
    if args.since:
        notes = [(number, line) for number, line in notes if line[:10] >= args.since.isoformat()]
    if args.reverse:
        notes.reverse()
    for number, line in notes:
        print(f"{number:>3}  {line}")
    return 0 if notes else 1


def remove_note(args: argparse.Namespace) -> int:
    """Remove a note after asking."""
    lines = read_notes(args.file)
    if not 1 <= args.number <= len(lines):
        raise CliError(f"there is no note {args.number}")
    line = lines.pop(args.number - 1)
    if not args.yes and not confirm(f"Remove {line!r}?"):
        return 1
    args.file.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
    return 0


def confirm(question: str, default: bool = False) -> bool:
    """Ask a question; an empty answer is the default."""
    hint = "Y/n" if default else "y/N"
    answer = input(f"{question} [{hint}] ").strip().lower()
    if not answer:
        return default
    return answer in ("y", "yes")


def main(argv: Sequence[str] | None = None) -> int:
    """Run the program and return its exit code."""
    args = build_parser().parse_args(argv)
    try:
        return args.run(args)
    except CliError as error:
        print(f"notes: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        return 130


def print_columns(items: Sequence[str], width: int | None = None) -> None:
    """Print items in as many columns as the terminal has space for."""
    if not items:
        return
    width = width or shutil.get_terminal_size().columns
    cell = max(len(item) for item in items) + 2
    per_row = max(1, width // cell)
    for start in range(0, len(items), per_row):
        row = items[start : start + per_row]
        print("".join(item.ljust(cell) for item in row).rstrip())


def progress_line(done: int, total: int, width: int = 30) -> str:
    """Return a line that shows how far a job is.

    >>> progress_line(1, 4, width=8)
    '[==      ]  25%'
    """
    share = done / total if total else 1.0
    filled = int(share * width)
    bar = "=" * filled + " " * (width - filled)
    return f"[{bar}] {share:>4.0%}"


def supports_color(stream: object = sys.stdout) -> bool:
    """Whether a stream is a terminal that shows colors."""
    if "NO_COLOR" in os.environ:
        return False
    return bool(getattr(stream, "isatty", lambda: False)())


def paint(text: str, color: str) -> str:
    """Return a text in a color of the terminal."""
    codes = {"red": 31, "green": 32, "yellow": 33, "blue": 34}
    return f"\033[{codes[color]}m{text}\033[0m"


def help_text(commands: dict[str, str], width: int = 60) -> str:
    """Return commands and what they do, in two columns."""
    indent = max(len(name) for name in commands) + 2
    lines = []
    for name, about in commands.items():
        wrapped = textwrap.wrap(about, width - indent)
        lines.append(name.ljust(indent) + wrapped[0])
        lines += [" " * indent + line for line in wrapped[1:]]
    return "\n".join(lines)


def suggest(word: str, known: Sequence[str]) -> str | None:
    """Return the known word that shares the longest beginning with a mistyped one, or None.

    >>> suggest("comit", ["clone", "commit"])
    'commit'
    """
    best = None
    longest = 1
    for candidate in known:
        length = len(os.path.commonprefix([word, candidate]))  # noqa: RUF071
        if length > longest:
            best = candidate
            longest = length
    return best


def read_password(tries: int = 3) -> str:
    """Ask for a new password twice until both are equal."""
    for _ in range(tries):
        first = getpass.getpass("New password: ")
        second = getpass.getpass("Again: ")
        if first == second and len(first) >= 8:
            return first
        print("They differ or are too short.")
    raise CliError("no password was set")


def menu_loop(actions: dict[str, tuple[str, Callable[[], None]]]) -> None:
    """Show a menu and run what is chosen until the user quits."""
    while True:
        for key, (title, _) in actions.items():
            print(f"{key}) {title}")
        print("q) Quit")
        choice = input("> ").strip().lower()
        if choice == "q":
            return
        if choice not in actions:
            print("Please choose one of the list.")
            continue
        actions[choice][1]()


def merge_csv(paths: Sequence[Path], target: Path) -> int:
    """Write the rows of several CSV files with the same header to one and return their number."""
    count = 0
    header: list[str] | None = None
    with target.open("w", newline="", encoding="utf-8") as out:
        writer = csv.writer(out)
        for path in paths:
            with path.open(newline="", encoding="utf-8") as file:
                reader = csv.reader(file)
                first = next(reader, None)
                if first is None:
                    continue
                if header is None:
                    header = first
                    writer.writerow(header)
                elif first != header:
                    raise CliError(f"{path} has another header")
                for row in reader:
                    writer.writerow(row)
                    count += 1
    return count


def log_name(folder: Path, now: datetime) -> Path:
    """Return the path of a log file for a day."""
    return folder / f"run-{now:%Y%m%d}.log"


def env_flag(name: str, default: bool = False) -> bool:
    """Whether an environment variable switches something on."""
    value = os.environ.get(name)
    if value is None:
        return default
    return value.lower() in ("1", "true", "yes", "on")


if __name__ == "__main__":
    sys.exit(main())
