"""What an engine has done since its start, in plain numbers that the decoding thread counts."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass
class Paging:
    """Experts brought to where llama.cpp applies them, and taken away again."""

    pages_in: int = 0
    pages_out: int = 0
    seconds_in: float = 0.0
    seconds_out: float = 0.0


@dataclass
class Counters:
    """Tokens are those of every choice, and none is counted again when its sequence was preempted."""

    steps: int = 0
    prompt_tokens: int = 0
    completion_tokens: int = 0
    asked_tokens: int = 0  # of prompts that were looked up, all but each one's last, which is always computed
    reused_from_cells: int = 0  # of these, shared with a running sequence
    reused_from_memory: int = 0  # of these, put back by the prefix cache
    reused_from_disk: int = 0  # of these, read by it
    evictions: int = 0  # from the prefix cache, for want of room
    preemptions: int = 0
    forced_tokens: int = 0  # of the completion's, what a grammar had nothing else for: not drawn
    refused_draws: int = 0  # by a grammar, and drawn again
    draft_steps: int = 0  # with a draft
    drafted_tokens: int = 0  # of these drafts
    accepted_tokens: int = 0  # of them, what the model drew as well
    changed_nodes: int = 0  # of llama.cpp's graphs, by the hook
    paging: Paging = field(default_factory=Paging)
