"""The listener's own connections: nothing of what comes is lost and no wait is without an end, TLS or not."""

import asyncio
import datetime
import ipaddress
import socket
import ssl
import struct
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import cast

import httpcore
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from support import DEADLINE

from worker.network.asyncio_network import AsyncioBackend, PlainStream

HOST = "127.0.0.1"
#: More than all buffers between two ends of a connection hold.
MUCH = 32 * 1024 * 1024
Peer = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]
Work = Callable[[httpcore.AsyncNetworkStream], Awaitable[None]]


@asynccontextmanager
async def serving(peer: Peer, context: ssl.SSLContext | None = None) -> AsyncIterator[int]:
    """Let a peer answer each connection to the port that is told."""
    conversations: list[asyncio.Task[None]] = []

    async def converse(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        conversations.append(cast("asyncio.Task[None]", asyncio.current_task()))
        try:
            with suppress(OSError, asyncio.IncompleteReadError, asyncio.CancelledError):
                await peer(reader, writer)
                writer.close()
                await writer.wait_closed()
        finally:
            writer.transport.abort()

    async with (
        asyncio.timeout(DEADLINE),
        await asyncio.start_server(converse, HOST, 0, ssl=context) as server,
    ):
        try:
            yield server.sockets[0].getsockname()[1]
        finally:
            for each in conversations:
                each.cancel()
            await asyncio.gather(*conversations, return_exceptions=True)


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file with the certificate of HOST, signed by itself, and its key."""
    key, now = ec.generate_private_key(ec.SECP256R1()), datetime.datetime.now(datetime.UTC)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, HOST)])
    host = x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address(HOST))])
    made = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(host, critical=False)
        .sign(key, hashes.SHA256())
    )
    pem = serialization.Encoding.PEM
    own = key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    file = tmp_path_factory.mktemp("tls") / "both.pem"
    file.write_bytes(own + made.public_bytes(pem))
    return file


@pytest.fixture(params=["plain", "encrypted"])
def between(request: pytest.FixtureRequest, certificate: Path) -> Callable[[Peer, Work], None]:
    """Lets a peer and what a connection to it is used for run until the second of them ends."""
    is_encrypted = request.param == "encrypted"

    async def run(peer: Peer, work: Work) -> None:
        its, ours = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER), ssl.create_default_context(cafile=certificate)
        its.load_cert_chain(certificate)
        async with serving(peer, its if is_encrypted else None) as port:
            stream = await AsyncioBackend().connect_tcp(HOST, port, 5.0)
            if is_encrypted:
                stream = await stream.start_tls(ours, HOST, 5.0)
            try:
                await work(stream)
            finally:
                await stream.aclose()

    return lambda peer, work: asyncio.run(run(peer, work))


async def silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Read nothing and say nothing until the other side has gone."""
    writer.transport.pause_reading()
    await asyncio.Event().wait()


async def all_of(stream: httpcore.AsyncNetworkStream) -> bytes:
    found = bytearray()
    while read := await stream.read(65536, 5.0):
        found += read
    return bytes(found)


def test_what_is_written_arrives_and_what_comes_is_read_whole(between: Callable[[Peer, Work], None]) -> None:
    sent = bytes(range(256)) * 4096

    async def echo(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        for _ in range(len(sent) // 1024):
            writer.write(await reader.readexactly(1024))
            await writer.drain()

    async def work(stream: httpcore.AsyncNetworkStream) -> None:
        reading = asyncio.create_task(all_of(stream))
        await stream.write(sent, 5.0)
        assert await reading == sent

    between(echo, work)


def test_an_idle_connection_is_known_to_be_over(between: Callable[[Peer, Work], None]) -> None:
    async def say_one_thing(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"x")
        await reader.readexactly(1)

    async def work(stream: httpcore.AsyncNetworkStream) -> None:
        assert await stream.read(1, 5.0) == b"x"
        assert not stream.get_extra_info("is_readable")
        await stream.write(b"y", 5.0)
        while not stream.get_extra_info("is_readable"):  # by this httpcore knows that it is of no more use
            await asyncio.sleep(0.001)

    between(say_one_thing, work)


def test_a_peer_that_sends_more_than_is_read_is_made_to_wait() -> None:
    async def flood(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(bytes(MUCH))
        await writer.drain()

    async def run() -> None:
        async with serving(flood) as port:
            stream = await AsyncioBackend().connect_tcp(HOST, port)
            assert isinstance(stream, PlainStream)
            first = await stream.read(1, 5.0)
            while stream._transport.is_reading():
                await asyncio.sleep(0)
            assert len(stream._unread) <= 2 * 64 * 1024
            assert len(first + await all_of(stream)) == MUCH
            await stream.aclose()

    asyncio.run(run())


def test_each_wait_ends_in_time(between: Callable[[Peer, Work], None]) -> None:
    async def work(stream: httpcore.AsyncNetworkStream) -> None:
        with pytest.raises(httpcore.ReadTimeout):
            await stream.read(1, 0.05)
        with pytest.raises(httpcore.WriteTimeout):
            await stream.write(bytes(MUCH), 0.05)

    between(silent, work)


def test_a_wait_that_is_called_off_loses_nothing_of_what_comes_then(
    between: Callable[[Peer, Work], None],
) -> None:
    asked = asyncio.Event()

    async def answer(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await asked.wait()
        writer.write(b"late")

    async def work(stream: httpcore.AsyncNetworkStream) -> None:
        reading = asyncio.create_task(stream.read(100, 5.0))
        await asyncio.sleep(0)
        reading.cancel()
        with pytest.raises(asyncio.CancelledError):
            await reading
        asked.set()
        assert await all_of(stream) == b"late"

    between(answer, work)


def test_a_closed_connection_takes_nothing_and_is_at_its_end(between: Callable[[Peer, Work], None]) -> None:
    async def work(stream: httpcore.AsyncNetworkStream) -> None:
        reading = asyncio.create_task(stream.read(1))
        await asyncio.sleep(0)
        await stream.aclose()
        assert await reading == b""
        with pytest.raises(httpcore.WriteError):
            await stream.write(b"x")

    between(silent, work)


def test_a_reset_is_told_apart_from_an_end() -> None:
    async def reset(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        own = writer.get_extra_info("socket")
        own.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        writer.transport.abort()

    async def run() -> None:
        async with serving(reset) as port:
            stream = await AsyncioBackend().connect_tcp(HOST, port)
            with pytest.raises(httpcore.ReadError):
                await stream.read(1)

    asyncio.run(run())


def test_no_host_or_a_wrong_one_is_an_error_of_connecting(
    certificate: Path,
) -> None:
    async def run() -> None:
        its = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        its.load_cert_chain(certificate)
        backend = AsyncioBackend()
        async with serving(silent, its) as port:
            stream = await backend.connect_tcp(HOST, port)
            with pytest.raises(httpcore.ConnectError, match="certificate"):
                await stream.start_tls(ssl.create_default_context(), HOST, 5.0)
            with pytest.raises(httpcore.ConnectTimeout, match="no answer in time"):
                await backend.connect_tcp("localhost", port, 0.0)
        for host in (HOST, "a" * 64 + ".example"):
            with pytest.raises(httpcore.ConnectError):
                await backend.connect_tcp(host, 9, 5.0)

    asyncio.run(run())
