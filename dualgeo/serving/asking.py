"""Put new photos to the configured model: the same prompts, store, budget and verification as in the pipeline."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from dualgeo.errors import DualGeoError
from dualgeo.lmm.answer import read_answer
from dualgeo.lmm.ask import ask
from dualgeo.lmm.budget import Budget
from dualgeo.lmm.generated import Said
from dualgeo.lmm.learned import Learned
from dualgeo.lmm.negatives import negatives
from dualgeo.lmm.provider import Provider, Take
from dualgeo.lmm.providers.choose import provider_for
from dualgeo.lmm.question import Place, Question
from dualgeo.lmm.questions import WITH_NEGATIVES
from dualgeo.lmm.refine_one import refine_one_with_lmm
from dualgeo.lmm.reply import Reply
from dualgeo.lmm.request import Picture, Request
from dualgeo.lmm.similarity import ImageGps
from dualgeo.lmm.store import AnswerStore
from dualgeo.params import LmmParams, Params
from dualgeo.refinement.rerank import Candidates
from dualgeo.serving.explain import places_of
from dualgeo.serving.locate import Location, Locator, Seen
from dualgeo.serving.statement import Statement, statement_of
from dualgeo.serving.verdict import verdict
from dualgeo.workspace import Cell, Workspace

NEW = "new"
"""Query set of photos that belong to no dataset."""


@dataclass(frozen=True)
class NewPhoto:
    """A photo that the system has located, and as it would be sent."""

    seen: Seen
    location: Location
    picture: Picture


@dataclass(frozen=True)
class Consultation:
    """A photo after the model was asked about it."""

    location: Location
    """The final answer."""
    without: Location
    """The answer that stands without the model."""
    statements: list[Statement]
    verdict: str
    """Whose answer stands, and why: one sentence."""

    @property
    def paid_usd(self) -> float:
        """What this run paid for the photo."""
        return sum(statement.usd for statement in self.statements if not statement.from_store)


@dataclass
class Heard:
    """A provider, and the keys of the requests that it was sent: what else is answered came from the store."""

    provider: Provider
    name: str
    keys: set[str] = field(default_factory=set[str])

    def answer(self, requests: Iterable[Request], budget: Budget, take: Take) -> None:
        """See Provider."""

        def noted(request: Request, reply: Reply) -> None:
            self.keys.add(request.key)
            take(request, reply)

        self.provider.answer(requests, budget, noted)


def lmm_of(params: Params) -> LmmParams:
    """The model's params for somebody who waits at the keyboard; DualGeoError where no model is configured.

    Answers come at once, not from the half-price queue; where the budget ends, the retrieval answer stands.
    """
    if params.lmm.provider == "none":
        raise DualGeoError(
            "There is no model to ask: lmm.provider is none in params.yaml; name one, or leave --ask out."
        )
    sending = params.lmm.sending.model_copy(update={"mode": "direct"})
    return params.lmm.model_copy(update={"sending": sending, "when_budget_ends": "retrieval"})


def consult(workspace: Workspace, params: Params, locator: Locator, photos: Sequence[NewPhoto]) -> list[Consultation]:
    """Ask about new photos; a consultation for each, in their order.

    Raises DualGeoError when nothing may be sent, no price is known or no request can survive (a wrong key).
    """
    lmm = lmm_of(params)
    learned = Learned.load(workspace.refined(Cell.parse(locator.name)))
    named = {f"{NEW}-{number}": photo for number, photo in enumerate(photos)}
    questions = [_question(name, photo.seen, locator, params) for name, photo in named.items()]
    with AnswerStore.open(workspace.answers) as store:
        store.absorb(workspace.exported_answers)
        provider = provider_for(lmm, read_answer, workspace.answers)
        heard = Heard(provider, provider.name)
        table = ask(questions, lambda name: named[name].picture, lmm, store, heard)
    return [
        _consultation(table[table["query_id"] == name], photo, locator, lmm, learned, heard.keys)
        for name, photo in named.items()
    ]


def _question(name: str, seen: Seen, locator: Locator, params: Params) -> Question:
    unlikely: tuple[Place, ...] = ()
    if params.lmm.negatives and params.lmm.strategy in WITH_NEGATIVES:
        asked = pd.DataFrame({"photo_id": [name], "photographer": [None]})
        unlikely = negatives(locator.index, seen.vector, asked, params.lmm.negatives)[name]
    return Question(name, NEW, "query", False, places_of(seen, params.refine), unlikely)


def _consultation(
    rows: pd.DataFrame, photo: NewPhoto, locator: Locator, lmm: LmmParams, learned: Learned | None, sent: set[str]
) -> Consultation:
    seen, without = photo.seen, photo.location
    generated = Said.of(rows, [str(rows["query_id"].iloc[0])]).generated
    similarity = ImageGps.of_views(locator.system, seen.views)
    found = Candidates(seen.lat[None], seen.lon[None], seen.similarity[None])
    refine, calibration = locator.params.refine, locator.calibration
    located = refine_one_with_lmm(found, generated, similarity, refine, lmm, calibration, learned)
    location = locator.location(seen, located)
    fits = similarity(generated.lat, generated.lon)[0]
    statements = [
        statement_of(
            {str(name): value for name, value in row.items()}, float(fit), location, without, row["key"] in sent
        )
        for row, fit in zip(rows.to_dict("records"), fits, strict=True)
    ]
    own = float(similarity(np.array([[without.lat]]), np.array([[without.lon]]))[0, 0])
    return Consultation(location, without, statements, verdict(location, statements, lmm.verification, learned, own))
