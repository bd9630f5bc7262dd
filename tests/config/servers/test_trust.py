"""What TLS trusts: the system's authorities, or what SSL_CERT_FILE and SSL_CERT_DIR name instead of them."""

import ssl
from pathlib import Path

import pytest

from config.servers.tls import client_context
from tests.servers.certificates import Authority


@pytest.fixture(scope="module")
def own(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("own"))


def trusted(context: ssl.SSLContext) -> set[str]:
    """The common names of the authorities."""
    subjects = (dict(part for rdn in each["subject"] for part in rdn) for each in context.get_ca_certs())
    return {subject.get("commonName", "") for subject in subjects}


def test_without_variables_the_known_authorities_are_trusted() -> None:
    context = client_context({})
    assert len(trusted(context)) > 50
    assert (context.verify_mode, context.check_hostname) == (ssl.CERT_REQUIRED, True)


def test_a_named_file_is_trusted_and_nothing_else(own: Authority) -> None:
    assert trusted(client_context({"SSL_CERT_FILE": str(own.certificate)})) == {"authority"}


def test_a_named_folder_takes_the_place_of_the_known_ones(own: Authority) -> None:
    context = client_context({"SSL_CERT_DIR": str(own.certificate.parent)})
    assert trusted(context) == set()  # of a folder, files are read when they are needed


@pytest.mark.parametrize("variable", ["SSL_CERT_FILE", "SSL_CERT_DIR"])
def test_a_variable_that_is_empty_names_nothing(variable: str) -> None:
    assert len(trusted(client_context({variable: ""}))) > 50


@pytest.mark.parametrize("variable", ["SSL_CERT_FILE", "SSL_CERT_DIR"])
def test_what_is_not_there_is_told_in_a_line(variable: str, tmp_path: Path) -> None:
    with pytest.raises(ssl.SSLError) as error:
        client_context({variable: str(tmp_path / "missing")})
    assert f"{variable} names no" in str(error.value)
    assert "missing" in str(error.value)


def test_a_file_without_a_certificate_is_told_of(tmp_path: Path) -> None:
    (tmp_path / "empty.pem").write_text("none")
    with pytest.raises(ssl.SSLError, match="SSL_CERT_FILE names no file of certificates"):
        client_context({"SSL_CERT_FILE": str(tmp_path / "empty.pem")})
