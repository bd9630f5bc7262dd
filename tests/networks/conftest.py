"""An installation that reaches the sandbox by a proxy; which one, a test's `environment` says."""

from pathlib import Path
from shutil import which
from urllib.parse import urlsplit

import pytest
from own_account import Api

from cli.demo.ports import free_port

#: What of these tests is for machines that have certain programs; `.ci/run` installs them.
_ALL = ["test_http2.py", "test_nginx.py", "test_tinyproxy.py"]
collect_ignore = [] if all(map(which, ("nginx", "tinyproxy"))) else _ALL


@pytest.fixture
def between(tmp_path: Path) -> Path:
    """A folder of the proxy's own."""
    (tmp_path / "between").mkdir()
    return tmp_path / "between"


@pytest.fixture
def port() -> int:
    """The proxy's port."""
    return free_port()


@pytest.fixture
def upstream(api: Api) -> str:
    """Where the sandbox is: `127.0.0.1:8080`."""
    return urlsplit(api.url).netloc


@pytest.fixture(autouse=True)
def _no_other_proxies(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HTTPS_PROXY", "HTTP_PROXY", "ALL_PROXY", "NO_PROXY"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.lower(), raising=False)
