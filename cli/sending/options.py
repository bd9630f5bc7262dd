"""The options of `enqueue`, and what they say of the reading and checking of files."""

import codecs
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from cli.reading.formats import Format
from cli.reading.tables.errors import UsageError
from config.text import printable

if TYPE_CHECKING:
    from cli.sending.files import How
    from config.settings import Settings

_READING, _TABLES, _CHANGING = "What to read", "Tables", "What to change in all of them"
_SENDING = "What to do with them"

Places = Annotated[list[str], typer.Argument(metavar="FILE|DIR|-...", help="What to read; - is stdin.")]
Recursive = Annotated[
    bool,
    typer.Option("--recursive", "-r", help="Read the folders within a folder too.", rich_help_panel=_READING),
]
Form = Annotated[
    Format | None,
    typer.Option("--format", help="The format, if names and contents don't tell.", rich_help_panel=_READING),
]
Encoding = Annotated[
    str | None,
    typer.Option(
        metavar="NAME", help="The encoding of CSV that is not Unicode: cp1252 ...", rich_help_panel=_READING
    ),
]
Sheet = Annotated[
    str | None,
    typer.Option(metavar="NAME", help="The sheet of a workbook; else the first.", rich_help_panel=_READING),
]
Map = Annotated[
    Path | None,
    typer.Option(
        "--map", metavar="FILE", help='TOML: "Hair colour" = "hair.color" ...', rich_help_panel=_TABLES
    ),
]
Extra = Annotated[
    bool,
    typer.Option(
        "--extra-as-metadata", help="Make columns that are no field metadata.", rich_help_panel=_TABLES
    ),
]
Template = Annotated[
    Path | None,
    typer.Option(
        metavar="BRIEF.json", help="A brief with {column} in it, filled by each row.", rich_help_panel=_TABLES
    ),
]
Set = Annotated[
    list[str] | None,
    typer.Option(
        "--set", metavar="PATH=VALUE", help="Set a field: num_variations=2 ...", rich_help_panel=_CHANGING
    ),
]
Account = Annotated[
    str | None,
    typer.Option(metavar="NAME", help="Use this account for all of them.", rich_help_panel=_CHANGING),
]
Batch = Annotated[
    str | None,
    typer.Option(metavar="NAME", help="Put all of them in this batch.", rich_help_panel=_CHANGING),
]
Priority = Annotated[
    int | None,
    typer.Option(metavar="N", help="-100 to 100; higher goes first.", rich_help_panel=_CHANGING),
]
KeepExif = Annotated[
    bool,
    typer.Option(
        "--keep-exif",
        help="Upload photos with their EXIF, which may tell place and time.",
        rich_help_panel=_CHANGING,
    ),
]
DryRun = Annotated[
    bool,
    typer.Option("--dry-run", help="Check only, and print what would be sent.", rich_help_panel=_SENDING),
]
MaxCredits = Annotated[
    float | None,
    typer.Option(metavar="N", help="Credits that the batch may cost in all.", rich_help_panel=_SENDING),
]
KeepGoing = Annotated[
    bool,
    typer.Option("--keep-going", help="Send the good briefs even if some are bad.", rich_help_panel=_SENDING),
]
RejectsFile = Annotated[
    Path | None,
    typer.Option(
        "--rejects",
        metavar="FILE",
        help="Write refused briefs there, to correct them.",
        rich_help_panel=_SENDING,
    ),
]
Again = Annotated[
    bool,
    typer.Option("--again", help="Buy again what was bought before.", rich_help_panel=_SENDING),
]
Update = Annotated[
    bool,
    typer.Option(
        "--update",
        help="Send none: change metadata, batch and priority of those on record.",
        rich_help_panel=_SENDING,
    ),
]


def how(
    values: "Settings",
    *,
    recursive: bool = False,
    form: Format | None = None,
    encoding: str | None = None,
    sheet: str | None = None,
    map_file: Path | None = None,
    template: Path | None = None,
    extra_as_metadata: bool = False,
) -> "How":
    """Return how files are read. Raises UsageError."""
    # Not at the top: the help of a command with these options should not wait for what reads.
    from cli.reading.tables.mapping import read_map
    from cli.reading.tables.naming import Naming
    from cli.reading.tables.template import read_template
    from cli.sending.files import How

    if encoding is not None:
        _check_encoding(encoding)
    naming = Naming(
        names={} if map_file is None else read_map(map_file),
        template=None if template is None else read_template(template),
        extra_as_metadata=extra_as_metadata,
    )
    return How(recursive, form, encoding, sheet, naming, values)


def _check_encoding(name: str) -> None:
    try:
        text = codecs.lookup(name)._is_text_encoding
    except (LookupError, ValueError):
        text = False
    if not text:
        raise UsageError(f"--encoding {printable(name)}: no encoding is called so; cp1252, utf-16 ... are")
