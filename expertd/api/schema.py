"""The bodies of requests, checked; field names and ranges are OpenAI's, with llama.cpp's further samplers."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, FiniteFloat, field_validator, model_validator

MAX_CHOICES = 16
MAX_STOPS = 16
MAX_BIASES = 1024
UNSUPPORTED = {
    "tools": "",
    "functions": "",
    "audio": "",
    "grammar": "",
    "json_schema": "",
    "suffix": ": fill-in-the-middle comes with the editor clients",
}
MAX_MESSAGES = 4096
MAX_PROMPT_TOKENS = 1 << 17

Stop = Annotated[str, Field(min_length=1, max_length=256)]


class StreamOptions(BaseModel):
    model_config = ConfigDict(strict=True)
    include_usage: bool = False


class TextPart(BaseModel):
    """One part of a message's content; only text is understood."""

    model_config = ConfigDict(strict=True)
    type: Literal["text"]
    text: str


class Message(BaseModel):
    """One message of a conversation."""

    model_config = ConfigDict(strict=True)
    role: Literal["system", "developer", "user", "assistant", "tool"]
    content: str | Annotated[list[TextPart], Field(fail_fast=True)] | None = None
    name: str | None = None

    @property
    def text(self) -> str:
        if isinstance(self.content, list):
            return "".join(part.text for part in self.content)
        return self.content or ""

    @model_validator(mode="after")
    def _has_content(self) -> Message:
        if self.content is None and self.role != "assistant":
            raise ValueError("content is missing")
        return self


class Common(BaseModel):
    """What chat and completion requests share. Fields that we do not know are ignored, as other servers do."""

    model_config = ConfigDict(strict=True)

    model: str = "auto"
    stream: bool = False
    stream_options: StreamOptions | None = None
    n: int = Field(1, ge=1, le=MAX_CHOICES)
    # Lists fail at their first fault: a body of a million wrong items must not make a million messages.
    stop: Stop | Annotated[list[Stop], Field(max_length=MAX_STOPS, fail_fast=True)] | None = None
    seed: int | None = Field(None, ge=-(2**63), lt=2**63)
    temperature: FiniteFloat | None = Field(None, ge=0, le=2)
    top_p: FiniteFloat | None = Field(None, gt=0, le=1)
    top_k: int | None = Field(None, ge=0, le=2**31 - 1)
    min_p: FiniteFloat | None = Field(None, ge=0, le=1)
    presence_penalty: FiniteFloat = Field(0.0, ge=-2, le=2)
    frequency_penalty: FiniteFloat = Field(0.0, ge=-2, le=2)
    repeat_penalty: FiniteFloat = Field(1.0, ge=0.01, le=4)
    logit_bias: dict[str, Annotated[FiniteFloat, Field(ge=-100, le=100)]] = {}

    @model_validator(mode="before")
    @classmethod
    def _supported(cls, values: Any) -> Any:
        """Fields that would change the answer's meaning must not be ignored."""
        if isinstance(values, dict):
            for field, why in UNSUPPORTED.items():
                if values.get(field):
                    raise ValueError(f"`{field}` is not supported yet{why}")
            if values.get("response_format") not in (None, {"type": "text"}):
                raise ValueError("`response_format` other than text is not supported yet")
            if values.get("best_of") not in (None, 1, values.get("n")):
                raise ValueError("`best_of` other than `n` is not supported: ask for `n` choices")
        return values

    @field_validator("logit_bias", mode="before")
    @classmethod
    def _few_biases(cls, value: Any) -> Any:
        if isinstance(value, dict) and len(value) > MAX_BIASES:
            raise ValueError(f"at most {MAX_BIASES} tokens")
        return value

    # `logprobs` and `echo` are the subclasses' own.
    @field_validator(
        *("presence_penalty", "frequency_penalty", "logit_bias", "n", "stream", "logprobs", "echo"),
        mode="before",
        check_fields=False,
    )
    @classmethod
    def _null_is_default(cls, value: Any, info: Any) -> Any:
        return cls.model_fields[info.field_name].get_default() if value is None else value

    @property
    def stops(self) -> tuple[str, ...]:
        return (self.stop,) if isinstance(self.stop, str) else tuple(self.stop or ())

    @property
    def wants_usage(self) -> bool:
        return self.stream_options is not None and self.stream_options.include_usage


class ChatRequest(Common):
    """The body of `POST /v1/chat/completions`."""

    messages: Annotated[list[Message], Field(fail_fast=True)] = Field(min_length=1, max_length=MAX_MESSAGES)
    max_tokens: int | None = Field(None, ge=1)
    max_completion_tokens: int | None = Field(None, ge=1)
    logprobs: bool = False
    top_logprobs: int | None = Field(None, ge=0, le=20)

    @model_validator(mode="after")
    def _top_needs_logprobs(self) -> ChatRequest:
        if self.top_logprobs is not None and not self.logprobs:
            raise ValueError("`top_logprobs` needs `logprobs: true`")
        return self

    @property
    def limit(self) -> int | None:
        return self.max_tokens if self.max_completion_tokens is None else self.max_completion_tokens


class CompletionRequest(Common):
    """The body of `POST /v1/completions`."""

    prompt: list[str] | list[list[int]]
    max_tokens: int | None = Field(16, ge=0)
    logprobs: int | None = Field(None, ge=0, le=20)
    echo: bool = False

    @field_validator("prompt", mode="plain")
    @classmethod
    def _prompts(cls, value: Any) -> list[str] | list[list[int]]:
        """Text, tokens, or a list of either, as a list. In words: a union's faults are told in pydantic's own."""
        if isinstance(value, str):
            return [value]
        if not isinstance(value, list) or not value:
            raise ValueError("give text, tokens, or a list of either that is not empty")
        prompts = [value] if all(type(item) is int for item in value) else value
        if len(prompts) > MAX_CHOICES:
            raise ValueError(f"at most {MAX_CHOICES} prompts")
        if all(isinstance(item, str) for item in prompts):
            return prompts
        if not all(isinstance(item, list) and item for item in prompts):
            raise ValueError("give text, tokens, or a list of either: texts and tokens cannot be mixed")
        if any(len(item) > MAX_PROMPT_TOKENS for item in prompts):
            raise ValueError(f"at most {MAX_PROMPT_TOKENS} tokens")
        if not all(type(token) is int and 0 <= token < 2**31 for item in prompts for token in item):
            raise ValueError("tokens are integers from 0 on")
        return prompts

    @model_validator(mode="after")
    def _zero_needs_echo(self) -> CompletionRequest:
        if self.max_tokens == 0 and not self.echo:
            raise ValueError("`max_tokens` of 0 needs `echo: true`")
        return self
