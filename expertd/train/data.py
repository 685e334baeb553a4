"""A JSONL of prompts and answers as token examples, grouped by the prompt prefix that they share."""

from __future__ import annotations

import codecs
import hashlib
import random
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from expertd.engine.base import Base
from expertd.engine.chat_template import ChatTemplate
from expertd.engine.fill_in import fill_in, opening
from expertd.errors import ExpertdError, TrainingRefused, shown
from expertd.experts.manifest import FillIn
from expertd.experts.sandbox import render_message

MAX_GROUP = 256  # examples that share one prefix
MAX_AGAIN = 32  # prompt tokens an example that a group may compute again, for fuller batches


class Message(BaseModel):
    """One message of a conversation, as in a chat request."""

    model_config = ConfigDict(extra="forbid")
    role: Literal["system", "developer", "user", "assistant", "tool"]
    content: str


class Line(BaseModel):
    """One line of the file: `prompt`, or `messages`, or `prefix` and `suffix` of a gap; and the `answer`."""

    model_config = ConfigDict(extra="forbid")
    answer: str
    prompt: str | None = None
    messages: Annotated[list[Message], Field(min_length=1)] | None = None
    prefix: str | None = None
    suffix: str | None = None

    @model_validator(mode="after")
    def _one_prompt(self) -> Line:
        if sum(given is not None for given in (self.prompt, self.messages, self.prefix)) != 1:
            raise ValueError("give one of `prompt`, `messages`, and `prefix` with `suffix`")
        if (self.prefix is None) != (self.suffix is None):
            raise ValueError("a gap has a `prefix` and a `suffix`, of which one may be empty")
        return self


@dataclass(frozen=True)
class Asking:
    """What an expert's manifest makes of a request."""

    system: str | None = None
    template: str | None = None
    fim: FillIn | None = None

    def told(self) -> dict[str, str]:
        """What is there of it, as text."""
        parts = {"system": self.system, "template": self.template, "fim": self.fim and self.fim.model_dump_json()}
        return {name: text for name, text in parts.items() if text}


@dataclass(frozen=True)
class Fault:
    """Why a line of the file cannot be trained on."""

    line: int
    reason: str
    kind: Literal["broken", "with an empty answer", "too long"]


@dataclass(frozen=True)
class Found:
    """What a file holds."""

    examples: list[Example]
    faults: list[Fault]


@dataclass(frozen=True)
class Example:
    """A prompt as the daemon would build it, and the answer with its end token."""

    prompt: tuple[int, ...]
    answer: tuple[int, ...]

    def active(self, offset: int) -> int:
        """The first token of the prompt that the expert sees: `offset` from its end."""
        return max(0, len(self.prompt) - offset)


@dataclass(frozen=True)
class Group:
    """Examples whose prompts begin with the same `prefix` tokens."""

    prefix: tuple[int, ...]
    examples: tuple[Example, ...]


def read(path: Path, base: Base, asking: Asking, limit: int) -> Found:
    """The file's lines as examples of at most `limit` tokens, in order, and what is wrong with the others.

    Raises `TrainingRefused` where the file cannot be read at all.
    """
    _check_ends(path)
    found = Found([], [])
    template = ChatTemplate(base)
    try:
        with path.open("rb") as file:
            for number, data in enumerate(file, 1):
                if number == 1:
                    data = data.removeprefix(codecs.BOM_UTF8)  # some editors begin every file with it
                if not data.strip():
                    continue
                try:
                    line = _parse(data)
                    example = tokenize(base, template, line, asking)
                except (ValueError, ExpertdError) as error:
                    found.faults.append(Fault(number, str(error), "broken"))
                    continue
                if not line.answer.strip():
                    found.faults.append(Fault(number, "`answer` is empty", "with an empty answer"))
                elif (length := len(example.prompt) + len(example.answer)) > limit:
                    reason = f"it takes {length} tokens, over the limit of {limit}"
                    found.faults.append(Fault(number, reason, "too long"))
                else:
                    found.examples.append(example)
    except OSError as error:
        raise TrainingRefused(f"{path} cannot be read: {error.strerror}") from error
    return found


