"""Where a request's prompt, the rows of its soft prompts and its experts lie in its sequence."""

from __future__ import annotations

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass

from expertd.engine.interface import Request
from expertd.experts.blend import BASE, Blend
from expertd.experts.tensors import Array

_PLACEHOLDER = 0  # the token where a soft prompt's row stands: any will do


@dataclass(frozen=True)
class Layout:
    """Positions count virtual tokens in. Segment i begins at `starts[i]` and runs under `blends[i]`."""

    tokens: tuple[int, ...]  # the prompt
    starts: tuple[int, ...]  # ascending, the first is 0
    blends: tuple[Blend, ...]
    virtual: Mapping[int, Array]  # the soft prompts' rows by position, each [n_embd]
    shared: int | None  # tokens before the first expert that is activated by this prompt; None: there is none such

    def blend_at(self, position: int) -> Blend:
        if position >= self.starts[-1]:
            return self.blends[-1]
        return self.blends[bisect_right(self.starts, position) - 1]

    def blends_from(self, position: int) -> Iterator[tuple[int, Blend]]:
        """Where each segment ends that has tokens from `position` on, and its blend; the last one does not end."""
        ends = (*self.starts[1:], 1 << 62)
        return ((end, blend) for end, blend in zip(ends, self.blends, strict=True) if end > position)

    def run_under(self, chosen: Collection[Blend], position: int, limit: int) -> int:
        """How many of the `limit` tokens from `position` on stand under chosen blends, before one that does not."""
        for end, blend in self.blends_from(position):
            if blend not in chosen:
                begins = max(position, self.starts[self.blends.index(blend)])
                return min(limit, begins - position)
            if end >= position + limit:
                break
        return limit

    def request_tokens(self, length: int) -> int:
        """How many of the first `length` tokens are the request's own."""
        return length - sum(at < length for at in self.virtual)

    def index_in_request(self, position: int) -> int | None:
        """Which token of the request's prompt stands there; None: a virtual one."""
        return None if position in self.virtual else position - sum(at < position for at in self.virtual)


def lay_out(request: Request) -> Layout:
    """Each expert begins `offset` tokens before the prompt's end, with its soft prompt where it has one."""
    prompt, parts = request.prompt, request.blend.parts
    beginning: defaultdict[int, set[int]] = defaultdict(set)
    for i, part in enumerate(parts):
        beginning[0 if part.offset is None else max(0, len(prompt) - part.offset)].add(i)
    soft = {i: weights.prompt for i, weights in enumerate(request.weights) if weights.prompt is not None}
    tokens: list[int] = []
    virtual: dict[int, Array] = {}
    starts, blends, active, done = [0], [BASE], set(), 0
    shared = None
    for at in sorted(beginning):
        tokens += prompt[done:at]
        done = at
        active |= beginning[at]
        if shared is None and any(parts[i].offset is not None for i in beginning[at]):
            shared = len(tokens)
        whole = len(active) == len(parts)
        blend = request.blend if whole else Blend(tuple(parts[i] for i in sorted(active)))
        if len(tokens) > starts[-1]:
            starts.append(len(tokens))
            blends.append(blend)
        else:
            blends[-1] = blend
        # By content: a blend has one key in whatever order it is named, and KV is filed under that.
        for i in sorted(beginning[at], key=lambda i: parts[i].content_hash):
            for row in soft.get(i, ()):
                virtual[len(tokens)] = row
                tokens.append(_PLACEHOLDER)
    tokens += prompt[done:]
    return Layout(tuple(tokens), tuple(starts), tuple(blends), virtual, shared)
