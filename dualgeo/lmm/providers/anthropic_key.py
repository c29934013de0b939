"""The key of the API: from the environment only, and never in a text that leaves this package."""

import os

from dualgeo.errors import DualGeoError

VARIABLE = "ANTHROPIC_API_KEY"


def api_key() -> str:
    """The key in ANTHROPIC_API_KEY; DualGeoError where there is none or it cannot be one."""
    key = os.environ.get(VARIABLE, "").strip()
    if not key:
        raise DualGeoError(f"{VARIABLE} is not set; lmm.provider anthropic reads its key from there and nowhere else.")
    # An HTTP library that is given such a key quotes it in its error, and so in logs.
    if not key.isascii() or not key.isprintable() or " " in key:
        raise DualGeoError(f"{VARIABLE} holds characters that no key has (spaces, line ends, accents); set it again.")
    return key
