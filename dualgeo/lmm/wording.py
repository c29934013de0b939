"""The templates: filled in, and the version that follows from their text."""

import hashlib
import json
from functools import cache

import jinja2
from jinja2 import meta

from dualgeo.lmm.answer import GeoAnswer

SYSTEM = "system.j2"


@cache
def environment() -> jinja2.Environment:
    """The templates of this package; an unknown name is an error, never an empty string."""
    return jinja2.Environment(
        loader=jinja2.PackageLoader("dualgeo.lmm", "templates"),
        autoescape=jinja2.select_autoescape(),  # these are plain text, which is left as it is
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )


def render(template: str, values: dict[str, object], templates: jinja2.Environment | None = None) -> str:
    """The text of a prompt: `values` are data and are never read as a template."""
    return (templates or environment()).get_template(template).render(values).strip()


@cache
def version_of(template: str, templates: jinja2.Environment | None = None) -> str:
    """First 12 hex digits of a digest over the template, all that it includes, the system prompt and the schema."""
    found = templates or environment()
    sources = _sources(found, template) | _sources(found, SYSTEM)
    schema = json.dumps(GeoAnswer.model_json_schema(), sort_keys=True)
    digest = hashlib.sha256(json.dumps([sorted(sources.items()), schema]).encode("utf-8"))
    return digest.hexdigest()[:12]


def _sources(templates: jinja2.Environment, name: str) -> dict[str, str]:
    """Name -> text of a template and of everything that it includes."""
    assert templates.loader is not None
    text = templates.loader.get_source(templates, name)[0]
    sources = {name: text}
    for included in meta.find_referenced_templates(templates.parse(text)):
        if included is not None:
            sources |= _sources(templates, included)
    return sources
