"""The bodies of requests, checked; field names and ranges are OpenAI's, with llama.cpp's further samplers."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, FiniteFloat, ValidationInfo, field_validator, model_validator

MAX_CHOICES = 16
MAX_STOPS = 16
MAX_BIASES = 1024
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


class TextFormat(BaseModel):
    model_config = ConfigDict(strict=True)
    type: Literal["text"]


class JsonObjectFormat(BaseModel):
    model_config = ConfigDict(strict=True)
    type: Literal["json_object"]


class JsonSchema(BaseModel):
    """A schema as OpenAI takes it. It is always enforced to the letter, whatever `strict` says."""

    model_config = ConfigDict(strict=True)
    name: str = "answer"
    schema_: dict[str, Any] | bool = Field(alias="schema")


class JsonSchemaFormat(BaseModel):
    model_config = ConfigDict(strict=True)
    type: Literal["json_schema"]
    json_schema: JsonSchema


ResponseFormat = Annotated[TextFormat | JsonObjectFormat | JsonSchemaFormat, Field(discriminator="type")]


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
    # What the answer must follow: one of these at most.
    response_format: ResponseFormat | None = None
    json_schema: dict[str, Any] | bool | None = None  # llama-server's
    grammar: str | None = None  # GBNF, llama-server's
    regex: str | None = None
    lark: str | None = None
    # Not there yet. They would change the answer's meaning, so they must not be ignored.
    tools: Any = None
    functions: Any = None
    audio: Any = None
    suffix: Any = None
    best_of: Any = None

    @field_validator("tools", "functions", "audio", "suffix")
    @classmethod
    def _unsupported(cls, value: Any) -> None:
        if value:
            raise ValueError("not supported yet")

    @field_validator("best_of")
    @classmethod
    def _best_of_all(cls, value: Any, info: ValidationInfo) -> None:
        if value not in (None, 1, info.data.get("n")):
            raise ValueError("other than `n` is not supported: ask for `n` choices")

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

    @field_validator("top_logprobs")
    @classmethod
    def _top_needs_logprobs(cls, value: int | None, info: ValidationInfo) -> int | None:
        if value is not None and not info.data.get("logprobs"):
            raise ValueError("needs `logprobs: true`")
        return value

    @property
    def limit(self) -> int | None:
        return self.max_tokens if self.max_completion_tokens is None else self.max_completion_tokens


class CompletionRequest(Common):
    """The body of `POST /v1/completions`."""

    prompt: list[str] | list[list[int]]
    echo: bool = False  # before `max_tokens`, whose check looks at it
    max_tokens: int | None = Field(16, ge=0)
    logprobs: int | None = Field(None, ge=0, le=20)

    @field_validator("prompt", mode="plain")
    @classmethod
    def _prompts(cls, value: Any) -> list[str] | list[list[int]]:
        """Text, tokens, or a list of either, as a list. In words: a union's faults are told in pydantic's own."""
        if isinstance(value, str):
            return [value]
        if not isinstance(value, list) or not value:
            raise ValueError("give text, tokens, or a list of either that is not empty")
        texts = sum(isinstance(item, str) for item in value)
        if 0 < texts < len(value):
            raise ValueError("give text, tokens, or a list of either: texts and tokens cannot be mixed")
        prompts = value if texts or any(isinstance(item, list) for item in value) else [value]
        if len(prompts) > MAX_CHOICES:
            raise ValueError(f"at most {MAX_CHOICES} prompts")
        if texts:
            return prompts
        if not all(isinstance(item, list) for item in prompts):
            raise ValueError("give tokens, or a list of lists of tokens: they cannot be mixed")
        if not all(prompts):
            raise ValueError("a list of tokens is empty")
        if any(len(item) > MAX_PROMPT_TOKENS for item in prompts):
            raise ValueError(f"at most {MAX_PROMPT_TOKENS} tokens")
        if not all(type(token) is int and 0 <= token < 2**31 for item in prompts for token in item):
            raise ValueError("tokens are integers from 0 on")
        return prompts

    @field_validator("max_tokens")
    @classmethod
    def _zero_needs_echo(cls, value: int | None, info: ValidationInfo) -> int | None:
        if value == 0 and not info.data.get("echo"):
            raise ValueError("0 needs `echo: true`")
        return value
