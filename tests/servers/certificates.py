"""Certificates of an authority of the test's own, as files: for servers, and for clients that show one."""

import datetime
import ipaddress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

_DAY = datetime.timedelta(days=1)


@dataclass(frozen=True)
class Pair:
    """A certificate and its private key, as PEM files."""

    certificate: Path
    key: Path


class Authority:
    """A CA that signs what a test asks for; `certificate` is what its clients must trust."""

    def __init__(self, folder: Path, name: str = "authority") -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._folder, self._name = folder, name
        self._key = ec.generate_private_key(ec.SECP256R1())
        subject = _named(name)
        usage = x509.KeyUsage(
            digital_signature=True,
            key_cert_sign=True,
            crl_sign=True,
            content_commitment=False,
            key_encipherment=False,
            data_encipherment=False,
            key_agreement=False,
            encipher_only=False,
            decipher_only=False,
        )
        self._certificate = (
            _builder(subject, subject, self._key.public_key(), days=30)
            .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
            .add_extension(usage, critical=True)
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(self._key.public_key()), critical=False)
            .sign(self._key, hashes.SHA256())
        )
        self.certificate = folder / f"{name}.pem"
        self.certificate.write_bytes(self._certificate.public_bytes(serialization.Encoding.PEM))

    def sign(self, name: str, *hosts: str, days: int = 30) -> Pair:
        """Return a certificate for these hosts, names or addresses; `days` below 0: it has expired."""
        key = ec.generate_private_key(ec.SECP256R1())
        builder = _builder(_named(name), self._certificate.subject, key.public_key(), days=days)
        identifier = x509.AuthorityKeyIdentifier.from_issuer_public_key(self._key.public_key())
        builder = builder.add_extension(identifier, critical=False)
        if hosts:
            builder = builder.add_extension(
                x509.SubjectAlternativeName([_host(each) for each in hosts]), critical=False
            )
        pair = Pair(self._folder / f"{self._name}-{name}.crt", self._folder / f"{self._name}-{name}.key")
        signed = builder.sign(self._key, hashes.SHA256())
        pair.certificate.write_bytes(signed.public_bytes(serialization.Encoding.PEM))
        pair.key.write_bytes(
            key.private_bytes(
                serialization.Encoding.PEM,
                serialization.PrivateFormat.PKCS8,
                serialization.NoEncryption(),
            )
        )
        return pair


@dataclass(frozen=True)
class Certificates:
    """What a server and its clients speak TLS with; each shows its own where `mutual`."""

    authority: Authority
    server: Pair
    client: Pair
    mutual: bool = False

    def lines(self) -> list[str]:
        """Return the lines of a Redis's configuration."""
        return [
            f"tls-ca-cert-file {self.authority.certificate}",
            f"tls-cert-file {self.server.certificate}",
            f"tls-key-file {self.server.key}",
            f"tls-auth-clients {'yes' if self.mutual else 'no'}",
        ]

    def options(self) -> dict[str, Any]:
        """Return redis-py's options of a client."""
        return {
            "ssl": True,
            "ssl_ca_certs": str(self.authority.certificate),
            "ssl_certfile": str(self.client.certificate),
            "ssl_keyfile": str(self.client.key),
        }


def certificates(folder: Path, *, mutual: bool = False) -> Certificates:
    """Return an authority, and what it has signed for a server on this machine and for a client."""
    authority = Authority(folder)
    server = authority.sign("server", "localhost", "127.0.0.1", "::1")
    return Certificates(authority, server, authority.sign("client"), mutual)


def _builder(
    subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePublicKey, *, days: int
) -> x509.CertificateBuilder:
    now = datetime.datetime.now(datetime.UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now + min(days, 0) * _DAY - 2 * _DAY)
        .not_valid_after(now + days * _DAY)
    )


def _named(name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])


def _host(host: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(host))
    except ValueError:
        return x509.DNSName(host)
