"""One run of batches: resume what an earlier run submitted, submit, wait, collect, submit again what went wrong."""

import time
from collections import Counter
from collections.abc import Iterable
from contextlib import suppress
from datetime import UTC, datetime

from anthropic.types.messages import MessageBatchIndividualResponse
from anthropic.types.messages.batch_create_params import Request as BatchRequest

from dualgeo.errors import DualGeoError
from dualgeo.lmm.budget import Budget, BudgetEndsError
from dualgeo.lmm.provider import Take
from dualgeo.lmm.providers.answer_format import Read
from dualgeo.lmm.providers.batch_api import BatchApi, ResultsGoneError, SubmissionLostError, SubmissionRefusedError
from dualgeo.lmm.providers.batch_ledger import BatchLedger, Entry
from dualgeo.lmm.providers.batch_pieces import next_piece
from dualgeo.lmm.providers.batch_results import message_or_failure
from dualgeo.lmm.providers.failures import Failure
from dualgeo.lmm.providers.messages import no_message, reply_of
from dualgeo.lmm.providers.outside import reply_without_key
from dualgeo.lmm.providers.streak import Streak
from dualgeo.lmm.reply import Outcome, Reply
from dualgeo.lmm.request import Request
from dualgeo.params.lmm import SendingParams
from dualgeo.progress import say


def custom_id_of(request: Request) -> str:
    """The key as the API takes it: at most 64 characters of letters, digits, `_` and `-`."""
    return request.key[:64]


