"""The Message Batches API: half the price, answers within a day, and nothing lost when this process ends meanwhile."""

from collections.abc import Iterable
from pathlib import Path

from dualgeo.lmm.budget import Budget
from dualgeo.lmm.provider import Take
from dualgeo.lmm.providers.answer_format import Read
from dualgeo.lmm.providers.anthropic_client import sync_client
from dualgeo.lmm.providers.anthropic_key import api_key
from dualgeo.lmm.providers.batch_api import BatchApi
from dualgeo.lmm.providers.batch_ledger import BatchLedger
from dualgeo.lmm.providers.batch_run import BatchRun, custom_id_of
from dualgeo.lmm.providers.waits import Backoff
from dualgeo.lmm.request import Request
from dualgeo.params.lmm import SendingParams


class AnthropicBatches:
    """Submits message batches and collects their results; batches of an earlier run are collected first."""

    name = "anthropic"

    def __init__(self, sending: SendingParams, read: Read, answers: Path, backoff: Backoff | None = None) -> None:
        """`answers`: folder of the answer store, whose lock the caller holds; the ledger of batches lies there."""
        self._sending = sending
        self._read = read
        self._answers = answers
        self._backoff = backoff or Backoff()

    def answer(self, requests: Iterable[Request], budget: Budget, take: Take) -> None:
        """See Provider. All requests are drawn at once, with distinct keys; photos are read as they are submitted.

        On Ctrl-C the batches go on at the API; how to collect them is said, and KeyboardInterrupt raised.
        """
        wanted = {custom_id_of(request): request for request in requests}
        if not wanted:
            return
        key = api_key()
        model = next(iter(wanted.values())).model
        with BatchLedger.open(self._answers) as ledger, sync_client(key, self._sending.timeout_s) as client:
            api = BatchApi(client, key, model, self._sending.attempts, self._backoff)
            BatchRun(api, ledger, self._sending, self._read, budget, take, wanted).run()
