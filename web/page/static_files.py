"""The page's own files: styles, scripts, and nothing from anywhere else."""

from pathlib import Path

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

from web.page.visiting.rendering import STATIC

_TYPES = {".css": "text/css", ".js": "text/javascript", ".svg": "image/svg+xml", ".txt": "text/plain"}
#: Seconds that browsers keep a file: another one has another address.
_YEAR = 366 * 86_400


class StaticFiles:
    """The files, read once."""

    def __init__(self, folder: Path = STATIC) -> None:
        self._files = {path.name: path.read_bytes() for path in folder.iterdir() if path.suffix in _TYPES}

    async def answer(self, request: Request) -> Response:
        """Answer with a file."""
        name = request.path_params["name"]
        if name not in self._files:
            return PlainTextResponse("there is no such file\n", 404)
        headers = {
            "Cache-Control": f"public, max-age={_YEAR}, immutable",
            "X-Content-Type-Options": "nosniff",
        }
        return Response(self._files[name], headers=headers, media_type=_TYPES[Path(name).suffix])
