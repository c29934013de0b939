"""Ends of one kind in a row, which are no longer about single requests."""

from dataclasses import replace

from dualgeo.errors import DualGeoError
from dualgeo.lmm.provider import Take
from dualgeo.lmm.reply import Reply
from dualgeo.lmm.request import Request

TOO_MANY = 10
TAKEN = ("answered", "refused", "truncated", "invalid")
"""Outcomes of requests that the API took."""


class Streak:
    """Stands before `take`: ten rejections or failures in a row, without an answer between them, stop the run.

    A rejection is final, so it is held back until the API has taken some other request: if it takes none at all, what
    it rejects is not the photo, and all of them are to be asked again.
    """

    def __init__(self, take: Take) -> None:
        self._take = take
        self._kind = ""
        self._length = 0
        self._any_taken = False
        self._held: list[tuple[Request, Reply]] = []

    def end(self, request: Request, reply: Reply) -> DualGeoError | None:
        """Hand over an end; returns what to stop with."""
        if reply.outcome in TAKEN:
            self._any_taken, self._kind, self._length = True, "", 0
            self.release()
            self._take(request, reply)
            return None
        self._length = self._length + 1 if reply.outcome == self._kind else 1
        self._kind = reply.outcome
        if reply.outcome == "rejected" and not self._any_taken:
            self._held.append((request, reply))
        else:
            self._take(request, reply)
        return self._verdict(reply) if self._length >= TOO_MANY else None

    def release(self) -> None:
        """Hand over what was held back, as it is."""
        held, self._held = self._held, []
        for request, reply in held:
            self._take(request, reply)

    def withdraw(self) -> None:
        """Hand over what was held back as failures, which the next run asks again."""
        self._held = [(request, replace(reply, outcome="failed")) for request, reply in self._held]
        self.release()

    def _verdict(self, reply: Reply) -> DualGeoError:
        what = "rejected" if reply.outcome == "rejected" else "without an answer"
        return DualGeoError(
            f"{TOO_MANY} requests in a row were {what}, the last because {reply.reason.rstrip('.')}; "
            "nothing further is sent, and what was bought is kept."
        )
