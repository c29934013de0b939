"""Names in the model registry that users and other tools see."""

MODEL = "dualgeo"
CHAMPION = "champion"
CONTENT = "dualgeo.content"
"""Digest of all that a version holds; a version with it is not made again."""
CURRENT = "dualgeo.current"
"""`true` on the versions whose system lies in the workspace now."""
CELL = "cell"
HAND, RULE = "by hand", "by rule"
CHOSEN, WHY, WHO, WHEN = "champion.chosen", "champion.why", "champion.who", "champion.when"
"""How the champion came to be one: on the registered model for the one of now, on each version that ever was it."""
DESCRIPTION = (
    "Where on Earth was this photo taken? One version for each trained system. Ask the one that "
    "`models:/dualgeo@champion` names: a column `photo` with base64 (or raw bytes) in; coordinate, place, radius and "
    "candidates out. The champion is the system that is most often within 25 km on validation photos, ties to the "
    "first in params.yaml; query sets play no part. `dualgeo promote CELL` pins another one by hand, `dualgeo promote` "
    "goes back to the rule."
)