class BatchRun:
    """One call of `answer`. A request is in the queue, awaited from a batch, or ended.

    What a request holds of the budget stays held while it is submitted again, for only messages are charged; it is
    held twice where a result was never seen.
    """

    def __init__(
        self,
        api: BatchApi,
        ledger: BatchLedger,
        sending: SendingParams,
        read: Read,
        budget: Budget,
        take: Take,
        wanted: dict[str, Request],
    ) -> None:
        self._api = api
        self._ledger = ledger
        self._sending = sending
        self._read = read
        self._budget = budget
        self._streak = Streak(take)
        self._queue = wanted
        self._held = set[str]()
        """Those in the queue for which money is held already."""
        self._awaited: dict[str, tuple[Entry, dict[str, Request]]] = {}
        """By intent: a batch at the API and what is awaited from it."""
        self._submitted_now = set[str]()
        """Intents of this run."""
        self._tries = Counter[str]()
        self._lost = Counter[str]()
        self._stop: DualGeoError | None = None

    def run(self) -> None:
        """Until nothing is queued or awaited. What no request can survive is raised at once: batches go on."""
        try:
            refusal = self._go()
        except KeyboardInterrupt:
            say(self._how_to_go_on())
            raise
        except DualGeoError:
            self._streak.withdraw()
            if self._awaited:
                say(self._how_to_go_on())
            raise
        if refusal is not None:
            self._give_up_tried()
        self._streak.release()
        if refusal is not None:
            raise refusal

    def _go(self) -> BudgetEndsError | None:
        for entry in self._ledger.open_entries:
            self._resume(entry)
        while True:
            refusal = self._submit()
            if not self._awaited:
                return refusal
            if not self._collect():
                time.sleep(self._sending.poll_s)

    def _resume(self, entry: Entry) -> None:
        """Take up a batch of an earlier run, as far as its requests are wanted."""
        later = {key for other in self._ledger.open_entries if other.time > entry.time for key in other.left}
        keys = [key for key in entry.keys if key in entry.left - later and key in self._queue]
        if not keys or (entry.batch is None and not self._find(entry)):
            return
        say(f"Going on with batch {entry.batch} of {entry.time:%Y-%m-%d %H:%M} UTC: {len(keys)} requests are awaited.")
        for key in keys:
            # It was paid for when it was submitted, whatever the budget says now.
            with suppress(BudgetEndsError):
                self._budget.reserve(self._queue[key])
        self._follow(entry, keys)

    def _find(self, entry: Entry) -> bool:
        """Look at the API for a batch whose submission was not seen to end; without one, it never arrived."""
        batch = self._api.find(entry, self._ledger.batches)
        if batch is None:
            self._ledger.collected(entry, entry.left)
            return False
        say(f"Batch {batch} may be the one whose submission at {entry.time:%Y-%m-%d %H:%M} UTC was cut off.")
        self._ledger.found(entry, batch)
        return True

    def _follow(self, entry: Entry, keys: Iterable[str]) -> None:
        requests = {key: self._queue.pop(key) for key in keys}
        self._tries.update(requests.keys())
        self._awaited[entry.intent] = (entry, requests)

    def _submit(self) -> BudgetEndsError | None:
        """Submit what is queued, as far as the budget allows; returns its refusal."""
        while self._queue:
            order = sorted(self._queue, key=lambda key: key not in self._held)
            piece = next_piece(self._queue, order, self._sending.batch_requests)
            allowed, refusal = self._reserve(piece)
            if allowed:
                self._send(allowed)
            if refusal is not None:
                return refusal
        return None

    def _reserve(self, piece: list[BatchRequest]) -> tuple[list[BatchRequest], BudgetEndsError | None]:
        for number, made in enumerate(piece):
            key = made["custom_id"]
            if key in self._held:
                continue
            try:
                self._budget.reserve(self._queue[key])
            except BudgetEndsError as error:
                return piece[:number], error
            self._held.add(key)
        return piece, None

    def _send(self, piece: list[BatchRequest]) -> None:
        keys = [made["custom_id"] for made in piece]
        entry = self._ledger.intend(keys)
        self._submitted_now.add(entry.intent)
        reason = ""
        for _ in range(self._sending.attempts):
            try:
                self._ledger.submitted(entry, self._api.submit(piece))
            except SubmissionRefusedError as error:
                self._ledger.collected(entry, entry.left)
                self._give_up(keys, str(error))
                raise
            except SubmissionLostError as error:
                reason = str(error)
                time.sleep(self._sending.poll_s)
                if (batch := self._api.find(entry, self._ledger.batches)) is None:
                    continue
                self._ledger.found(entry, batch)
            self._held.difference_update(keys)
            self._follow(entry, keys)
            say(f"Submitted batch {entry.batch} with {len(keys)} requests.")
            return
        raise DualGeoError(
            f"Whether the API has the last batch is not known ({reason.rstrip('.')}); run the same again: it is looked "
            "for there before anything is submitted."
        )

    def _collect(self) -> bool:
        """Take the results of batches that have ended; returns whether any had."""
        any_ended = False
        for entry, requests in list(self._awaited.values()):
            if self._api.batch(entry.batch or "").processing_status == "ended":
                any_ended = True
                self._take_results(entry, requests)
        return any_ended

    def _take_results(self, entry: Entry, requests: dict[str, Request]) -> None:
        known, seen, strangers = set(entry.keys), set[str](), set[str]()

        def each(result: MessageBatchIndividualResponse) -> None:
            custom_id = result.custom_id
            if custom_id not in known:
                strangers.add(custom_id)
            elif custom_id not in seen:
                seen.add(custom_id)
                if custom_id in requests:
                    self._one(requests[custom_id], result, entry)

        try:
            if not self._is_it(entry):
                self._not_it(entry, requests)
                return
            self._api.results(entry.batch or "", each)
        except ResultsGoneError:
            # Only what lay there for weeks can be gone; anything else must not be paid for again and again.
            if entry.intent in self._submitted_now:
                raise DualGeoError(
                    f"Batch {entry.batch} has lost its results; look for it in the API's console."
                ) from None
            say(f"The results of batch {entry.batch} are gone: the API keeps them for 29 days. It is submitted again.")
        else:
            if strangers:
                say(f"{len(strangers)} results in batch {entry.batch} answer nothing that was asked in it; ignored.")
        for key in requests.keys() - seen:
            self._lost[key] += 1
            self._again(requests[key], Failure("again", "the batch held no result for it.", lost=True), entry)
        del self._awaited[entry.intent]
        self._ledger.collected(entry, requests)
        if self._stop is not None:
            raise self._stop

    def _is_it(self, entry: Entry) -> bool:
        """Whether a batch that was found at the API has our requests."""
        ids = set[str]()
        if not entry.sure:
            self._api.results(entry.batch or "", lambda result: ids.add(result.custom_id))
        return entry.sure or ids >= set(entry.keys)

    def _not_it(self, entry: Entry, requests: dict[str, Request]) -> None:
        """What was found at the API was another's batch: look for the next, or submit."""
        self._ledger.not_it(entry)
        del self._awaited[entry.intent]
        self._queue.update(requests)
        self._tries.subtract(requests.keys())
        if self._find(entry):
            self._follow(entry, requests)
        else:
            self._held.update(requests)

    def _one(self, request: Request, result: MessageBatchIndividualResponse, entry: Entry) -> None:
        made = message_or_failure(result.result, self._api.key)
        if isinstance(made, Failure):
            self._lost[custom_id_of(request)] += made.lost
            self._again(request, made, entry)
            return
        key = custom_id_of(request)
        reply = reply_of(
            made,
            request,
            self._read,
            request_id=made.id,
            latency_s=_seconds_since(entry.time),
            attempts=self._tries[key],
            lost=self._lost[key],
            mode="batch",
        )
        self._end(request, reply)

    def _again(self, request: Request, failure: Failure, entry: Entry) -> None:
        """Queue a request that brought no message, unless there is no sense in it."""
        key = custom_id_of(request)
        if failure.kind == "again" and self._tries[key] < self._sending.attempts:
            self._queue[key] = request
            if not failure.lost:
                self._held.add(key)
            return
        if failure.kind == "fatal":
            self._stop = DualGeoError(failure.reason)
        outcome = "rejected" if failure.kind == "rejected" else "failed"
        self._end(request, self._reply(request, outcome, failure.reason, _seconds_since(entry.time)))

    def _end(self, request: Request, reply: Reply) -> None:
        reply = reply_without_key(reply, self._api.key)
        self._budget.settle(request, reply)
        too_many = self._streak.end(request, reply)
        self._stop = self._stop or too_many

    def _give_up(self, keys: Iterable[str], reason: str) -> None:
        for key in keys:
            request = self._queue.pop(key)
            reply = self._reply(request, "failed", reason, 0.0)
            self._budget.settle(request, reply)
            self._streak.end(request, reply)

    def _give_up_tried(self) -> None:
        """End what was submitted before and cannot be again, for want of money."""
        self._give_up([key for key in self._queue if self._tries[key]], "the budget allowed no other attempt.")

    def _reply(self, request: Request, outcome: Outcome, reason: str, latency_s: float) -> Reply:
        key = custom_id_of(request)
        attempts, lost = self._tries[key], self._lost[key]
        return no_message(request, outcome, reason, latency_s=latency_s, attempts=attempts, lost=lost, mode="batch")

    def _how_to_go_on(self) -> str:
        if not self._awaited:
            return "Stopped; no batch is under way."
        ids = ", ".join(entry.batch or "" for entry, _ in self._awaited.values())
        count = sum(len(requests) for _, requests in self._awaited.values())
        return (
            f"Stopped. {count} requests go on at the API in batches {ids} and will be charged; run the same again "
            "within 29 days to collect their answers."
        )


def _seconds_since(time: datetime) -> float:
    return (datetime.now(UTC) - time).total_seconds()
