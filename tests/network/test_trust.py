"""Whom TLS trusts: every variable that is set, alone or with the public authorities; and who we say that we are."""

import shutil
import ssl
import subprocess
from pathlib import Path

import pytest
import trustme
from cryptography.hazmat.primitives import serialization

from secuprobe_action.errors import InputError
from secuprobe_action.network.trust import REPLACING, tls_context

CA, OTHER = trustme.CA(organization_name="One"), trustme.CA(organization_name="Other")
CLIENT = CA.issue_cert("ci@company.example")


def names(context: ssl.SSLContext) -> set[str]:
    """The organisations of the authorities that are loaded."""
    subjects = [dict(pair[0] for pair in certificate["subject"]) for certificate in context.get_ca_certs()]  # type: ignore[misc]
    return {str(subject.get("organizationName")) for subject in subjects}


def trusts(context: ssl.SSLContext, ca: trustme.CA) -> bool:
    """Whether a handshake with a server of that authority succeeds."""
    server_context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    ca.issue_cert("secuprobe.test").configure_cert(server_context)
    to_server, to_client = ssl.MemoryBIO(), ssl.MemoryBIO()
    server = server_context.wrap_bio(to_server, to_client, server_side=True)
    client = context.wrap_bio(to_client, to_server, server_hostname="secuprobe.test")
    for _ in range(4):
        for side in (client, server):
            try:
                side.do_handshake()
            except ssl.SSLWantReadError:
                continue
            except ssl.SSLCertVerificationError:
                return False
    return True


def pem(ca: trustme.CA, path: Path) -> str:
    path.parent.mkdir(exist_ok=True)
    ca.cert_pem.write_to_path(str(path))
    return str(path)


def refused(**variables: str) -> str:
    with pytest.raises(InputError) as raised:
        tls_context(variables)
    return raised.value.message


def test_without_variables_the_public_authorities_are_trusted_and_always_verified() -> None:
    context = tls_context({"SSL_CERT_FILE": "", "SSL_CERT_DIR": " "})

    assert len(context.get_ca_certs()) > 50
    assert context.verify_mode is ssl.CERT_REQUIRED
    assert context.check_hostname


def test_all_that_is_set_is_trusted_instead_of_the_public_ones(tmp_path: Path) -> None:
    context = tls_context({"SSL_CERT_FILE": pem(CA, tmp_path / "one.pem"), "CURL_CA_BUNDLE": pem(OTHER, tmp_path / "two.pem")})

    assert names(context) == {"One", "Other"}
    assert (context.verify_mode, context.check_hostname) == (ssl.CERT_REQUIRED, True)
    assert context.minimum_version >= ssl.TLSVersion.TLSv1_2


@pytest.mark.parametrize("replacing", [False, True])
def test_extra_ones_add_to_whatever_else_is_trusted(tmp_path: Path, replacing: bool) -> None:
    public = len(tls_context({}).get_ca_certs())
    replaced = {"REQUESTS_CA_BUNDLE": pem(OTHER, tmp_path / "other.pem")} if replacing else {}

    context = tls_context({"SECUPROBE_EXTRA_CA_CERTS": pem(CA, tmp_path / "extra.pem"), **replaced})

    assert len(context.get_ca_certs()) == (2 if replacing else public + 1)
    assert {"One"} <= names(context)


def test_a_companys_authority_needs_no_niceties_that_curl_and_browsers_do_not_ask_for(tmp_path: Path) -> None:
    for name in ("SECUPROBE_EXTRA_CA_CERTS", "SSL_CERT_FILE"):
        context = tls_context({name: pem(CA, tmp_path / "ca.pem")})
        assert not context.verify_flags & ssl.VERIFY_X509_STRICT


def test_a_list_of_folders_is_loaded_whole_and_those_that_are_not_there_are_passed_over(tmp_path: Path) -> None:
    pem(CA, tmp_path / "one" / "ca.pem")
    pem(OTHER, tmp_path / "two" / "ca.crt")
    (tmp_path / "two" / "README").write_text("about", encoding="utf-8")

    context = tls_context({"SSL_CERT_DIR": f"{tmp_path}/one:{tmp_path}/missing::{tmp_path}/two"})

    assert names(context) == {"One", "Other"}


