"""What leaves the machine, where it goes, and the explicit leave that this needs."""

import os

from dualgeo.errors import DualGeoError
from dualgeo.lmm.estimate import Plan
from dualgeo.lmm.prices import host_of, is_here
from dualgeo.params.lmm import LmmParams
from dualgeo.progress import say

ANTHROPIC = "https://api.anthropic.com"


def destination(params: LmmParams) -> str:
    """Host that requests go to; empty when the model runs in this process."""
    match params.provider:
        case "openai":
            return host_of(params.endpoint or "") or "an unnamed host"
        case "anthropic":
            # The SDK goes where this variable says; only the host is shown, for a URL may hold a password.
            return host_of(os.environ.get("ANTHROPIC_BASE_URL") or ANTHROPIC) or "an unnamed host"
        case _:
            return ""


def stays_here(params: LmmParams) -> bool:
    """Whether asking sends nothing off this machine: a model in this process, or a server on a loopback address."""
    return params.provider in ("none", "local") or (params.provider == "openai" and is_here(destination(params)))


def require_leave(params: LmmParams) -> None:
    """Raise DualGeoError, saying what would leave and how to allow it, unless sending is allowed or unneeded."""
    if params.sending.allowed or stays_here(params):
        return
    raise DualGeoError(
        f"Asking {params.model} would send photos (JPEG without metadata, long side at most {params.image_side} "
        f"pixels) with {_words(params)} to {destination(params)}, and lmm.sending.allowed is false; set it to true in "
        "params.yaml to allow that, or lmm.provider to none."
    )


def announce(plan: Plan, params: LmmParams, spent_usd: float) -> None:
    """Say plainly what is about to be sent, where, and what it may cost."""
    if stays_here(params):
        where = f"on this machine ({destination(params)})" if destination(params) else "in this process"
        say(f"Asking {params.model} {where}; nothing leaves this machine: {plan.counts()}.")
        return
    say(
        f"Sending to {destination(params)} for {params.model} ({params.sending.mode}): {plan.photos} photos as JPEG "
        f"without metadata, long side at most {params.image_side} pixels, with {_words(params)}. File names, ids and "
        "the photos' own coordinates are not sent."
    )
    expected, dearest = plan.expected_usd(params.sending.mode), plan.dearest_usd(params.sending.mode)
    say(
        f"{plan.counts()}; about {expected:.4f} US dollars, at most {dearest:.4f} but for lost attempts; "
        f"of lmm.max_usd {params.max_usd:g} {spent_usd:.4f} is spent."
    )


def _words(params: LmmParams) -> str:
    if params.strategy == "zero-shot":
        return "a prompt that speaks of no place"
    return "a prompt with coordinates, similarities and place names of retrieved gallery photos"
