"""The options by which commands say which briefs they mean: `--state`, `--batch` ..., or `--filter`."""

import functools
import inspect
import shlex
from collections.abc import Callable, Iterator, Mapping
from typing import Annotated, Any

import typer

from cli.shared.output import USED_WRONGLY, fail
from worker.selection.filter import META, STATES, Filter, FilterError, filter_of
from worker.selection.language import pairs, parse

_Many = list[str] | None
_Once = str | None

#: What is shown of the walk to the briefs that a filter means.
LOOKING = "looking for the briefs that are meant"
#: The options, in the order of the help; each is a field of the filter, `--meta` and `--filter` are several.
OPTIONS: dict[str, Any] = {
    "state": Annotated[
        _Many, typer.Option(metavar="STATE", help=f"In one of these states: {', '.join(STATES)}.")
    ],
    "account": Annotated[_Many, typer.Option(metavar="NAME", help="Of one of these accounts.")],
    "batch": Annotated[
        _Many, typer.Option(metavar="NAME", help="Of one of these batches; '' for those in none.")
    ],
    "error": Annotated[
        _Many, typer.Option(metavar="TEXT", help="With this text in their error, such as 429.")
    ],
    "kind": Annotated[
        _Many, typer.Option(metavar="KIND", help="Which ask for this: identity, description, import.")
    ],
    "older": Annotated[
        _Once, typer.Option(metavar="AGE", help="Accepted longer ago than this (1h30m), or before a date.")
    ],
    "newer": Annotated[
        _Once, typer.Option(metavar="AGE", help="Accepted less long ago than this, or since a date.")
    ],
    "meta": Annotated[
        _Many, typer.Option(metavar="KEY=VALUE", help="With this in their metadata, such as sku=4711.")
    ],
    "limit": Annotated[_Once, typer.Option(metavar="N", help="At most this many, the oldest first.")],
    "after": Annotated[
        _Once, typer.Option(metavar="CURSOR", help="Go on after this cursor, printed by the page before.")
    ],
    "filter": Annotated[
        _Once,
        typer.Option(metavar="LINE", help="The same in one line: 'state:held meta.sku:4711 older:1h'."),
    ],
}


def filtered(command: Callable[..., Any]) -> Callable[..., Any]:
    """Give a command the options of a filter in place of its parameter `wanted`, which is the filter."""
    hints = inspect.get_annotations(command, eval_str=True)
    own = [each for name, each in inspect.signature(command).parameters.items() if name != "wanted"]
    added = [
        inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=None, annotation=option)
        for name, option in OPTIONS.items()
    ]

    @functools.wraps(command)
    def with_options(**given: Any) -> Any:
        texts = {name: given.pop(name) for name in OPTIONS}
        return command(wanted=read_filter(texts), **given)

    parameters = [
        each.replace(kind=inspect.Parameter.KEYWORD_ONLY, annotation=hints.get(each.name, each.annotation))
        for each in own
    ]
    signature = inspect.signature(command).replace(parameters=[*parameters, *added])
    with_options.__signature__ = signature  # type: ignore[attr-defined]  # Typer reads the options there
    with_options.__annotations__ = {each.name: each.annotation for each in signature.parameters.values()}
    return with_options


def read_filter(given: Mapping[str, list[str] | str | None]) -> Filter:
    """Return the filter that the options say; end the command where they break a rule."""
    try:
        return filter_of(_pairs(given))
    except FilterError as error:
        inside_line = given.get("filter") is not None
        fail(str(error) if inside_line else f"--{_option(str(error))}", USED_WRONGLY)


def _option(told: str) -> str:
    """Return what is told of a field under the name of its option."""
    return f"meta {told.removeprefix(META)}" if told.startswith(META) else told


def _pairs(given: Mapping[str, list[str] | str | None]) -> Iterator[tuple[str, str]]:
    for name, texts in given.items():
        for text in [texts] if isinstance(texts, str) else texts or ():
            if name == "filter":
                yield from pairs(text)
            elif name == "meta":
                key, equals, value = text.partition("=")
                if not equals or not key:
                    raise FilterError("meta", text, "must be KEY=VALUE, as sku=4711")
                yield META + key, value
            else:
                yield name, text


def as_filter(text: str) -> str:
    """Return how a filter is given that stands where a brief's id does; blank where it is none."""
    try:
        parse(text)
    except FilterError:
        return ""
    return f"If a filter is meant: `identity-worker status --filter {shlex.quote(text)}`"
