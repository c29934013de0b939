"""The budget: whatever is sent, in whatever order and from however many threads, the limit is never passed."""

import random
import threading

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dualgeo.lmm.budget import Budget, BudgetEndsError
from dualgeo.lmm.cost import dearest_usd
from dualgeo.lmm.prices import price_of
from dualgeo.lmm.reply import Usage
from tests.lmm.exchanges import reply_with, request_about

HAIKU = price_of("anthropic", "claude-haiku-4-5")
REQUESTS = [request_about(number) for number in range(40)]
DEAREST = dearest_usd(REQUESTS[0], HAIKU, "direct")
WORST = Usage(output_tokens=1000, cache_write_tokens=int((DEAREST * 1e6 - 5000) / 1.25))


@settings(max_examples=60, deadline=None)
@given(st.floats(0, 40 * DEAREST), st.integers(0, 2**32 - 1), st.integers(1, 12))
def test_however_requests_end_the_limit_is_not_passed(max_usd, seed, at_once):
    """Each ends at its dearest, cheaply, or lost and tried again, in random order."""
    drawn, budget = random.Random(seed), Budget(max_usd, 0.0, HAIKU)
    under_way, charged = dict[int, int](), 0.0
    waiting = list(range(len(REQUESTS)))
    while waiting or under_way:
        if waiting and len(under_way) < at_once and drawn.random() < 0.6:
            number = waiting.pop()
            try:
                budget.reserve(REQUESTS[number])
                under_way[number] = 0
            except BudgetEndsError:
                waiting.clear()
        elif under_way:
            number = drawn.choice(list(under_way))
            lost = under_way[number]
            if lost < 3 and drawn.random() < 0.3:
                try:
                    budget.reserve(REQUESTS[number])
                    under_way[number] = lost + 1
                    continue
                except BudgetEndsError:
                    lost += 1
                    reply = reply_with("failed", usage=Usage(), lost=lost)
            else:
                usage = drawn.choice([WORST, Usage(1200, 300), Usage()])
                reply = reply_with(usage=usage, lost=lost)
            del under_way[number]
            # At the worst, what was lost was charged in full.
            charged += budget.settle(REQUESTS[number], reply)
        assert budget.spent_usd + budget.held_usd <= max_usd + 1e-6
        assert budget.spent_usd == pytest.approx(charged)
    assert budget.held_usd == 0


def test_many_threads_never_pass_it():
    limit = 17.5 * DEAREST
    budget, peak, sent = Budget(limit, 0.0, HAIKU), [0.0], []

    def work(part: list[int]) -> None:
        for number in part:
            try:
                budget.reserve(REQUESTS[number])
            except BudgetEndsError:
                continue
            sent.append(number)
            peak[0] = max(peak[0], budget.spent_usd + budget.held_usd)
            budget.settle(REQUESTS[number], reply_with(usage=WORST))

    threads = [threading.Thread(target=work, args=(list(range(start, 40, 8)),)) for start in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert peak[0] <= limit + 1e-6
    assert len(sent) == 17
    assert budget.spent_usd <= limit


def test_a_limit_of_nothing_sends_nothing_and_says_so():
    with pytest.raises(BudgetEndsError, match=r"lmm.max_usd is 0, so nothing may be sent"):
        Budget(0.0, 0.0, HAIKU).reserve(REQUESTS[0])


def test_what_was_spent_before_counts():
    budget = Budget(2 * DEAREST, 1.5 * DEAREST, HAIKU)
    with pytest.raises(BudgetEndsError, match=r"of lmm.max_usd .* is spent"):
        budget.reserve(REQUESTS[0])


def test_what_a_request_did_not_use_is_free_for_the_next():
    budget = Budget(1.5 * DEAREST, 0.0, HAIKU)
    for request in REQUESTS[:5]:
        budget.reserve(request)
        budget.settle(request, reply_with(usage=Usage(100, 50)))
    assert budget.spent_usd == pytest.approx(5 * (100 + 250) / 1e6)


def test_a_message_batch_holds_half():
    budget = Budget(1.05 * DEAREST, 0.0, HAIKU, "batches")
    budget.reserve(REQUESTS[0])
    budget.reserve(REQUESTS[1])
    with pytest.raises(BudgetEndsError):
        budget.reserve(REQUESTS[2])
    budget.settle(REQUESTS[0], reply_with(usage=Usage(1000, 1000), mode="batch"))
    assert budget.spent_usd == pytest.approx(0.5 * 6000 / 1e6)


def test_free_models_need_no_limit():
    Budget(0.0, 0.0).reserve(REQUESTS[0])


def test_what_an_earlier_run_submitted_is_held_once_until_it_is_collected():
    key = REQUESTS[0].key
    budget = Budget(1.5 * DEAREST, 0.0, HAIKU, "batches", under_way={key: DEAREST / 2})
    assert budget.held_usd == pytest.approx(DEAREST / 2)
    budget.reserve(REQUESTS[0])
    assert budget.held_usd == pytest.approx(DEAREST / 2)
    budget.reserve(REQUESTS[0])  # the batch had expired, and it is submitted again
    assert budget.held_usd == pytest.approx(DEAREST)
    budget.settle(REQUESTS[0], reply_with(mode="batch"))
    assert budget.held_usd == 0


def test_each_attempt_is_noted_before_it_is_sent():
    noted: list[tuple[str, float]] = []
    budget = Budget(1.5 * DEAREST, 0.0, HAIKU, held=lambda request, usd: noted.append((request.query_id, usd)))
    budget.reserve(REQUESTS[0])
    with pytest.raises(BudgetEndsError):
        budget.reserve(REQUESTS[1])
    assert noted == [("photo-0", pytest.approx(DEAREST))]


def test_thousands_of_held_requests_leave_no_remainder():
    budget = Budget(1e9, 0.0, HAIKU, "batches")
    requests = [request_about(number) for number in range(3000)]
    for request in requests:
        budget.reserve(request)
    for request in reversed(requests):
        budget.settle(request, reply_with(usage=Usage(), mode="batch"))
    assert budget.held_usd == 0.0
    assert budget.spent_usd == 0.0
