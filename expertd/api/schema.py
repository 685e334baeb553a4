"""The bodies of requests, checked; field names and ranges are OpenAI's, with llama.cpp's further samplers."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, FiniteFloat, ValidationInfo, field_validator, model_validator
from pydantic_core import from_json

from expertd.router.asked import Asked, ends, in_conversation
from expertd.router.router import Wishes

MAX_CHOICES = 16
MAX_STOPS = 16
MAX_BIASES = 1024
MAX_MESSAGES = 4096
MAX_TOOLS = 128
MAX_PROMPT_TOKENS = 1 << 17
MAX_EXPERTS = 10
MIN_BUDGET = 256
MAX_EXCLUDED = 1000

FunctionName = Annotated[str, Field(pattern=r"\A[a-zA-Z0-9_-]{1,64}\z")]
ExpertName = Annotated[str, Field(max_length=64)]
Stop = Annotated[str, Field(min_length=1, max_length=256)]


class _Strict(BaseModel):
    model_config = ConfigDict(strict=True)


class StreamOptions(_Strict):
    include_usage: bool = False


class TextPart(_Strict):
    """One part of a message's content; only text is understood."""

    type: Literal["text"]
    text: str


class CalledFunction(_Strict):
    name: FunctionName
    arguments: str

    @field_validator("arguments")
    @classmethod
    def _an_object(cls, value: str) -> str:
        try:
            arguments = from_json(value, allow_inf_nan=False)
        except ValueError as error:
            raise ValueError(f"no JSON ({error}): a call that was cut short cannot be sent back") from error
        if not isinstance(arguments, dict):
            raise ValueError("no JSON object, which arguments are")
        return value


class ToolCall(_Strict):
    """A call of an earlier answer, as its client sends it back."""

    id: str
    type: Literal["function"] = "function"
    function: CalledFunction


class Message(_Strict):
    """One message of a conversation."""

    role: Literal["system", "developer", "user", "assistant", "tool"]
    content: str | Annotated[list[TextPart], Field(fail_fast=True)] | None = None
    name: str | None = None
    tool_calls: Annotated[list[ToolCall], Field(max_length=MAX_TOOLS, fail_fast=True)] | None = None
    tool_call_id: str | None = None

    @property
    def text(self) -> str:
        if isinstance(self.content, list):
            return "".join(part.text for part in self.content)
        return self.content or ""

    @model_validator(mode="after")
    def _has_content(self) -> Message:
        if self.content is None and self.role != "assistant":
            raise ValueError("content is missing")
        if self.tool_calls and self.role != "assistant":
            raise ValueError(f"tool_calls are an assistant's, not of role {self.role!r}")
        if self.role == "tool" and self.tool_call_id is None:
            raise ValueError("tool_call_id is missing: which call is this the result of?")
        return self


class Function(_Strict):
    """A function that the model may call. Its arguments always follow `parameters`, whatever `strict` says."""

    name: FunctionName
    description: str | None = None
    parameters: dict[str, Any] | None = None
    strict: bool | None = None


class FunctionTool(_Strict):
    type: Literal["function"]
    function: Function


class NamedFunction(_Strict):
    name: str


class NamedChoice(_Strict):
    """The one function that must be called."""

    type: Literal["function"]
    function: NamedFunction


class TextFormat(_Strict):
    type: Literal["text"]


class JsonObjectFormat(_Strict):
    """Any object, or one of a schema, as llama-server takes it."""

    type: Literal["json_object"]
    schema_: Any = Field(None, alias="schema")


class JsonSchema(_Strict):
    """A schema as OpenAI takes it. It is always enforced to the letter, whatever `strict` says."""

    name: str = "answer"
    schema_: dict[str, Any] | bool = Field(alias="schema")


class JsonSchemaFormat(_Strict):
    type: Literal["json_schema"]
    json_schema: JsonSchema


class SqlFormat(_Strict):
    """One query over the tables of `schema`, a DDL; where that is left out, over those of the prompt's own DDL."""

    type: Literal["sql"]
    dialect: Literal["sqlite", "postgres"] = "sqlite"
    schema_: str | None = Field(None, alias="schema")


class CypherFormat(_Strict):
    """One query of the graph that `schema` tells."""

    type: Literal["cypher"]
    schema_: str = Field(alias="schema")


