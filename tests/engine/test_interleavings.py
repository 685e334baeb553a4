"""Random comings and goings against the plain decode: whatever the order, an answer is what it is alone."""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from expertd.engine import context as context_module
from expertd.engine import lookup
from expertd.engine import worker as worker_module
from expertd.engine.interface import Piece, Request
from expertd.engine.mixed import MixedBlending
from expertd.engine.worker import Worker
from expertd.errors import EngineFailed
from expertd.experts.blend import Blend, Part
from expertd.experts.tensors import Weights
from tests.engine.harness import GREEDY, KINDS, WAY, Toy, background_done, engine, greedy, idle, peft_expert
from tests.engine.reference import Reference, Tie

LONGEST = 16
LORA = ("lora", "rslora", "attention")  # what the plain way serves too
SOME, MANY = 300, 5000  # interleavings of each way in the default run, and in the slow one
AT_A_TIME = 500
NEVER = 60  # seconds without a request until work in the background begins
HEADER, HEADER_EACH = 12, 4  # bytes of the state of a sequence that has no cells, and more for each range of cells
TOO_MANY = 4096  # cells, which no context here has
CHECKS = [HealthCheck.function_scoped_fixture, HealthCheck.too_slow, HealthCheck.data_too_large]


@dataclass(frozen=True)
class Asked:
    """A request of a plan. `parts` are kinds of experts, each with its scale and offset."""

    prompt: int
    parts: tuple[tuple[str, float, int | None], ...]
    length: int
    told: bool  # the prompt's probabilities too
    cancelled_after: int | None  # tokens; 0: at once
    next_after: int  # tokens of it that must have come before the next request is made
    turn: bool  # its prompt goes on from the answer of the request before it


@dataclass(frozen=True)
class Plan:
    """`sessions`: of daemons one after another. Names stand for other weights from request `replaced` of each on."""

    sessions: tuple[tuple[Asked, ...], ...]
    replaced: int
    claimed: int | None  # cells that the scheduler believes in: with more than there are, steps fail
    sequences: int
    batch: int
    ubatch: int | None
    unified: bool
    step_seconds: float
    cache_bytes: int
    on_disk: bool
    quiet: float
    held: int
    repeated: int  # tokens that a draft must be the repetition of


def plans(kinds: Sequence[str]) -> st.SearchStrategy[Plan]:
    scales = st.sampled_from([1.0, 0.5, -0.4])
    part = st.sampled_from(kinds).flatmap(
        lambda kind: st.tuples(
            st.just(kind), st.just(1.0) if kind == "prompt" else scales, st.sampled_from([1, 4, None])
        )
    )
    asked = st.builds(
        Asked,
        prompt=st.integers(0, 11),
        parts=st.lists(part, max_size=4, unique_by=lambda one: one[0]).map(tuple),
        length=st.integers(1, LONGEST),
        told=st.sampled_from([False, False, False, True]),
        cancelled_after=st.none() | st.integers(0, LONGEST),
        next_after=st.sampled_from([0, 0, 0, 1, 3, LONGEST + 1]),
        turn=st.booleans(),
    )
    session = st.lists(asked, min_size=1, max_size=7).map(tuple)
    return st.builds(
        Plan,
        sessions=st.lists(session, min_size=1, max_size=2).map(tuple),
        replaced=st.integers(1, 7),
        claimed=st.sampled_from([None, None, None, 160, TOO_MANY]),
        sequences=st.integers(1, 6),
        batch=st.sampled_from([32, 256]),
        ubatch=st.sampled_from([None, 16]),
        unified=st.booleans(),
        step_seconds=st.sampled_from([0.0, 0.01, 0.1]),
        cache_bytes=st.sampled_from([0, 40_000, 1 << 26]),
        on_disk=st.booleans(),
        quiet=st.sampled_from([0, 0.002, NEVER]),
        held=st.sampled_from([8, 2048]),
        repeated=st.sampled_from([1, 2, 8]),
    )


@pytest.fixture(scope="module")
def reference(toy, tmp_path_factory):
    return Reference(toy.base.path, tmp_path_factory.mktemp("merged"))


@pytest.fixture(scope="module")
def player(toy, reference, tmp_path_factory):
    folder = tmp_path_factory.mktemp("experts")
    versions = [
        {kind: peft_expert(toy, config, folder / f"{kind}-{seed}", seed=seed)[1] for kind, config in KINDS.items()}
        for seed in (5, 6)
    ]
    stems = [toy.prompt(200 + i, 60) for i in range(2)]
    prompts = [(*stems[i % 2][: 3 + 5 * i], *toy.prompt(210 + i, 1 + i % 4)) for i in range(12)]
    return Player(toy, versions, prompts, reference)