def _check_ends(path: Path) -> None:
    """Raises `TrainingRefused` for what may never end, or can be read only once."""
    if path.is_fifo() or path.is_char_device():
        raise TrainingRefused(f"{path} is a pipe or a device. Write the lines into a file, and give that.")


def _parse(data: bytes) -> Line:
    """One line. Raises `ValueError` that says what is wrong with it."""
    try:
        return Line.model_validate_json(data.decode())
    except UnicodeDecodeError as error:
        raise ValueError(f"byte {error.start} of the line is not UTF-8") from error
    except ValidationError as error:
        fault = error.errors()[0]
        where = ".".join(map(str, fault["loc"])) or "line"
        raise ValueError(shown(f"{where}: {fault['msg']}")) from error


def tokenize(base: Base, template: ChatTemplate, line: Line, asking: Asking) -> Example:
    """The prompt as the daemon makes it for an expert. Raises `ExpertdError` where it would refuse it."""
    opens = ""
    if line.prefix is not None:
        if asking.fim is None:
            raise TrainingRefused("it is a gap, and the expert.toml in --out has no `fim` that says how one is told")
        opens = opening(asking.fim, line.prefix)
        prompt = fill_in(base, asking.fim, line.prefix, line.suffix or "", opens)
    else:
        messages = [m.model_dump() for m in line.messages or [Message(role="user", content=line.prompt or "")]]
        if asking.template and messages[-1]["role"] == "user":
            messages[-1]["content"] = render_message(asking.template, messages[-1]["content"])
        prompt = template.encode(messages, asking.system)
    return Example(tuple(prompt), (*base.tokenize(opens + line.answer), base.eos))


def split(examples: Sequence[Example], share: float, most: int, seed: int) -> tuple[list[Example], list[Example]]:
    """Those to train on, and up to `share` of them, at most `most`, with all the examples of each of their prompts.

    Raises `TrainingRefused` where so few prompts are there that none can be held out, or none is left.
    """
    if not share:
        return list(examples), []
    room = min(most, max(1, round(len(examples) * share)))
    rng = random.Random(seed)
    drawn = rng.sample(range(len(examples)), len(examples))
    lines = Counter(example.prompt for example in examples)
    held: set[tuple[int, ...]] = set()
    for prompt in (examples[i].prompt for i in drawn):
        if prompt not in held and lines[prompt] <= room:
            held.add(prompt)
            room -= lines[prompt]
    trained = [example for example in examples if example.prompt not in held]
    if not held or not trained:
        raise TrainingRefused(
            f"{len(examples)} examples with {len(lines)} prompts: {share:.0%} of them cannot be held out, since all "
            "lines of a prompt stay together. Give --held-out FILE, or --held-out-share 0 to hold out none."
        )
    return trained, [example for example in examples if example.prompt in held]


def pack(examples: Sequence[Example], tokens: int, targets: int, seed: int) -> list[Example]:
    """Each with others before it, as earlier turns of one conversation, up to a random length below `tokens`.

    So an expert that is trained on short examples meets long contexts. `targets` neighbours share what is before them,
    which is computed once for all of them; nothing that asks the same as one of them is before it with its answer.
    """
    rng = random.Random(seed)
    made: list[Example] = []
    for start in range(0, len(examples), targets):
        block = examples[start : start + targets]
        asked, others = {example.prompt for example in block}, len(examples) - len(block)
        room = rng.randrange(tokens) - max(len(e.prompt) + len(e.answer) for e in block)
        before: list[int] = []
        while others:
            drawn = rng.randrange(others)
            other = examples[drawn if drawn < start else drawn + len(block)]
            if len(before) + len(other.prompt) + len(other.answer) > room or other.prompt in asked:
                break
            before += (*other.prompt, *other.answer)
        made += [Example((*before, *example.prompt), example.answer) for example in block]
    return made