ResponseFormat = Annotated[
    TextFormat | JsonObjectFormat | JsonSchemaFormat | SqlFormat | CypherFormat, Field(discriminator="type")
]


class Experts(_Strict):
    """What a request says of the experts that the router may choose."""

    model_config = ConfigDict(extra="forbid")
    include: Annotated[list[ExpertName], Field(max_length=MAX_EXPERTS, fail_fast=True)] = []
    exclude: Annotated[list[ExpertName], Field(max_length=MAX_EXCLUDED, fail_fast=True)] = []
    max: int | None = Field(None, ge=0, le=MAX_EXPERTS)


class Context(_Strict):
    """Has a message that is too long cut to what matters for its question, instead of the request refused."""

    model_config = ConfigDict(extra="forbid")
    budget: int | None = Field(None, ge=MIN_BUDGET, description="tokens of the last user message; default: what fits")


class _Routed(_Strict):
    """What every request that the router may decide has."""

    experts: Experts | None = None
    response_format: ResponseFormat | None = None

    @property
    def wishes(self) -> Wishes:
        """What it says of the experts."""
        said = self.experts
        return Wishes(said.include, frozenset(said.exclude), said.max) if said else Wishes()

    @property
    def form(self) -> str:
        """`type` of the answer's form, where it has one."""
        return "" if self.response_format is None else self.response_format.type


