"""Ask a model about photos: from the store what was asked before, from the provider the rest, and every end kept."""

from collections.abc import Iterator, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

import pandas as pd

from dualgeo.errors import DualGeoError
from dualgeo.lmm.budget import Budget, BudgetEndsError
from dualgeo.lmm.consent import announce, require_leave
from dualgeo.lmm.cost import cost_of
from dualgeo.lmm.estimate import Pictures, Plan, Slot, missing_requests, plan_of
from dualgeo.lmm.prices import NOTHING, OWN, Price, price_for
from dualgeo.lmm.provider import Provider
from dualgeo.lmm.question import Question
from dualgeo.lmm.reply import Reply
from dualgeo.lmm.request import Request
from dualgeo.lmm.rows import NOT_ASKED, answered_row, table_of, unanswered_row
from dualgeo.lmm.store import AnswerStore
from dualgeo.params.lmm import LmmParams
from dualgeo.progress import progress, say

NO_END = "the provider reported no end of this request"


def ask(
    questions: Sequence[Question], pictures: Pictures, params: LmmParams, store: AnswerStore, provider: Provider
) -> pd.DataFrame:
    """A row of LMM_SCHEMA for each question and prompt, in that order; similarity is null and nothing chosen yet.

    `pictures` gives a question's photo as it would be sent; it is called when the photo is needed. Answers that the
    store holds are taken from there: without a missing one, nothing needs to be allowed, priced or sent. Raises
    DualGeoError when sending is not allowed, no price is known or a photo cannot be read, all before anything is
    sent; BudgetEndsError when `lmm.max_usd` is reached and `lmm.when_budget_ends` is stop, with every answer kept.
    """
    if not len(store):
        require_leave(params)
    price = known_price(params, store)
    plan = plan_of(questions, pictures, params, store, price or NOTHING)
    if not plan.missing:
        say(f"All {plan.requests} answers come from the store; nothing is sent.")
        return _rows(plan, questions, store, set(), "")
    require_leave(params)
    if price is None:
        price_for(params, own_prices(store))  # says which model has no price, and where to add it
    _require_collected(plan, params, store)
    announce(plan, params, store.spent_usd)
    ended, refusal = set[str](), ""
    try:
        _send(plan, missing_requests(plan, questions, pictures, params), params, store, provider, ended)
    except BudgetEndsError as error:
        refusal = str(error)
        if params.when_budget_ends == "stop":
            raise BudgetEndsError(_stopped(plan, store, refusal)) from None
        say(f"{refusal} The rest keeps its retrieval answer.")
    return _rows(plan, questions, store, ended, refusal)


def _require_collected(plan: Plan, params: LmmParams, store: AnswerStore) -> None:
    """What lies in a batch whose answers were not collected is paid for; sent another way it would be paid twice."""
    waiting = plan.missing.keys() & store.batched().keys()
    if waiting and params.sending.mode != "batches":
        raise DualGeoError(
            f"{len(waiting)} of {len(plan.missing)} requests to send lie in message batches whose answers were not "
            "collected; set lmm.sending.mode to batches and run the same again, so that they are not paid twice."
        )


def own_prices(store: AnswerStore) -> Path:
    """The project's own table of prices, which may be absent: prices.csv beside the store's folder."""
    return store.folder.parent / OWN


def known_price(params: LmmParams, store: AnswerStore) -> Price | None:
    """The configured model's price; None where none is known, which matters only when something is to be sent."""
    try:
        return price_for(params, own_prices(store))
    except DualGeoError:
        return None


def _send(
    plan: Plan,
    requests: Iterator[Request],
    params: LmmParams,
    store: AnswerStore,
    provider: Provider,
    ended: set[str],
) -> None:
    """Have the missing requests answered; each end is kept before the next is taken."""
    mode = params.sending.mode
    waiting = store.batched() if mode == "batches" else {}
    spent = store.spent_usd - sum(waiting.values())

    def held(request: Request, usd: float) -> None:
        if usd > 0:
            store.sending(request, usd, mode)

    with closing(progress(range(len(plan.missing)), len(plan.missing), "asked")) as ticks:

        def take(request: Request, reply: Reply) -> None:
            store.keep(request, reply, cost_of(request, reply, plan.price))
            ended.add(request.key)
            next(ticks, None)

        provider.answer(requests, Budget(params.max_usd, spent, plan.price, mode, held, waiting), take)
        next(ticks, None)


def _rows(plan: Plan, questions: Sequence[Question], store: AnswerStore, ended: set[str], refusal: str) -> pd.DataFrame:
    def row(slot: Slot) -> dict[str, Any]:
        question = questions[slot.question]
        record = store.find(slot.key) or (store.failure(slot.key) if slot.key in ended else None)
        if record is not None:
            return answered_row(question, slot, record)
        if refusal:
            return unanswered_row(question, slot, NOT_ASKED, refusal)
        return unanswered_row(question, slot, "failed", NO_END)

    return table_of(row(slot) for slot in plan.slots)


def _stopped(plan: Plan, store: AnswerStore, refusal: str) -> str:
    answered = sum(key in store for key in {slot.key for slot in plan.slots})
    return (
        f"{refusal} {answered} of {plan.requests} answers are here and kept, and {store.spent_usd:.4f} US dollars are "
        "spent in all; raise lmm.max_usd, ask less (lmm.photos_per_set) or set lmm.when_budget_ends to retrieval, and "
        "run the same again: nothing is paid twice."
    )
