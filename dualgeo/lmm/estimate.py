"""What would be asked and what it would cost, before anything is sent."""

from collections.abc import Callable, Container, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from statistics import median

from dualgeo.lmm.cost import EXPECTED_OUTPUT_TOKENS, dearest_usd, expected_input_tokens, share
from dualgeo.lmm.prices import Price
from dualgeo.lmm.prompt import Prompt
from dualgeo.lmm.prompts import prompts_for
from dualgeo.lmm.question import Question
from dualgeo.lmm.request import Picture, Request
from dualgeo.lmm.store import AnswerStore
from dualgeo.params.lmm import LmmParams

Pictures = Callable[[str], Picture]


@dataclass(frozen=True, slots=True)
class Slot:
    """A row to be filled: one prompt about one question. The prompt's text is not kept, it can be written again."""

    question: int
    """Position among the questions."""
    prompt: int
    """Position among the question's prompts."""
    label: str
    """name@version"""
    shown: tuple[str, ...]
    """Photo ids of the places shown; label C1 is the first."""
    key: str


@dataclass
class Plan:
    """The rows of a run and the requests that the store cannot answer."""

    price: Price
    slots: list[Slot] = field(default_factory=list[Slot])
    missing: dict[str, Slot] = field(default_factory=dict[str, Slot])
    """Key -> its first slot; what is asked twice is sent once."""
    photos: int = 0
    """Photos that something is missing for."""
    input_tokens: int = 0
    """Expected, of the missing requests."""
    output_tokens: int = 0
    dearest_direct_usd: float = 0.0

    @property
    def requests(self) -> int:
        """Distinct requests, kept ones included."""
        return len({slot.key for slot in self.slots})

    @property
    def hits(self) -> int:
        """Distinct requests that the store answers."""
        return self.requests - len(self.missing)

    def expected_usd(self, mode: str) -> float:
        """A guess for people, by the way of sending."""
        direct = self.input_tokens * self.price.input + self.output_tokens * self.price.output
        return share(self.price, mode) * direct / 1e6

    def dearest_usd(self, mode: str) -> float:
        """What the missing requests cannot pass if each needs one attempt."""
        return share(self.price, mode) * self.dearest_direct_usd

    def counts(self) -> str:
        return f"{len(self.missing)} requests to send, {self.hits} answered by the store"


def plan_of(
    questions: Sequence[Question],
    pictures: Pictures,
    params: LmmParams,
    store: AnswerStore,
    price: Price,
    also: Container[str] = (),
) -> Plan:
    """Look up every prompt of every question. Photos are read one at a time; nothing is sent.

    `also`: keys that will be in the store by then. Raises DualGeoError for a photo that cannot be read.
    """
    plan, photos = Plan(price), set[str]()
    for position, question in enumerate(questions):
        for number, prompt in enumerate(prompts_for(question, params)):
            request = request_of(question, prompt, pictures(question.query_id), params)
            slot = Slot(position, number, f"{prompt.name}@{prompt.version}", prompt.shown, request.key)
            plan.slots.append(slot)
            if slot.key in store or slot.key in plan.missing or slot.key in also:
                continue
            plan.missing[slot.key] = slot
            photos.add(question.query_id)
            plan.input_tokens += expected_input_tokens(request, price)
            plan.dearest_direct_usd += dearest_usd(request, price, "direct")
    plan.photos = len(photos)
    if plan.missing:
        plan.output_tokens = len(plan.missing) * min(typical_output(store, params), params.max_tokens)
    return plan


def missing_requests(
    plan: Plan, questions: Sequence[Question], pictures: Pictures, params: LmmParams
) -> Iterator[Request]:
    """The requests that the store cannot answer, made one after another as they are drawn."""
    for position, slots in groupby(plan.missing.values(), key=lambda slot: slot.question):
        prompts = prompts_for(questions[position], params)
        for slot in slots:
            question = questions[position]
            yield request_of(question, prompts[slot.prompt], pictures(question.query_id), params)


def request_of(question: Question, prompt: Prompt, picture: Picture, params: LmmParams) -> Request:
    """One prompt about one photo, for the configured model."""
    return Request(question.query_id, params.provider, params.model, params.effort, params.max_tokens, prompt, picture)


def typical_output(store: AnswerStore, params: LmmParams) -> int:
    """Output tokens to expect of the configured model: the median of what this store holds of it, else a guess."""
    seen = [
        record.reply.usage.output_tokens
        for record in store.records()
        if record.final and (record.model, record.effort) == (params.model, params.effort)
    ]
    return round(median(seen)) if seen else EXPECTED_OUTPUT_TOKENS