def test_a_folder_as_openssl_rehash_makes_it_is_looked_up_by_name(tmp_path: Path) -> None:
    if shutil.which("openssl") is None:
        pytest.skip("there is no openssl command")
    pem(CA, tmp_path / "folder" / "ca.pem")
    subprocess.run(["openssl", "rehash", str(tmp_path / "folder")], check=True, capture_output=True)

    for name in ("SSL_CERT_DIR", "REQUESTS_CA_BUNDLE", "SECUPROBE_EXTRA_CA_CERTS"):
        context = tls_context({name: str(tmp_path / "folder")})
        assert trusts(context, CA)
        assert not trusts(context, OTHER)


@pytest.mark.parametrize("name", [*REPLACING, "SECUPROBE_EXTRA_CA_CERTS"])
def test_what_holds_no_certificate_is_refused_by_its_name(tmp_path: Path, name: str) -> None:
    (tmp_path / "empty").mkdir()
    (tmp_path / "with-text").mkdir()
    (tmp_path / "with-text" / "ca.pem").write_text("nothing", encoding="utf-8")

    for folder in ("empty", "with-text", "missing"):
        message = refused(**{name: f"{tmp_path}/{folder}"})
        assert message.startswith(f"{name}: was given '{tmp_path}/{folder}'; must name a readable file or folder")


def test_pem_that_can_not_be_read_is_refused_and_not_repeated() -> None:
    message = refused(SECUPROBE_EXTRA_CA_CERTS="-----BEGIN CERTIFICATE-----\nzz\n-----END CERTIFICATE-----")

    assert message.startswith("SECUPROBE_EXTRA_CA_CERTS: must name")
    assert "zz" not in message


def test_a_key_needs_its_certificate() -> None:
    assert refused(SECUPROBE_CLIENT_KEY="key.pem") == (
        "SECUPROBE_CLIENT_KEY: needs the certificate that it is the key of, in SECUPROBE_CLIENT_CERT"
    )


@pytest.mark.parametrize("name", ["SECUPROBE_CLIENT_CERT", "SECUPROBE_CLIENT_KEY"])
def test_a_file_that_is_not_there_is_the_one_that_is_named(tmp_path: Path, name: str) -> None:
    CLIENT.private_key_and_cert_chain_pem.write_to_path(str(tmp_path / "both.pem"))
    given = {"SECUPROBE_CLIENT_CERT": str(tmp_path / "both.pem"), name: str(tmp_path / "missing")}

    assert refused(**given).startswith(f"{name}: was given '{tmp_path}/missing'; must name a readable PEM file")


def test_certificate_and_key_that_do_not_belong_together_are_refused_without_the_key() -> None:
    key = OTHER.issue_cert("else@company.example").private_key_pem.bytes().decode()

    message = refused(SECUPROBE_CLIENT_CERT=CLIENT.cert_chain_pems[0].bytes().decode(), SECUPROBE_CLIENT_KEY=key)

    assert message.startswith("SECUPROBE_CLIENT_CERT: must hold a client certificate as PEM")
    assert "PRIVATE" not in message


def test_a_key_with_a_passphrase_is_refused_rather_than_asked_for_at_a_terminal(tmp_path: Path) -> None:
    key = serialization.load_pem_private_key(CLIENT.private_key_pem.bytes(), None)
    encryption = serialization.BestAvailableEncryption(b"secret")
    form = serialization.PrivateFormat.PKCS8
    (tmp_path / "key.pem").write_bytes(key.private_bytes(serialization.Encoding.PEM, form, encryption))

    message = refused(
        SECUPROBE_CLIENT_CERT=CLIENT.cert_chain_pems[0].bytes().decode(), SECUPROBE_CLIENT_KEY=str(tmp_path / "key.pem")
    )

    assert message == "SECUPROBE_CLIENT_KEY: must hold a private key without a passphrase"
