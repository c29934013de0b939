"""Money, and what a model or a server said, as a page can show it."""

import math
import unicodedata

UNSEEN = ("Cc", "Cf", "Cs", "Co", "Cn")
"""Unicode categories that could turn the direction of a line or hide a part of it."""


def money(usd: float) -> str:
    """US dollars with as many digits as say something: $0, $0.0034, $0.046, $1.20, $1,204; a dash where unknown."""
    if math.isnan(usd):
        return "–"
    if usd == 0:
        return "$0"
    if usd >= 100:
        return f"${usd:,.0f}"
    if usd >= 1:
        return f"${usd:.2f}"
    return f"${usd:.3f}" if usd >= 0.0095 else f"${usd:.2g}" if usd >= 1e-4 else "under $0.0001"


def seconds(value: float) -> str:
    """8 ms, 4.2 s, 12 min, 3.1 h; a dash where unknown."""
    if math.isnan(value):
        return "–"
    if value < 0.95:
        return f"{1000 * value:.0f} ms"
    if value < 120:
        return f"{value:.1f} s"
    return f"{value / 60:.0f} min" if value < 7200 else f"{value / 3600:.1f} h"


def plain(text: object, limit: int) -> str:
    """Words from outside as one line of at most `limit` characters, without characters that are not seen."""
    if not isinstance(text, str):
        return ""
    seen = "".join(" " if letter.isspace() else letter for letter in text[: 8 * limit])
    line = " ".join("".join(letter for letter in seen if unicodedata.category(letter) not in UNSEEN).split())
    return line if len(line) <= limit else line[: limit - 1].rstrip() + "…"
