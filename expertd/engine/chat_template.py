"""A conversation as prompt tokens, by the GGUF's own template rendered in a sandbox."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from expertd.engine.base import Base
from expertd.errors import BaseRefused, InvalidRequest
from expertd.experts.sandbox import SANDBOX
from expertd.grammar.tools import called

# Used where a GGUF carries no template of its own.
CHATML = (
    "{% for message in messages %}"
    "{{'<|im_start|>' + message['role'] + '\n' + message['content'] + '<|im_end|>' + '\n'}}"
    "{% endfor %}{% if add_generation_prompt %}{{ '<|im_start|>assistant\n' }}{% endif %}"
)
# Private-use characters around an index: they stand for a control token's text inside a message until tokenization.
_OPEN, _CLOSE = "\ue0f0", "\ue0f1"


class ChatTemplate:
    """Renders messages and tokenizes the result so that no message can forge a control token."""

    def __init__(self, base: Base) -> None:
        """Compile the template of `base`. Raises `BaseRefused` where it is no template."""
        self._base = base
        try:
            self._template = SANDBOX.from_string(base.chat_template or CHATML)
        except Exception as error:  # as in `_render`
            raise BaseRefused(f"{base.path} has a chat template that is none: {error}. Give another file.") from error
        self._control = _control_pattern(base)
        self._bos = base.piece(base.bos, special=True).decode("utf-8", "replace") if base.bos >= 0 else ""
        self._eos = base.piece(base.eos, special=True).decode("utf-8", "replace") if base.eos >= 0 else ""
        self.calls_tools = self._writes_calls()

    def encode(
        self,
        messages: Sequence[Mapping[str, Any]],
        system: str | None = None,
        tools: Sequence[Mapping[str, Any]] = (),
    ) -> list[int]:
        """Tokens of the prompt that asks for the next answer. Raises `InvalidRequest` where the template refuses.

        `system` is an expert's own system message: it comes first where the conversation has none. `tools`, as OpenAI
        has them, are for a template that `calls_tools`.
        """
        # OpenAI renamed "system" to "developer"; templates know the old name.
        messages = [{**m, "role": "system" if m["role"] == "developer" else m["role"]} for m in messages]
        if system and all(message["role"] != "system" for message in messages):
            messages = [{"role": "system", "content": system}, *messages]
        found: list[str] = []

        def hide(match: re.Match[str]) -> str:
            found.append(match.group())
            return f"{_OPEN}{len(found) - 1}{_CLOSE}"

        def hidden(value: Any) -> Any:
            return _map_text(value, lambda s: self._control.sub(hide, s))

        text = self._render([hidden(message) for message in messages], [hidden(tool) for tool in tools])
        add_bos = not (self._bos and text.startswith(self._bos))
        if not found:
            return self._base.tokenize(text, add_special=add_bos, parse_special=True)
        tokens: list[int] = []
        for i, part in enumerate(re.split(f"{_OPEN}(\\d+){_CLOSE}", text)):
            literal = i % 2 == 1
            tokens += self._base.tokenize(
                found[int(part)] if literal else part, add_special=add_bos and i == 0, parse_special=not literal
            )
        return tokens

    def _writes_calls(self) -> bool:
        """Whether the template takes tools, and writes calls as our grammar has them."""
        call = {"type": "function", "function": {"name": "f", "arguments": {"x": 1}}}
        tool = {"type": "function", "function": {"name": "f", "description": "", "parameters": {"type": "object"}}}
        asked = {"role": "user", "content": "x"}
        try:
            text = self._render([asked, {"role": "assistant", "content": "", "tool_calls": [call]}, asked], [tool])
        except InvalidRequest:
            return False
        return called("f", '{"x": 1}') in text and json.dumps(tool["function"]) in text

    def _render(self, messages: Sequence[Mapping[str, Any]], tools: Sequence[Mapping[str, Any]]) -> str:
        try:
            return self._template.render(
                messages=messages,
                tools=tools or None,
                add_generation_prompt=True,
                bos_token=self._bos,
                eos_token=self._eos,
            )
        except Exception as error:  # the template is a program that came with the file: it can raise anything
            raise InvalidRequest(
                f"the base's chat template refuses these messages: {error}", param="messages"
            ) from error


def _map_text(value: Any, change: Callable[[str], str]) -> Any:
    """With every text in it changed, in keys too."""
    if isinstance(value, str):
        return change(value)
    if isinstance(value, list):
        return [_map_text(item, change) for item in value]
    if isinstance(value, Mapping):
        return {change(key): _map_text(item, change) for key, item in value.items()}
    return value


def _control_pattern(base: Base) -> re.Pattern[str]:
    texts = {base.piece(t, special=True).decode("utf-8", "replace") for t in range(base.n_vocab) if base.is_control(t)}
    # The stand-ins' own characters too: a message must not forge them either.
    ordered = sorted((t for t in {*texts, _OPEN, _CLOSE} if t), key=len, reverse=True)
    return re.compile("|".join(map(re.escape, ordered)))
