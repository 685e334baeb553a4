"""A chat whose last user message does not fit, cut to what matters for the question in it."""

from __future__ import annotations

from expertd.api import tools
from expertd.api.schema import MIN_BUDGET, ChatRequest
from expertd.api.service import Service
from expertd.api.structured import schema_of
from expertd.errors import ContextOverflow
from expertd.router.chunks import Cut, cut

_ANSWER = 512  # tokens that an answer is given room for where the request does not say
_FRAME, _FRAME_EACH = 64, 8  # tokens of the template around all messages, and around each


def fit(service: Service, body: ChatRequest) -> tuple[ChatRequest, Cut | None]:
    """The request with that message cut to its budget, and what is left of it; None where it was short enough.

    Raises `ContextOverflow` where the rest of the request leaves no room for it.
    """
    assert body.context

    def count(text: str) -> int:
        return len(service.base.tokenize(text, add_special=False, parse_special=False))

    text = body.last_user_text
    if text is None:
        return body, None
    size = count(text)
    around = sum(map(count, tools.texts(body.with_last_user_text(""))))
    around += _FRAME + _FRAME_EACH * len(body.messages) + count(schema_of(body) or "")
    limit = _ANSWER if body.limit is None else body.limit
    room = service.settings.context - around - min(limit, service.settings.context // 2)
    budget = room if body.context.budget is None else min(room, body.context.budget)
    if budget < MIN_BUDGET:
        raise ContextOverflow(
            f"beside the last message there is no room in {service.settings.context} tokens: shorten the others, lower"
            " `max_tokens`, or raise the setting `context`",
            param="messages",
        )
    if size <= budget:
        return body, None
    left = cut(text, budget, count, service.router.table)
    return body.with_last_user_text(left.text), left
