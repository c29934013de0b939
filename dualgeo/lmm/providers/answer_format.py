"""What every provider is asked to answer with, and whether what came back is that."""

import json
from collections.abc import Callable
from typing import Any

from dualgeo.lmm.answer import AnswerError, GeoAnswer
from dualgeo.lmm.reply import Outcome

Read = Callable[[str], GeoAnswer]
"""Reads a model's words; raises AnswerError with the reason where they hold no valid answer."""


def answer_schema() -> dict[str, Any]:
    """The JSON schema of GeoAnswer: an object that must have every property and no other."""
    return GeoAnswer.model_json_schema()


def schema_in_words() -> str:
    """What is added to a prompt where a schema cannot be sent beside it."""
    properties = answer_schema()["properties"]
    fields = {name: f"{_kind(about)}: {about['description']}" for name, about in properties.items()}
    return (
        "Answer with one JSON object and nothing else. It has exactly these properties, given here with their type and "
        f"meaning:\n{json.dumps(fields, indent=1, ensure_ascii=False)}"
    )


def judged(text: str, cut_at: int | None, read: Read) -> tuple[Outcome, str]:
    """The outcome and reason of words that arrived; `cut_at`: the number of tokens after which they were cut off.

    Words that were cut after a whole answer are an answer.
    """
    try:
        read(text)
    except AnswerError as error:
        if cut_at is not None:
            return "truncated", f"the answer was cut off at lmm.max_tokens, {cut_at} tokens."
        return "invalid", error.reason
    return "answered", ""


def _kind(about: dict[str, Any]) -> str:
    return f"list of {about['items']['type']}s" if about["type"] == "array" else str(about["type"])
