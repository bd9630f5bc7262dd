"""Bodies of the type multipart/form-data, read with the standard library's parser of mail."""

from dataclasses import dataclass
from email import policy
from email.parser import BytesParser

from starlette.requests import Request

from sandbox.common.errors import Fault, invalid


@dataclass(frozen=True)
class Form:
    """The fields and the files of a form."""

    fields: dict[str, str]
    #: (filename, content)
    files: dict[str, tuple[str, bytes]]

    def image(self) -> tuple[str, bytes]:
        """The file `image`; raises 400 without one."""
        if "image" not in self.files:
            raise invalid([Fault("image", "Must be a file.")])
        return self.files["image"]


async def form(request: Request) -> Form:
    """The form of a request; raises 400 for any other type of body."""
    kind = request.headers.get("content-type", "")
    if not kind.startswith("multipart/form-data"):
        raise invalid([Fault(None, "The body must be multipart/form-data.")])
    head = f"Content-Type: {kind}\r\n\r\n".encode("latin-1")
    message = BytesParser(policy=policy.HTTP).parsebytes(head + await request.body())
    found = Form({}, {})
    for part in message.iter_parts() if message.is_multipart() else ():
        name = part.get_param("name", header="content-disposition")
        content = part.get_payload(decode=True)
        if not isinstance(name, str) or not isinstance(content, bytes):
            continue
        filename = part.get_filename()
        if filename is None:
            found.fields[name] = content.decode(errors="replace")
        else:
            found.files[name] = (filename, content)
    return found