@dataclass(frozen=True)
class Player:
    """Plays plans on the toy base. `versions`: each kind's expert, and the one that takes its place."""

    toy: Toy
    versions: Sequence[Mapping[str, Weights]]
    prompts: Sequence[tuple[int, ...]]  # they share beginnings of all lengths
    reference: Reference

    def play(self, plan: Plan, folder: Path) -> None:
        for session in plan.sessions:
            made = self.requests(session, plan)
            answers = asyncio.run(self._play([request for request, _ in made], session, plan, folder))
            for asked, (_, right), answer in zip(session, made, answers, strict=True):
                if isinstance(answer, Failed):
                    assert plan.claimed == TOO_MANY
                    assert list(answer.tokens) == right[: len(answer.tokens)]
                else:
                    assert answer == right[: asked.cancelled_after], asked

    def requests(self, session: Sequence[Asked], plan: Plan) -> list[tuple[Request, list[int]]]:
        """Each with its right answer."""
        made: list[tuple[Request, list[int]]] = []
        for i, asked in enumerate(session):
            experts = self.versions[i >= plan.replaced]
            prompt = self.prompts[asked.prompt]
            if asked.turn and made and len(made[-1][0].prompt) < 100:
                prompt = (*made[-1][0].prompt, *made[-1][1], *prompt[-3:])
            right = self.reference.answer(prompt, [(experts[kind], *rest) for kind, *rest in asked.parts], LONGEST)
            parts = tuple(Part(kind, experts[kind].content_hash, *rest) for kind, *rest in asked.parts)
            weights = tuple(experts[kind] for kind, *_ in asked.parts)
            request = Request(
                prompt, asked.length, Blend(parts), weights, GREEDY, logprobs=0, prompt_logprobs=asked.told
            )
            made.append((request, right[: asked.length]))
        return made

    async def _play(
        self, requests: Sequence[Request], session: Sequence[Asked], plan: Plan, folder: Path
    ) -> list[list[int] | Failed]:
        async with engine(
            self.toy.base,
            cells=256,
            claimed=plan.claimed,
            sequences=plan.sequences,
            batch=plan.batch,
            ubatch=plan.ubatch,
            unified=plan.unified,
            step_seconds=plan.step_seconds,
            cache_bytes=plan.cache_bytes,
            folder=folder if plan.on_disk else None,
        ) as worker:
            turns = [asyncio.Event() for _ in range(len(session) + 1)]
            turns[0].set()
            answers = await asyncio.gather(
                *(
                    one(worker, request, asked, before, after)
                    for request, asked, before, after in zip(requests, session, turns, turns[1:], strict=False)
                )
            )
            if plan.quiet < NEVER:
                await background_done(worker)
            await idle(worker)
            await all_is_returned(worker, plan.sequences)
        return answers


@dataclass(frozen=True)
class Failed:
    """A stream that ended with an error, after these tokens."""

    tokens: Sequence[int]


async def one(
    worker: Worker, request: Request, asked: Asked, before: asyncio.Event, after: asyncio.Event
) -> list[int] | Failed:
    """The tokens of one request of a plan, made when its turn has come; `after` is set when the next one's has."""
    await before.wait()
    tokens: list[int] = []
    stream = worker.submit(request)
    if asked.next_after == 0:
        after.set()
    try:
        if asked.cancelled_after == 0:
            stream.cancel()
            return tokens
        first = asked.told  # a piece of the prompt
        async for event in stream:
            if isinstance(event, Piece) and not first:
                tokens += [logprob.token for logprob in event.logprobs]
                if len(tokens) == asked.next_after:
                    after.set()
                if len(tokens) == asked.cancelled_after:
                    stream.cancel()
                    return tokens
            first = False
        return tokens
    except EngineFailed:
        return Failed(tokens)
    finally:
        after.set()


async def all_is_returned(worker: Worker, sequences: int) -> None:
    """No cells, no ids and no ranks are held by what has ended. The worker, which must be at rest, is stopped."""
    await worker.stop(0)
    assert not any(worker._blending._users.values())
    assert sorted(worker._scheduler._free_ids) == list(range(sequences))
    nothing = HEADER + HEADER_EACH * (1 if worker._context.unified else sequences)
    assert {worker._context.sequence_bytes(seq_id) for seq_id in range(sequences)} == {nothing}


def kinds_of(way: object) -> Sequence[str]:
    return list(KINDS) if way is MixedBlending else LORA


def interleave(player: Player, tmp_path: Path, count: int) -> None:
    @settings(max_examples=count, deadline=None, suppress_health_check=CHECKS)
    @given(plan=plans(kinds_of(WAY[0])))
    def any_plan(plan: Plan) -> None:
        with pytest.MonkeyPatch.context() as patch, tempfile.TemporaryDirectory(dir=tmp_path) as folder:
            patch.setattr(worker_module, "QUIET", plan.quiet)
            patch.setattr(context_module, "HELD", plan.held)
            for name in ("NGRAM", "FIRST", "MOST"):
                patch.setattr(lookup, name, plan.repeated)
            patch.setattr(lookup, "WORTHWHILE", 1)
            with suppress(Tie):
                player.play(plan, Path(folder))

    any_plan()


@pytest.mark.timeout(900)
def test_any_interleaving_gives_the_answers_of_each_alone(player, f32_kv, tmp_path):
    interleave(player, tmp_path, SOME)


@pytest.mark.slow
@pytest.mark.parametrize("part", range(MANY // AT_A_TIME))
def test_thousands_of_interleavings_give_the_answers_of_each_alone(player, f32_kv, tmp_path, part):
    interleave(player, tmp_path, AT_A_TIME)


@pytest.mark.way("plain")  # about neither
def test_the_reference_is_what_llama_cpps_own_adapters_give(player, f32_kv):
    experts, prompt = player.versions[0], player.prompts[11]
    loaded = [(experts["lora"], 0.5), (experts["attention"], 1.0), (experts["rslora"], -0.4)]
    offsets = (None, 5, 1)
    parts = [(*one, offset) for one, offset in zip(loaded, offsets, strict=True)]
    assert player.reference.answer(prompt, parts, 40) == greedy(player.toy.base, prompt, 40, loaded, offsets=offsets)


@pytest.mark.way("plain")
@torch.no_grad()
def test_the_reference_is_what_torch_gives(toy, tmp_path, f32_kv):
    reference, prompt = Reference(toy.base.path, tmp_path), toy.prompt(230, 20)
    for kind, config in KINDS.items():
        model, weights = peft_expert(toy, config, tmp_path / kind)
        answer = reference.answer(prompt, [(weights, 1.0, None)], 12)
        logits = model(torch.tensor([[*prompt, *answer]])).logits[0]
        assert logits[-len(answer) - 1 : -1].argmax(-1).tolist() == answer, kind
