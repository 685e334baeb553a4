"""Chat answers in OpenAI's shapes: text, and calls of tools."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from expertd.api.answer import Answer, Logprobs
from expertd.api.calls import Call, CallParser, Part
from expertd.api.streams import Indexed
from expertd.engine.interface import Done, Piece, TokenLogprob


class ChatAnswer(Answer):
    """Answers that are text."""

    id_prefix = "chatcmpl"
    kind = "chat.completion"
    chunk_kind = "chat.completion.chunk"

    def whole(self, index: int, text: str, logprobs: Logprobs, reason: str) -> dict[str, Any]:
        return {
            "index": index,
            "message": {"role": "assistant", "content": text, "refusal": None},
            "logprobs": self._logprobs(logprobs) if self.requests[index].logprobs is not None else None,
            "finish_reason": reason,
        }

    def part(self, index: int, text: str, logprobs: Logprobs, reason: str | None, first: bool) -> dict[str, Any]:
        delta = {} if reason else {"content": text}
        if first:
            delta = {"role": "assistant", "content": text}
        return {
            "index": index,
            "delta": delta,
            "logprobs": self._logprobs(logprobs) if logprobs else None,
            "finish_reason": reason,
        }

    def _logprobs(self, items: Logprobs) -> dict[str, Any]:
        return {"content": [self._logprob(item) for item in items], "refusal": None}

    def _logprob(self, item: TokenLogprob) -> dict[str, Any]:
        return {**self._token(item.token, item.logprob), "top_logprobs": [self._token(t, p) for t, p in item.top]}

    def _token(self, token: int, logprob: float | None) -> dict[str, Any]:
        piece = self.service.base.piece(token, special=True)
        return {"token": piece.decode("utf-8", "replace"), "logprob": logprob, "bytes": list(piece)}


@dataclass(frozen=True)
class _Parsed(Piece):
    """A piece of an answer, of which some is of calls."""

    content: str = ""
    calls: tuple[Part, ...] = ()


class CallsAnswer(ChatAnswer):
    """Answers that may call tools."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._parsers = [CallParser() for _ in self.requests]

    def whole(self, index: int, text: str, logprobs: Logprobs, reason: str) -> dict[str, Any]:
        parser = self._parsers[index]
        content = _content([*parser.push(text), *parser.flush()])
        choice = super().whole(index, content, logprobs, self._reason(index, reason))
        if parser.calls:
            choice["message"].update(
                content=content or None, tool_calls=[_call(call, call.arguments) for call in parser.calls]
            )
        return choice

    def part(self, index: int, text: str, logprobs: Logprobs, reason: str | None, first: bool) -> dict[str, Any]:
        return super().part(index, text, logprobs, self._reason(index, reason) if reason else None, first)

    async def _parsed(self, events: AsyncIterator[Indexed]) -> AsyncIterator[Indexed]:
        async for item in events:
            parser, event = self._parsers[item.index], item.event
            ends = isinstance(event, Done)
            piece = Piece("") if isinstance(event, Done) else event
            if told := _told(piece, list(parser.flush() if ends else parser.push(piece.text))):
                yield Indexed(item.index, told)
            if ends:
                yield item

    def _chunk(self, item: Indexed) -> str:
        index, event = item.index, item.event
        if not isinstance(event, _Parsed):
            return super()._chunk(item)
        self._latency.note(index, event)
        first = self._begins(index)
        choice = self.part(index, event.content, event.logprobs, None, first)
        if not event.content:
            choice["delta"] = {"role": "assistant", "content": None} if first else {}
        choice["delta"]["tool_calls"] = self._parts_of_calls(index, event.calls)
        return self._render(choice)

    def _parts_of_calls(self, index: int, parts: Sequence[Part]) -> list[dict[str, Any]]:
        """One entry for each call that they are of."""
        told: dict[int, dict[str, Any]] = {}
        for part in parts:
            assert part.index is not None
            if part.begins:
                call = self._parsers[index].calls[part.index]
                told[part.index] = {"index": part.index, **_call(call, "")}
            entry = told.setdefault(part.index, {"index": part.index, "function": {"arguments": ""}})
            entry["function"]["arguments"] += part.text
        return list(told.values())

    def _reason(self, index: int, reason: str) -> str:
        parser = self._parsers[index]
        return "tool_calls" if reason == "stop" and parser.calls and parser.whole else reason


def _told(piece: Piece, parts: list[Part]) -> Piece | None:
    """What a client is told of the parts that became final with a piece; None: nothing."""
    content = _content(parts)
    if calls := tuple(part for part in parts if part.index is not None):
        return _Parsed(piece.text, piece.logprobs, content, calls)
    return Piece(content, piece.logprobs) if content or piece.logprobs else None


def _content(parts: Iterable[Part]) -> str:
    return "".join(part.text for part in parts if part.index is None)


def _call(call: Call, arguments: str) -> dict[str, Any]:
    return {"id": call.id, "type": "function", "function": {"name": call.name, "arguments": arguments}}
