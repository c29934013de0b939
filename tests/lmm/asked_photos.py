"""Whole runs with the real store: what `ask` does with many photos, in this process or in one that may be killed."""

import multiprocessing
from collections.abc import Sequence
from contextlib import contextmanager
from multiprocessing.process import BaseProcess
from pathlib import Path

import pandas as pd

from dualgeo.lmm.answer import read_answer
from dualgeo.lmm.ask import ask
from dualgeo.lmm.provider import Provider
from dualgeo.lmm.providers.batches import AnthropicBatches
from dualgeo.lmm.providers.direct import AnthropicDirect
from dualgeo.lmm.question import Question
from dualgeo.lmm.request import Picture
from dualgeo.lmm.store import AnswerStore
from dualgeo.params.lmm import LmmParams, SendingParams
from tests.lmm.asked import params
from tests.lmm.asking import QUICK, sending
from tests.lmm.made_requests import MODEL, made_request


def questions(count: int) -> list[Question]:
    return [Question(str(number), "atlas", "query", False, (), ()) for number in range(count)]


def picture(query_id: str) -> Picture:
    return made_request(int(query_id)).picture


def provider(how: SendingParams, answers: Path) -> Provider:
    if how.mode == "batches":
        return AnthropicBatches(how, read_answer, answers, QUICK)
    return AnthropicDirect(how, read_answer, QUICK)


def run(answers: Path, asked: Sequence[Question], **changes: object) -> pd.DataFrame:
    """Ask about photos with the store in `answers`; returns the table."""
    how = sending(**changes)
    with AnswerStore.open(answers) as store:
        return ask(asked, picture, asking(how), store, provider(how, answers))


def asking(how: SendingParams) -> LmmParams:
    return params(strategy="zero-shot", model=MODEL, max_tokens=256, max_usd=1e6, sending=how.model_dump())


@contextmanager
def running_apart(answers: Path, asked: Sequence[Question], **changes: object):
    """The same in a process of its own, forked so that it begins at once."""
    process: BaseProcess = multiprocessing.get_context("fork").Process(
        target=run, args=(answers, asked), kwargs=changes, daemon=True
    )
    process.start()
    try:
        yield process
    finally:
        process.kill()
        process.join()
