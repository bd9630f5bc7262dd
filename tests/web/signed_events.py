"""Events as the API signs and sends them, and the command that sets where to."""

import time
from typing import Any

from typer.testing import CliRunner

from cli.main import app as command_line


def event(job: str | None, number: int = 1, **more: Any) -> dict[str, Any]:
    data = {"id_task": job} if job else {}
    return {"id": number, "name": "completed", "data": data, "timestamp": time.time(), **more}


def run(*arguments: str, **options: Any) -> Any:
    return CliRunner().invoke(command_line, ["webhook", *arguments], **options)
