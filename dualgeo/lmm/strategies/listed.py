"""What the strategies share that show a plain list of places."""

from dualgeo.lmm.places import label, ordered, place_lines
from dualgeo.lmm.prompt import Prompt
from dualgeo.lmm.question import Question
from dualgeo.lmm.strategies.zero_shot import zero_shot
from dualgeo.lmm.variants import Variant
from dualgeo.lmm.wording import SYSTEM, render, version_of


def listed(question: Question, variant: Variant, name: str, template: str, candidates: int, negatives: int) -> Prompt:
    """A prompt that lists the `candidates` most similar and the `negatives` least similar places."""
    places = ordered(question.candidates[:candidates], variant.turn)
    if not places:
        return zero_shot(question, variant, name)
    shown = tuple(place.photo_id for place in places)
    labels = {photo_id: label(position) for position, photo_id in enumerate(shown)}
    values: dict[str, object] = {
        "wording": variant.wording,
        "turn": variant.turn,
        "count": len(places),
        "places": place_lines(places, labels),
        "negatives": place_lines(question.negatives[:negatives], {}),
    }
    return Prompt(variant.named(name), version_of(template), render(SYSTEM, {}), render(template, values), shown)