def group(examples: Sequence[Example], offset: int) -> list[Group]:
    """Neighbours with a long common prompt prefix together, so that its KV is computed once for all of them.

    The last `offset` tokens of a prompt belong to the expert, the rest to the base.
    """
    groups: list[Group] = []
    again = 0
    for run in _runs(examples, offset):
        if groups:
            last = groups[-1]
            shared = _common(last.prefix, run.prefix, len(run.prefix))
            more = (len(last.prefix) - shared) * (len(last.examples) - 1)
            more += (len(run.prefix) - shared) * (len(run.examples) - 1)
            count = len(last.examples) + len(run.examples)
            if count <= MAX_GROUP and again + more <= MAX_AGAIN * count:
                groups[-1] = Group(run.prefix[:shared], last.examples + run.examples)
                again += more
                continue
        groups.append(run)
        again = 0
    return groups


def _runs(examples: Sequence[Example], offset: int) -> list[Group]:
    """Neighbours of which each shares more with the others than they lose by it."""
    runs: list[Group] = []
    run: list[Example] = []
    shared = 0
    for example in examples:
        common = _common(run[0].prompt, example.prompt, min(shared, example.active(offset))) if run else 0
        if run and (shared - common) * len(run) <= common and len(run) < MAX_GROUP:
            shared = common
        else:
            if run:
                runs.append(Group(run[0].prompt[:shared], tuple(run)))
            run, shared = [], example.active(offset)
        run.append(example)
    if run:
        runs.append(Group(run[0].prompt[:shared], tuple(run)))
    return runs


def _common(a: Sequence[int], b: Sequence[int], at_most: int) -> int:
    end = min(at_most, len(a), len(b))
    return next((i for i in range(end) if a[i] != b[i]), end)


def batches(groups: Sequence[Group], size: int, seed: int) -> list[Group]:
    """Batches of at most `size` examples, each of one group, the dearest first."""
    rng = random.Random(seed)
    made: list[Group] = []
    for item in groups:
        # Like lengths together: padding is computed too. Parts of like size: a small one costs as much.
        by_length = sorted(item.examples, key=lambda example: (_cost(item, example), rng.random()))
        parts = -(-len(by_length) // size)
        each = -(-len(by_length) // parts)
        made += [Group(item.prefix, tuple(by_length[i : i + each])) for i in range(0, len(by_length), each)]
    return sorted(made, key=lambda batch: (-_batch_cost(batch), rng.random()))


def steps(groups: Sequence[Group], micro_batch: int, size: int, window: int, seed: int) -> list[list[Group]]:
    """The batches of each step, as many as make `size` examples or more, shuffled within windows of `window` groups.

    The windows keep a curriculum or rounds written into the file's order, and keep the prefixes that are in use few.
    """
    rng = random.Random(seed)
    made: list[list[Group]] = []
    for start in range(0, len(groups), window):
        part: list[list[Group]] = []
        room = 0
        # A step's batches cost alike: the threads that run them wait for the slowest.
        for batch in batches(groups[start : start + window], micro_batch, seed + start):
            if room <= 0:
                part.append([])
                room = size
            part[-1].append(batch)
            room -= len(batch.examples)
        rng.shuffle(part)
        made += part
    return made


def _batch_cost(batch: Group) -> float:
    """Of its rows, each as long as the longest."""
    return len(batch.examples) * max(_cost(batch, example) for example in batch.examples)


def _cost(group: Group, example: Example) -> float:
    """Of an example behind its group's prefix; a prompt's token is run once, an answer's forward and back."""
    return 0.4 * (len(example.prompt) - len(group.prefix)) + len(example.answer)


def fingerprint(path: Path) -> str:
    """sha256 of a file. Raises `TrainingRefused` where it cannot be read."""
    digest = hashlib.sha256()
    _check_ends(path)
    try:
        with path.open("rb") as file:
            while block := file.read(1 << 20):
                digest.update(block)
    except OSError as error:
        raise TrainingRefused(f"{path} cannot be read: {error.strerror}") from error
    return digest.hexdigest()
