"""Other words for the same request: synonyms, and the layouts that people wrap a request in."""

from __future__ import annotations

import re
from random import Random

from experts.recipe import roughened, typos
from experts.shell.pools import words

# A pattern and what may stand for it, nothing of which changes the command.
_SAME: tuple[tuple[str, tuple[str, ...]], ...] = (
    (r"in this folder\b", ("in the current directory", "in the current folder", "in this directory", "here")),
    (r"below this folder\b", ("below the current directory", "under this directory", "in this tree")),
    (r"(?<=[ns] )here(?=[ .,?]|$)", ("in this folder", "in the current directory")),
    (r"\bfolder\b", ("directory", "dir")),
    (r"\bfolders\b", ("directories", "dirs")),
    (r"\bsubfolders\b", ("subdirectories", "subdirs")),
    (r"^Find all\b", ("Search for all", "Locate all", "List all", "Get all", "Show me all", "Look for all")),
    (r"^Find\b", ("Search for", "Locate", "Look for", "Find me")),
    (r"^Show\b", ("Display", "Output", "Show me", "Give me")),
    (r"^Print\b", ("Output", "Display", "Show", "Write out")),
    (r"^List\b", ("Show", "Display", "List me")),
    (r"^Delete\b", ("Remove", "Erase", "Get rid of")),
    (r"^Remove\b", ("Delete", "Get rid of")),
    (r"^Create\b", ("Make", "Make me", "Set up")),
    (r"^Count\b", ("Tell me the number of", "Give me the count of", "Count up")),
    (r"^Pack\b", ("Archive", "Put", "Bundle")),
    (r"^Unpack\b", ("Extract", "Unarchive", "Decompress")),
    (r"\blarger than\b", ("bigger than", "over", "above", "greater than", "more than")),
    (r"\bsmaller than\b", ("less than", "under", "below")),
    (r"\bolder than\b", ("more than", "over", "older than")),
    (r"\bmodified\b", ("changed", "edited", "altered")),
    (r"\bcontain\b", ("have", "mention", "include")),
    (r"\bends? in\b", ("ends with", "finishes in")),
    (r"\bignoring case\b", ("case-insensitively", "regardless of case", "whatever the case")),
    (r"\blargest\b", ("biggest",)),
    (r"\bnewest\b", ("most recent", "latest")),
    (r"\bwithout\b", ("leaving out", "excluding")),
    (r"\bwith line numbers\b", ("and number the lines", "along with line numbers", "showing line numbers")),
    (r"\bempty lines\b", ("blank lines",)),
    (r"\bPlease\b|\bplease\b", ("pls", "kindly", "")),
    (r"\bI need\b", ("I want", "I would like")),
)  # fmt: skip

_VERBS = words(
    """
    Find List Show Print Delete Remove Count Copy Move Rename Create Sort Replace Search Compress Pack Unpack Set Make
    Display  Compute Save Convert Put Add Join Change Append Write Extract Merge Compare Decompress Give Let Empty Pick
    Locate Output  Split Wrap Number Check Run Loop Remove Erase Archive Look Get Insert Join Draw Back Download Test
    """
)
# For a request that begins with a verb, which stands without its capital.
_AFTER = (
    "How do I {}?", "How can I {}?", "how to {}", "Write a bash command to {}.", "Linux command to {}",
    "command to {}", "I want to {}.", "I need to {}. What do I type?", "Can you {}?", "Please {}.",
    "Give me a command to {}.", "What is the command to {}?", "bash one-liner to {}", "Help me {}.",
    "Could you please {}?", "What should I type to {}?", "I'd like to {}", "unix command: {}",
)  # fmt: skip
_AROUND = (
    "shell: {}", "bash: {}", "Write a bash command for this: {}", "Linux command: {}", "{}\nCommand:", "Task: {}",
    "$ # {}", "# {}", "Translate to bash: {}", "Give me one shell command. {}", "{} Reply with the command only.",
    "{} (bash)", "Request: {}\nBash:", "In the terminal: {}", "Hi! {}", "{} Thanks!", "One-liner please: {}",
    "nl2bash: {}", "{}\n\nOnly the command, no explanation.", "What is the shell command for this? {}",
    "On Ubuntu: {}", "{} How do I do that in bash?", "cmd for: {}", "Q: {}\nA:",
)  # fmt: skip


def reworded(ask: str, command: str, rng: Random) -> str:
    """Some synonyms put in, none for a word that the command has: it may be a name."""
    for pattern, others in _SAME:
        found = re.search(pattern, ask)
        if found and rng.random() < 0.3 and not re.search(rf"(?<![\w.]){re.escape(found[0].strip())}\b", command):
            ask = ask[: found.start()] + rng.choice(others) + ask[found.end() :]
    return re.sub(r" +", " ", ask).strip()


def laid_out(ask: str, rng: Random) -> str:
    """The request wrapped as people wrap it."""
    first = ask.split(" ", 1)[0]
    if first.capitalize() in _VERBS and not ask.endswith("?") and ". " not in ask and rng.random() < 0.75:
        return rng.choice(_AFTER).format(first.lower() + ask[len(first) :].rstrip("."))
    layout = rng.choice(_AROUND)
    if layout.startswith("{} ") and ask[-1].isalnum() and "(" not in layout:
        ask += "."
    return layout.format(ask)


def as_typed(ask: str, command: str, rng: Random) -> str:
    """The request as fingers leave it: typos, no capital, no full stop; what the command has is typed right."""
    rough = roughened(ask, rng)
    first = ask.split(" ", 1)[0]
    if first in command or not first.istitle():
        rough = ask[:1] + rough[1:]
    return typos(rough, rng, share=0.12, keep=_kept(command))


def _kept(command: str) -> str:
    """A pattern of the words that must not be mistyped: what is no plain word, and what the command has."""
    own = sorted({re.escape(word) for word in re.findall(r"[a-zA-Z]{3,}", command)})
    return r"[^a-z ]|\d" + (rf"|^(?:{'|'.join(own)})$" if own else "")
