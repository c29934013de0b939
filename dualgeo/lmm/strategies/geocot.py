"""A chain of findings before the coordinate, after GeoReasoner's and GeoCoT's order of clues.

The answer's schema puts evidence before the coordinate, so the chain is written down before it is concluded from,
also where the provider enforces the schema.
"""

from dualgeo.lmm.prompt import Prompt
from dualgeo.lmm.question import Question
from dualgeo.lmm.strategies.listed import listed
from dualgeo.lmm.variants import Variant


def geocot(question: Question, variant: Variant, candidates: int) -> Prompt:
    """`geocot-10`: four steps from the photo alone, then a comparison with ten candidates."""
    return listed(question, variant, f"geocot-{candidates}", "geocot.j2", candidates, 0)
