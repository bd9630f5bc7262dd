"""Fills the page's templates. All that is put in is text: it is escaped, whoever wrote it."""

import hashlib
from functools import cache
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup, escape

from config.text import counted, credits_text, printable
from config.times import format_duration, format_time

_PAGE = Path(__file__).parents[1]
STATIC = _PAGE / "static"


@cache
def environment() -> Environment:
    """Return the templates of the page, compiled once a process."""
    made = Environment(
        loader=FileSystemLoader(_PAGE / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.filters |= {
        "age": format_duration,
        "counted": counted,
        "credits": credits_text,
        "date": format_time,
        "printable": printable,
        "spoken": spoken,
    }
    made.globals |= {"hidden": hidden, "static": static_url}
    return made


def hidden(**fields: object) -> Markup:
    """Return the fields of a form that nobody sees, each with its value."""
    field = Markup('<input type="hidden" name="{}" value="{}">')
    return Markup("").join(field.format(name, value) for name, value in fields.items())


def spoken(text: str) -> Markup:
    """Return a text in which commands stand between backquotes; all of it is escaped."""
    parts = (escape(each) for each in text.split("`"))
    return Markup("").join(
        Markup("<code>{}</code>").format(each) if number % 2 else each for number, each in enumerate(parts)
    )


@cache
def static_url(name: str) -> str:
    """Return the address of a file, which changes with it: browsers keep it for ever."""
    digest = hashlib.sha256((STATIC / name).read_bytes()).hexdigest()[:12]
    return f"/page/static/{name}?v={digest}"


def render(template: str, **values: Any) -> str:
    """Return a template with these values in it."""
    return environment().get_template(template).render(**values)
