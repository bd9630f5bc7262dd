"""`GET /healthz`: the process lives, whatever else does not."""

import http.client
from contextlib import closing

from web_inlet import Web


def test_web_says_that_it_lives(web: Web) -> None:
    with closing(http.client.HTTPConnection("127.0.0.1", web.port, timeout=10)) as connection:
        connection.request("GET", "/healthz")
        answer = connection.getresponse()
        assert (answer.status, answer.read()) == (200, b"ok\n")
