"""How a variant is told apart: its name in words, a colour (style.css), a line pattern and a shape."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Style:
    """`css` names the class that carries colour and dash; `shape` marks points."""

    name: str
    css: str
    shape: str
    meaning: str


STYLES = {
    "image": Style("image only", "v-image", "circle", "what the frozen image encoder sees"),
    "segmentation": Style("segmentation only", "v-segmentation", "triangle", "what stands where, as class masks"),
    "dual-no-attention": Style("dual, no attention", "v-no-attention", "diamond", "both views, without attention"),
    "dual": Style("dual", "v-dual", "square", "both views, each attending to the other"),
}
UNKNOWN = Style("", "v-other", "diamond", "")


def style_of(variant: str) -> Style:
    """The style of a variant; one that this report has no style for keeps its own name."""
    return STYLES.get(variant) or Style(variant, UNKNOWN.css, UNKNOWN.shape, UNKNOWN.meaning)