class Common(_Routed):
    """What chat and completion requests share. Fields that we do not know are ignored, as other servers do."""

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
    # What the answer must follow: one of these and `response_format` at most.
    json_schema: dict[str, Any] | bool | None = None  # llama-server's
    grammar: str | None = None  # GBNF, llama-server's
    regex: str | None = None
    lark: str | None = None
    # Not there yet. They would change the answer's meaning, so they must not be ignored.
    functions: Any = None
    function_call: Any = None
    audio: Any = None
    best_of: Any = None

    @field_validator("functions", "function_call")
    @classmethod
    def _replaced(cls, value: Any) -> None:
        if value:
            raise ValueError("not supported: OpenAI replaced it by `tools` and `tool_choice`")

    @field_validator("audio")
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

    # `logprobs` and those after it are the subclasses' own.
    @field_validator(
        *("presence_penalty", "frequency_penalty", "logit_bias", "n", "stream", "logprobs", "echo"),
        *("tool_choice", "parallel_tool_calls"),
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
    tools: Annotated[list[FunctionTool], Field(max_length=MAX_TOOLS, fail_fast=True)] | None = None
    tool_choice: Literal["auto", "none", "required"] | NamedChoice = "auto"  # after `tools`, which its check looks at
    parallel_tool_calls: bool = True
    context: Context | None = None
    suffix: Any = None

    @field_validator("suffix")
    @classmethod
    def _only_in_completions(cls, value: Any) -> None:
        if value:
            raise ValueError("only `/v1/completions` takes one")

    @field_validator("messages")
    @classmethod
    def _results_have_calls(cls, messages: list[Message]) -> list[Message]:
        known: set[str] = set()
        for i, message in enumerate(messages):
            known.update(call.id for call in message.tool_calls or ())
            if message.role == "tool" and message.tool_call_id not in known:
                raise ValueError(
                    f"message {i} is the result of a call {str(message.tool_call_id)[:80]!r} that no assistant's"
                    " message before it made: send that message too, with its `tool_calls`"
                )
        return messages

    @field_validator("tools")
    @classmethod
    def _names_differ(cls, tools: list[FunctionTool] | None) -> list[FunctionTool] | None:
        names: set[str] = set()
        for tool in tools or ():
            if tool.function.name in names:
                raise ValueError(f"two are named {tool.function.name!r}: rename one")
            names.add(tool.function.name)
        return tools

    @field_validator("tool_choice")
    @classmethod
    def _choice_is_there(cls, choice: str | NamedChoice, info: ValidationInfo) -> str | NamedChoice:
        names = {tool.function.name for tool in info.data.get("tools") or ()}
        if choice == "required" and not names:
            raise ValueError("'required' needs `tools`")
        if isinstance(choice, NamedChoice) and choice.function.name not in names:
            raise ValueError(f"{choice.function.name[:80]!r} is none of `tools`")
        return choice

    @field_validator("top_logprobs")
    @classmethod
    def _top_needs_logprobs(cls, value: int | None, info: ValidationInfo) -> int | None:
        if value is not None and not info.data.get("logprobs"):
            raise ValueError("needs `logprobs: true`")
        return value

    @property
    def limit(self) -> int | None:
        return self.max_tokens if self.max_completion_tokens is None else self.max_completion_tokens

    @property
    def last_user_text(self) -> str | None:
        """Of the last user message; None where there is none."""
        return None if (last := self._last_user()) is None else self.messages[last].text

    def with_last_user_text(self, text: str) -> ChatRequest:
        """The request with this in the place of `last_user_text`, which must be there."""
        last, messages = self._last_user(), list(self.messages)
        assert last is not None
        messages[last] = messages[last].model_copy(update={"content": text})
        return self.model_copy(update={"messages": messages})

    def _last_user(self) -> int | None:
        return max((i for i, message in enumerate(self.messages) if message.role == "user"), default=None)

    @property
    def asked(self) -> Asked:
        """What the router looks at."""
        said = [(message.role, message.text) for message in self.messages]
        return in_conversation(said, form=self.form, has_tools=bool(self.tools) and self.tool_choice != "none")


class CompletionRequest(Common):
    """The body of `POST /v1/completions`."""

    prompt: list[str] | list[list[int]]
    echo: bool = False  # before `max_tokens`, whose check looks at it
    max_tokens: int | None = Field(16, ge=0)
    logprobs: int | None = Field(None, ge=0, le=20)
    suffix: str | None = None  # behind the gap; after `prompt` and `echo`, which its check looks at
    tools: Any = None

    @field_validator("tools")
    @classmethod
    def _only_in_chats(cls, value: Any) -> None:
        if value:
            raise ValueError("only `/v1/chat/completions` takes them")

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

    @field_validator("suffix")
    @classmethod
    def _around_text(cls, value: str | None, info: ValidationInfo) -> str | None:
        if value and info.data.get("echo"):
            raise ValueError("does not go with `echo`: leave one of them out")
        if value and not all(isinstance(prompt, str) for prompt in info.data.get("prompt", ())):
            raise ValueError("needs `prompt` as text, not as tokens")
        return value

    @field_validator("max_tokens")
    @classmethod
    def _zero_needs_echo(cls, value: int | None, info: ValidationInfo) -> int | None:
        if value == 0 and not info.data.get("echo"):
            raise ValueError("0 needs `echo: true`")
        return value

    @property
    def asked(self) -> Asked:
        """What the router looks at: where there is a gap."""
        text = self.prompt[0] if isinstance(self.prompt[0], str) else ""
        return Asked(ends(text), form=self.form, has_gap=bool(self.suffix), is_raw=True)


class RouteRequest(_Routed):
    """The body of `POST /v1/route`: a chat request's fields that decide, or a `prompt` as one user turn of it."""

    prompt: str | None = None
    messages: Annotated[list[Message], Field(max_length=MAX_MESSAGES, fail_fast=True)] | None = None
    suffix: str | None = None
    tools: Annotated[list[FunctionTool], Field(max_length=MAX_TOOLS, fail_fast=True)] | None = None
    tool_choice: Any = None

    @model_validator(mode="after")
    def _one_text(self) -> RouteRequest:
        if (self.prompt is None) == (self.messages is None):
            raise ValueError("give `messages` or `prompt`")
        if self.suffix is not None and self.prompt is None:
            raise ValueError("`suffix` goes with `prompt`")
        return self

    @property
    def asked(self) -> Asked:
        """What the router looks at."""
        has_tools = bool(self.tools) and self.tool_choice != "none"
        if self.messages is None:
            text = ends(self.prompt or "")
            gap = bool(self.suffix)
            return Asked(text, form=self.form, has_gap=gap, is_raw=gap, has_tools=has_tools)
        said = [(message.role, message.text) for message in self.messages]
        return in_conversation(said, form=self.form, has_tools=has_tools)

    @property
    def turns(self) -> list[Message]:
        """The conversation, of which a `prompt` is the one turn."""
        return self.messages or [Message(role="user", content=self.prompt or "")]


class TeachRequest(RouteRequest):
    """The body of `POST /v1/route/teach`: a request, and whether `expert` is (`good`) or is not the one for it."""

    expert: ExpertName
    good: bool = True
