"""The Message Batches API with its errors judged: what can pass is tried again, the rest is one sentence."""

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import TypeVar

import httpx2
from anthropic import Anthropic, APIError, NotFoundError
from anthropic.types.messages import MessageBatch, MessageBatchIndividualResponse
from anthropic.types.messages.batch_create_params import Request as BatchRequest

from dualgeo.errors import DualGeoError
from dualgeo.lmm.providers.batch_ledger import Entry
from dualgeo.lmm.providers.failures import Failure, failure_of
from dualgeo.lmm.providers.waits import Backoff

CLOCKS_DIFFER = timedelta(minutes=10)
"""The API's clock and ours may differ by so much when a batch is looked for by its time."""
AGAIN = "batches that were submitted go on there; run the same again to collect them."

Result = TypeVar("Result")


class SubmissionLostError(Exception):
    """Whether the API has the batch is not known."""


class SubmissionRefusedError(DualGeoError):
    """The API does not have the batch."""


class ResultsGoneError(Exception):
    """The API keeps results for 29 days, and these were asked for later."""


@dataclass(frozen=True)
class BatchApi:
    """Calls that wait and try again by themselves."""

    client: Anthropic
    key: str
    model: str
    attempts: int
    backoff: Backoff

    def submit(self, requests: Sequence[BatchRequest]) -> str:
        """Submit a batch and return its id. Raises SubmissionLostError or SubmissionRefusedError."""
        for attempt in range(1, self.attempts + 1):
            try:
                return self.client.messages.batches.create(requests=requests).id
            except (APIError, ValueError) as error:
                failure = failure_of(error, self.key, self.model)
            if failure.lost:
                raise SubmissionLostError(failure.reason)
            if failure.kind in ("fatal", "rejected") or attempt == self.attempts:
                raise SubmissionRefusedError(f"No batch could be submitted: {failure.reason}")
            self._wait(failure, attempt)
        raise AssertionError("there is at least one attempt")

    def batch(self, batch_id: str) -> MessageBatch:
        """The state of a batch. DualGeoError where the API does not know it."""
        return self._call(lambda: self.client.messages.batches.retrieve(batch_id), batch_id)

    def find(self, entry: Entry, known: set[str]) -> str | None:
        """A batch that can be the one `entry` was to become: of its size, made then, and not in `known`.

        Of several the oldest. The API shows no custom_ids before the results, so those must settle it.
        """
        fitting = self._call(lambda: list(self._fitting(entry, known)), "the list of batches")
        return min(fitting, key=lambda batch: batch.created_at).id if fitting else None

    def _fitting(self, entry: Entry, known: set[str]) -> Iterator[MessageBatch]:
        for batch in self.client.messages.batches.list(limit=100):
            if batch.created_at < entry.time - CLOCKS_DIFFER:
                return
            counts = batch.request_counts
            size = counts.processing + counts.succeeded + counts.errored + counts.canceled + counts.expired
            if batch.id not in known and size == len(entry.keys):
                yield batch

    def results(self, batch_id: str, each: Callable[[MessageBatchIndividualResponse], None]) -> None:
        """Call `each` with every result as it arrives; when the stream breaks, it begins again with the first.

        Raises ResultsGoneError.
        """

        def stream() -> None:
            for result in self.client.messages.batches.results(batch_id):
                each(result)

        if self.batch(batch_id).archived_at is not None:
            raise ResultsGoneError
        self._call(stream, batch_id)

    def _call(self, call: Callable[[], Result], what: str) -> Result:
        for attempt in range(1, self.attempts + 1):
            try:
                return call()
            except NotFoundError:
                raise DualGeoError(
                    f"The API does not know {what}; use the key of the workspace that submitted it, or, to ask and pay "
                    "for its requests again, delete the lines about it from batches.jsonl in the answers folder."
                ) from None
            except (APIError, httpx2.HTTPError, ValueError) as error:
                failure = failure_of(error, self.key, self.model)
            if failure.kind in ("fatal", "rejected") or attempt == self.attempts:
                raise DualGeoError(f"{failure.reason.rstrip('.')}; {AGAIN}")
            self._wait(failure, attempt)
        raise AssertionError("there is at least one attempt")

    def _wait(self, failure: Failure, attempt: int) -> None:
        time.sleep(max(failure.wait_s or 0.0, self.backoff.wait_s("batches", attempt)))
