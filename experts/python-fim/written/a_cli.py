"""Command lines and small scripts."""

import argparse
import getpass
import logging
import os
import shlex
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

log = logging.getLogger(__name__)


def build_parser() -> argparse.ArgumentParser:
    """Return the parser of the command line."""
    parser = argparse.ArgumentParser(description="Resize the images of a folder.")
    parser.add_argument("folder", type=Path, help="where the images are")
    parser.add_argument("-w", "--width", type=int, default=800, help="the new width in pixels")
    parser.add_argument("-o", "--output", type=Path, help="where to write them; default: beside the originals")
    parser.add_argument("--dry-run", action="store_true", help="only say what would be done")
    parser.add_argument("-v", "--verbose", action="count", default=0)
    return parser


def setup_logging(verbose: int, path: Path | None = None) -> None:
    """Configure logging by the number of -v options."""
    level = {0: logging.WARNING, 1: logging.INFO}.get(verbose, logging.DEBUG)
    handlers: list[logging.Handler] = [logging.StreamHandler(sys.stderr)]
    if path is not None:
        handlers.append(logging.FileHandler(path, encoding="utf-8"))
    logging.basicConfig(level=level, handlers=handlers, format="%(asctime)s %(levelname)s %(message)s")


def positive_int(text: str) -> int:
    """Parse an integer above zero, for argparse."""
    try:
        value = int(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"not a number: {text!r}") from None
    if value <= 0:
        raise argparse.ArgumentTypeError(f"must be above 0: {value}")
    return value


def existing_file(text: str) -> Path:
    """Parse the path of a file that exists, for argparse."""
    path = Path(text)
    if not path.is_file():
        raise argparse.ArgumentTypeError(f"no such file: {path}")
    return path


def confirm(question: str, default: bool = False) -> bool:
    """Ask a yes-or-no question on the terminal."""
    hint = "[Y/n]" if default else "[y/N]"
    while True:
        answer = input(f"{question} {hint} ").strip().lower()
        if not answer:
            return default
        if answer in ("y", "yes"):
            return True
        if answer in ("n", "no"):
            return False
        print("Please answer yes or no.")


def choose(options: Sequence[str], title: str = "Choose one") -> str:
    """Let the user choose one of the options by its number."""
    print(title)
    for number, option in enumerate(options, start=1):
        print(f"  {number}) {option}")
    while True:
        text = input("> ")
        if text.isdigit() and 1 <= int(text) <= len(options):
            return options[int(text) - 1]
        print(f"Enter a number from 1 to {len(options)}.")


def run(command: Sequence[str], timeout: float | None = None) -> str:
    """Run a command and return what it printed.

    Raises:
        RuntimeError: If the command fails.
    """
    log.debug("running %s", shlex.join(command))
    result = subprocess.run(command, capture_output=True, text=True, timeout=timeout)
    if result.returncode != 0:
        raise RuntimeError(f"{command[0]} failed with {result.returncode}: {result.stderr.strip()}")
    return result.stdout


def current_branch(repository: Path) -> str:
    """Return the name of the branch that is checked out."""
    output = run(["git", "-C", str(repository), "rev-parse", "--abbrev-ref", "HEAD"])
    return output.strip()


def changed_files(repository: Path) -> list[Path]:
    """Return the files with changes that are not committed."""
    output = run(["git", "-C", str(repository), "status", "--porcelain"])
    return [repository / line[3:] for line in output.splitlines()]


def edit(path: Path) -> int:
    """Open a file in the user's editor and return the exit code."""
    editor = os.environ.get("EDITOR", "vi")
    return subprocess.call([*shlex.split(editor), str(path)])


def ask_password(prompt: str = "Password: ", attempts: int = 3) -> str:
    """Ask for a new password twice and return it when both entries agree."""
    for _ in range(attempts):
        first = getpass.getpass(prompt)
        if first == getpass.getpass("Again: "):
            return first
        print("They differ.", file=sys.stderr)
    raise SystemExit("no password given")


def progress(done: int, total: int, width: int = 30) -> None:
    """Print a progress bar on the current line."""
    filled = width * done // total
    bar = "#" * filled + "-" * (width - filled)
    end = "\n" if done == total else ""
    print(f"\r[{bar}] {done}/{total}", end=end, flush=True)


def read_input(path: str) -> str:
    """Read the named file, or standard input if the name is "-"."""
    if path == "-":
        return sys.stdin.read()
    return Path(path).read_text(encoding="utf-8")


def die(message: str, code: int = 1) -> None:
    """Print a message to standard error and exit."""
    print(f"error: {message}", file=sys.stderr)
    sys.exit(code)


def colored(text: str, color: str) -> str:
    """Return the text in a color, if standard output is a terminal."""
    codes = {"red": 31, "green": 32, "yellow": 33, "blue": 34}
    if not sys.stdout.isatty():
        return text
    return f"\033[{codes[color]}m{text}\033[0m"


def main(argv: Sequence[str] | None = None) -> int:
    """Run the program and return its exit code."""
    args = build_parser().parse_args(argv)
    setup_logging(args.verbose)
    if not args.folder.is_dir():
        log.error("%s is no folder", args.folder)
        return 2
    images = sorted(args.folder.glob("*.jpg"))
    for image in images:
        log.info("%s -> %d px", image.name, args.width)
        if args.dry_run:
            continue
        target = (args.output or args.folder) / f"{image.stem}-{args.width}.jpg"
        run(["convert", str(image), "-resize", str(args.width), str(target)])
    print(f"{len(images)} images done")
    return 0


if __name__ == "__main__":
    sys.exit(main())
