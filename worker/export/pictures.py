"""The pictures of a brief: which are wanted, and where each of them is to be stored.

The layout below a target: `BATCH/NAME/NAME.jpg` and `metadata.json` for each identity. Drafts lie in the
folder of the brief's first one, as `draft-ID.jpg`, by the ids that `pick` takes; a draft that is stored there
already stays where it is when it becomes an identity. So do those of the archive, whose layout this is too.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal, NamedTuple

from worker.piktid.answers import RunState
from worker.places.names import digest, folded, safe_name
from worker.views.models import BriefView, PromotionView

#: Folder of the briefs that are in no batch; a batch of this name gets a digest.
NO_BATCH = "no-batch"
METADATA = "metadata.json"
#: Which pictures are wanted: of the identities, of the drafts as well.
Wanted = Literal["chosen", "drafts"]


@dataclass(frozen=True, slots=True)
class Item:
    """A picture of a brief: of an identity, or of a draft that is none."""

    image_result_id: int
    url: str | None
    folder: str
    """Its folder below the target: `BATCH/NAME`."""
    stem: str
    """Its file's name, without the ending."""
    promotion: PromotionView | None
    """The promotion of its identity; None: it is a draft."""
    number: int | None = None
    """Which of its brief's identities, from 1; None: it is a draft."""
    described_in: str | None = None
    """The folder of what tells of its identity; None: its own."""

    @property
    def path(self) -> str:
        """Its path below the target, without the ending."""
        return f"{self.folder}/{self.stem}"

    @property
    def is_draft_file(self) -> bool:
        """Whether its file is called by its id, so that one of that name is this very picture."""
        return self.stem == draft_stem(self.image_result_id)

    @property
    def metadata_path(self) -> str:
        """The path of the file that tells of its identity."""
        return f"{self.described_in or self.folder}/{METADATA}"


class Stored(NamedTuple):
    """A picture that lies at the target."""

    file: str
    """Its path below the target."""
    sha256: str
    size: int
    """Bytes."""
    marks: Mapping[str, Any] | None = None
    """What its bytes say of themselves (`worker.export.storing.Look`)."""


#: Returns the name of a brief's picture by its number, from 1.
Names = Callable[[int], str]


def items_of(brief: BriefView, batch: str, names: Names, wanted: Wanted, *, in_place: bool) -> list[Item]:
    """Return the pictures that are wanted of a brief, its identities first.

    `batch` is the batch's folder. With `in_place`, identities lie where they lay as drafts.
    """
    found = list(_identities(brief, batch, names, in_place=in_place))
    if wanted == "drafts":
        chosen = {item.image_result_id for item in found}
        found += [item for item in _drafts(brief, batch, names) if item.image_result_id not in chosen]
    return found


def _identities(brief: BriefView, batch: str, names: Names, *, in_place: bool) -> Iterator[Item]:
    for number, promotion in enumerate(brief.promotions, 1):
        if promotion.state != "ready" or promotion.identity_code is None:
            continue
        picture = promotion.image_result_id
        if picture is None:
            continue  # An import's portrait is the user's own: there is nothing to fetch.
        own = f"{batch}/{names(number)}"
        folder, stem = (f"{batch}/{names(1)}", draft_stem(picture)) if in_place else (own, names(number))
        yield Item(picture, promotion.url, folder, stem, promotion, number, own)


def _drafts(brief: BriefView, batch: str, names: Names) -> Iterator[Item]:
    folder = f"{batch}/{names(1)}"
    for draft in brief.drafts:
        picture = draft.get("image_result_id")
        if picture is not None and RunState.of(str(draft.get("status"))) is RunState.COMPLETED:
            yield Item(picture, draft.get("url"), folder, draft_stem(picture), None)


def batch_folder(batch: str | None) -> str:
    """Return what the folder of a batch is called; batches that differ by little may have the same."""
    name = NO_BATCH if batch is None else safe_name(batch)
    return f"{name}~{digest(batch)}" if batch is not None and folded(name) == NO_BATCH else name


def folder_apart(batch: str | None) -> str:
    """Return what the folder of a batch is called where another spelling of its name is another batch's."""
    return f"{batch_folder(batch)}~{digest(batch or '')}"


def archives_of(brief: BriefView) -> list[dict[str, Any]]:
    """Return what is on record of a brief's archives, of each place: most have one."""
    told = brief.archived
    if told is None:
        return []
    first = {name: value for name, value in told.items() if name != "elsewhere"}
    return [first, *told.get("elsewhere", ())]


def archived(brief: BriefView, place: str) -> dict[int, Stored]:
    """Return which pictures of a brief lie in the archive at a place, by draft."""
    return {
        each["image_result_id"]: Stored(each["file"], each["sha256"], each["size"], each.get("marks"))
        for told in archives_of(brief)
        if told["place"] == place
        for each in told["pictures"]
    }


def draft_stem(image_result_id: int) -> str:
    """Return the name of a draft's file, without the ending."""
    return f"draft-{image_result_id}"


def is_draft_file(path: str) -> bool:
    """Whether a picture lies in its brief's folder under its id."""
    return path.rpartition("/")[2].startswith(draft_stem(0)[:-1])
