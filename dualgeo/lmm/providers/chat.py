"""A request in the words of the chat-completions interface, and a completion as a reply."""

import base64
from typing import TYPE_CHECKING, Any

from dualgeo.lmm.providers.answer_format import Read, answer_schema, judged, schema_in_words
from dualgeo.lmm.providers.line import Tries
from dualgeo.lmm.providers.outside import count_of, said
from dualgeo.lmm.reply import Outcome, Reply, Usage
from dualgeo.lmm.request import Request

if TYPE_CHECKING:
    from openai.types.chat import ChatCompletion

FORMS: tuple[dict[str, Any], ...] = (
    {
        "response_format": {
            "type": "json_schema",
            "json_schema": {"name": "geo_answer", "schema": answer_schema(), "strict": True},
        }
    },
    {"response_format": {"type": "json_object"}},
    {},
)
"""Ways to ask for the form of the answer, the strictest first; which of them a server knows, it says by refusing."""


def body_of(request: Request, jpeg: bytes) -> dict[str, Any]:
    """Model and messages: the photo first, then the words, then the form of the answer in words.

    A server that holds a model to a schema does not show it what the fields mean.
    """
    address = f"data:image/jpeg;base64,{base64.b64encode(jpeg).decode('ascii')}"
    words = f"{request.prompt.text}\n\n{schema_in_words()}"
    system = [{"role": "system", "content": request.prompt.system}] if request.prompt.system else []
    asked = {
        "role": "user",
        "content": [{"type": "image_url", "image_url": {"url": address}}, {"type": "text", "text": words}],
    }
    effort = {"reasoning_effort": request.effort} if request.effort is not None else {}
    return {"model": request.model, "messages": [*system, asked], **effort}


def is_completion(value: object) -> bool:
    """Whether a response has what every completion has; the SDK builds its objects without looking."""
    from openai.types.chat import ChatCompletion

    if not isinstance(value, ChatCompletion) or not isinstance(value.choices, list):  # pyright: ignore[reportUnnecessaryIsInstance]
        return False
    return len(value.choices) > 0 and getattr(value.choices[0], "message", None) is not None


def reply_of(completion: "ChatCompletion", tries: Tries, read: Read, request_id: str) -> Reply:
    """What a completion means; `read` judges its words."""
    choice, usage = completion.choices[0], _usage(completion)
    content = choice.message.content
    text = content if isinstance(content, str) else ""  # pyright: ignore[reportUnnecessaryIsInstance]
    outcome, reason = _judged(choice.finish_reason, text, getattr(choice.message, "refusal", None), tries, read)
    return Reply(
        outcome=outcome,
        reason=reason,
        text=text,
        model=str(completion.model or tries.request.model),
        request_id=request_id or str(completion.id or ""),
        stop_reason=choice.finish_reason or "",
        usage=usage or Usage(),
        latency_s=tries.latency_s,
        attempts=tries.made,
        # Without a count of tokens nobody knows what it cost: it counts at its dearest, as an unseen end does.
        lost=tries.lost + (usage is None),
        mode="direct",
    )


def _usage(completion: "ChatCompletion") -> Usage | None:
    """None where the server counted nothing, or what cannot be."""
    usage = completion.usage
    asked, made = (count_of(getattr(usage, name, None)) for name in ("prompt_tokens", "completion_tokens"))
    if asked is None or made is None:
        return None
    details = getattr(usage, "prompt_tokens_details", None)
    cached = min(count_of(getattr(details, "cached_tokens", None)) or 0, asked)
    return Usage(asked - cached, made, 0, cached)


def _judged(stop: str | None, text: str, refusal: str | None, tries: Tries, read: Read) -> tuple[Outcome, str]:
    if refusal:
        return "refused", f"the model refused to answer: {said(refusal, '', 200)}."
    if stop == "content_filter":
        return "refused", "the server's content filter stopped the answer."
    if stop == "length":
        return judged(text, tries.request.max_tokens, read)
    if not text.strip():
        return "invalid", "the model said nothing."
    return judged(text, None, read)
