"""Pictures with marks put in by hand, and a signer's certificate and key made for the tests."""

import datetime
import struct
import zlib
from io import BytesIO

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID
from PIL import Image

KINDS = ("JPEG", "PNG", "WEBP")


def picture(kind: str, **options: object) -> bytes:
    """A small picture; `xmp` among the options is its packet."""
    out = BytesIO()
    Image.effect_noise((48, 40), 50).convert("RGB").save(out, kind, **options)
    return out.getvalue()


def png_with(*chunks: tuple[bytes, bytes]) -> bytes:
    """A PNG with these chunks behind its header."""
    plain = picture("PNG")
    added = b"".join(
        struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))
        for name, body in chunks
    )
    return plain[:33] + added + plain[33:]


def packet(said: str) -> bytes:
    """An XMP packet with this text inside its description."""
    rdf = "http://www.w3.org/1999/02/22-rdf-syntax-ns#"
    iptc = "http://iptc.org/std/Iptc4xmpExt/2008-02-29/"
    return (
        f'<x:xmpmeta xmlns:x="adobe:ns:meta/"><r:RDF xmlns:r="{rdf}" xmlns:i="{iptc}">'
        f"<r:Description>{said}</r:Description></r:RDF></x:xmpmeta>"
    ).encode()


def signer() -> tuple[bytes, bytes]:
    """A certificate chain and its private key, as PEM, of the kind that C2PA asks for."""
    authority, own = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())
    leaf = _certificate("leaf", own.public_key(), authority, is_authority=False)
    root = _certificate("root", authority.public_key(), authority, is_authority=True)
    pem = serialization.Encoding.PEM
    key = own.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    return leaf.public_bytes(pem) + root.public_bytes(pem), key


def _certificate(
    name: str, public: ec.EllipticCurvePublicKey, by: ec.EllipticCurvePrivateKey, *, is_authority: bool
) -> x509.Certificate:
    now = datetime.datetime.now(datetime.UTC)
    usage = x509.KeyUsage(
        digital_signature=not is_authority,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=is_authority,
        crl_sign=is_authority,
        encipher_only=False,
        decipher_only=False,
    )
    builder = (
        x509.CertificateBuilder()
        .subject_name(_name(name))
        .issuer_name(_name("root"))
        .public_key(public)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=2))
        .add_extension(x509.BasicConstraints(ca=is_authority, path_length=None), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(public), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(by.public_key()), critical=False)
        .add_extension(usage, critical=True)
    )
    if not is_authority:
        purpose = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.EMAIL_PROTECTION])
        builder = builder.add_extension(purpose, critical=False)
    return builder.sign(by, hashes.SHA256())


def _name(common: str) -> x509.Name:
    named = ((NameOID.ORGANIZATION_NAME, "Studio"), (NameOID.COMMON_NAME, common))
    return x509.Name([x509.NameAttribute(oid, value) for oid, value in named])
