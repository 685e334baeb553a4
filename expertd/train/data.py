"""A JSONL of prompts and answers as token examples, grouped by the prompt prefix that they share."""

from __future__ import annotations

import hashlib
import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from expertd.engine.base import Base
from expertd.engine.chat_template import ChatTemplate
from expertd.errors import TrainingRefused

MAX_GROUP = 64  # examples that share one prefix
MAX_LOSS = 512  # prompt tokens that a group may have to compute again in order to take one more example in


class Message(BaseModel):
    """One message of a conversation, as in a chat request."""

    model_config = ConfigDict(extra="forbid")
    role: Literal["system", "developer", "user", "assistant", "tool"]
    content: str


class Line(BaseModel):
    """One line of the file: `prompt` or `messages`, and the `answer`."""

    model_config = ConfigDict(extra="forbid")
    answer: str
    prompt: str | None = None
    messages: Annotated[list[Message], Field(min_length=1)] | None = None

    @model_validator(mode="after")
    def _one_prompt(self) -> Line:
        if (self.prompt is None) == (self.messages is None):
            raise ValueError("give either `prompt` or `messages`")
        if not self.answer.strip():
            raise ValueError("`answer` is empty")
        return self


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


def read_lines(path: Path) -> list[Line]:
    """Every line checked. Raises `TrainingRefused` with the number of the first wrong line."""
    lines = []
    try:
        with path.open(encoding="utf-8") as file:
            for number, text in enumerate(file, 1):
                if text.strip():
                    try:
                        lines.append(Line.model_validate_json(text))
                    except ValidationError as error:
                        fault = error.errors()[0]
                        where = ".".join(map(str, fault["loc"])) or "line"
                        raise TrainingRefused(f"{path}:{number}: {where}: {fault['msg']}") from error
    except OSError as error:
        raise TrainingRefused(f"{path} cannot be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise TrainingRefused(f"{path} is not UTF-8 text (byte {error.start}): convert it first") from error
    if not lines:
        raise TrainingRefused(f"{path} holds no examples: one JSON object a line, with `prompt` and `answer`")
    return lines


def tokenize(base: Base, lines: Sequence[Line], system: str | None, limit: int) -> Iterator[Example]:
    """Examples of at most `limit` tokens, in order; longer ones raise `TrainingRefused`.

    Prompts are made as the daemon makes them for an expert whose system message is `system`.
    """
    template = ChatTemplate(base)
    for number, line in enumerate(lines, 1):
        messages = [m.model_dump() for m in line.messages or [Message(role="user", content=line.prompt or "")]]
        prompt = template.encode(messages, system)
        answer = [*base.tokenize(line.answer), base.eos]
        if len(prompt) + len(answer) > limit:
            raise TrainingRefused(
                f"example {number} takes {len(prompt) + len(answer)} tokens, over the limit of {limit}"
            )
        yield Example(tuple(prompt), tuple(answer))


def group(examples: Sequence[Example], offset: int) -> list[Group]:
    """Neighbours with a long common prompt prefix together, so that its KV is computed once for all of them.

    The last `offset` tokens of a prompt belong to the expert, the rest to the base.
    """
    groups: list[Group] = []
    run: list[Example] = []
    shared = 0
    for example in examples:
        common = _common(run[0].prompt, example.prompt, min(shared, example.active(offset))) if run else 0
        if run and (shared - common) * len(run) <= MAX_LOSS and len(run) < MAX_GROUP:
            shared = common
            run.append(example)
            continue
        if run:
            groups.append(Group(run[0].prompt[:shared], tuple(run)))
        run, shared = [example], example.active(offset)
    groups.append(Group(run[0].prompt[:shared], tuple(run)))
    return groups


def _common(a: Sequence[int], b: Sequence[int], at_most: int) -> int:
    end = min(at_most, len(a), len(b))
    return next((i for i in range(end) if a[i] != b[i]), end)


def batches(groups: Sequence[Group], size: int, window: int, seed: int) -> list[Group]:
    """Batches of at most `size` examples, each of one group, shuffled within windows of `window` groups.

    The windows keep a curriculum or rounds written into the file's order, and keep the prefixes that are in use few.
    """
    rng = random.Random(seed)
    order: list[Group] = []
    for start in range(0, len(groups), window):
        part: list[Group] = []
        for item in groups[start : start + window]:
            # Answers of like length together: padding is computed too. Parts of like size: a small one costs as much.
            by_length = sorted(item.examples, key=lambda example: (len(example.answer), rng.random()))
            parts = -(-len(by_length) // size)
            each = -(-len(by_length) // parts)
            part += [Group(item.prefix, tuple(by_length[i : i + each])) for i in range(0, len(by_length), each)]
        rng.shuffle(part)
        order += part
    return order


def steps(batches: Sequence[Group], size: int) -> list[list[Group]]:
    """The batches in a row, as many to a step as make `size` examples or more."""
    made: list[list[Group]] = []
    room = 0
    for batch in batches:
        if room <= 0:
            made.append([])
            room = size
        made[-1].append(batch)
        room -= len(batch.examples)
    return made


def fingerprint(path: Path) -> str:
    """sha256 of a file. Raises `TrainingRefused` where it cannot be read."""
    digest = hashlib.sha256()
    try:
        with path.open("rb") as file:
            while block := file.read(1 << 20):
                digest.update(block)
    except OSError as error:
        raise TrainingRefused(f"{path} cannot be read: {error.strerror}") from error
    return digest.hexdigest()
