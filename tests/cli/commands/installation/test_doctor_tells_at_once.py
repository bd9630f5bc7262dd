"""`identity-worker doctor` tells of each check as soon as it is made."""

import socket
import subprocess
from contextlib import closing

from commandline import SCRIPT


def test_what_is_known_is_told_while_the_api_does_not_answer(environment: dict[str, str]) -> None:
    # Connections are made to it, and nobody ever reads from them.
    with closing(socket.create_server(("127.0.0.1", 0))) as api:
        variables = {
            **environment,
            "PIKTID_API_URL": f"http://127.0.0.1:{api.getsockname()[1]}",
            "IDENTITY_WORKER_REQUEST_TIMEOUT": "600",
        }
        with subprocess.Popen([SCRIPT, "doctor"], env=variables, stdout=subprocess.PIPE, text=True) as doctor:
            try:
                assert doctor.stdout is not None
                assert doctor.stdout.readline() == "ok   settings: read\n"
            finally:
                doctor.kill()
