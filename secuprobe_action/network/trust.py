"""Whom TLS trusts, and what it shows when asked who we are: one context from the environment's variables."""

import os
import re
import ssl
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path

from secuprobe_action.errors import InputError, Mistake

EXTRA = "SECUPROBE_EXTRA_CA_CERTS"
CERTIFICATE = "SECUPROBE_CLIENT_CERT"
KEY = "SECUPROBE_CLIENT_KEY"
REPLACING = ("SSL_CERT_FILE", "SSL_CERT_DIR", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE")
"""By convention these name what is trusted instead of the public authorities."""

TRUST_VARIABLES = (EXTRA, *REPLACING, CERTIFICATE, KEY)
"""What is read of the environment."""

_BEGINNING = "-----BEGIN "
_WHERE = "a container sees the workspace, and little else of the machine"


class _Encrypted(Exception):
    """A private key asks for its passphrase."""


def tls_context(variables: Mapping[str, str]) -> ssl.SSLContext:
    """Return the TLS settings: certificates are always verified.

    Trusted are the authorities of all the variables of REPLACING that are set, the public ones where none is, and those of
    SECUPROBE_EXTRA_CA_CERTS in either case.

    Args:
        variables: the process's environment, or what of it TRUST_VARIABLES names.

    Raises:
        InputError: a variable can't be used; it names it.
    """
    given = {name: variables[name].strip() for name in TRUST_VARIABLES if variables.get(name, "").strip()}
    replacing = [name for name in REPLACING if name in given]
    context = _empty() if replacing else _public()
    for name in replacing:
        _trust(context, name, given[name])
    if EXTRA in given:
        _trust(context, EXTRA, given[EXTRA])
    if replacing or EXTRA in given:
        # What Python 3.13 made the default refuses certificates that miss a nicety of RFC 5280, such as an authority key
        # identifier. Public authorities keep to it; many a company's own does not, and curl and browsers take them.
        context.verify_flags &= ~ssl.VERIFY_X509_STRICT
    if CERTIFICATE in given or KEY in given:
        _identify(context, given)
    return context


def _public() -> ssl.SSLContext:
    import certifi

    return ssl.create_default_context(cafile=certifi.where())


def _empty() -> ssl.SSLContext:
    """Return a context that trusts nobody yet; `ssl.create_default_context` would load the system's authorities."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN  # whom the user names is trusted, root or not
    return context


def _trust(context: ssl.SSLContext, name: str, value: str) -> None:
    """Load what one variable names: a file, a folder, PEM itself (SECUPROBE_EXTRA_CA_CERTS), a list of folders (SSL_CERT_DIR)."""
    try:
        if name == EXTRA and value.startswith(_BEGINNING):
            context.load_verify_locations(cadata=value)
        elif name == "SSL_CERT_DIR":
            _load_first_of(context, value.split(os.pathsep))
        else:
            _load(context, Path(value))
    except (OSError, ValueError) as error:  # ssl.SSLError is an OSError
        shown = None if value.startswith(_BEGINNING) else value
        accepted = f"must name a readable file or folder of PEM certificates ({_reason(error)}); {_WHERE}"
        raise InputError([Mistake(name, shown, accepted)]) from error


def _load_first_of(context: ssl.SSLContext, folders: list[str]) -> None:
    """Load a list of folders. Like OpenSSL, pass over those that aren't there, but not over all of them."""
    missing: OSError | None = None
    loaded = False
    for folder in filter(None, folders):
        try:
            _load(context, Path(folder))
            loaded = True
        except FileNotFoundError as error:
            missing = error
    if not loaded:
        raise missing or FileNotFoundError(2, "no folder is named")


def _load(context: ssl.SSLContext, path: Path) -> None:
    if not path.is_dir():
        context.load_verify_locations(cafile=path)
        return
    files = [file for file in sorted(path.iterdir()) if file.is_file()]
    if any(re.fullmatch(r"[0-9a-f]{8}\.[0-9]+", file.name) for file in files):  # as `openssl rehash` names them
        context.load_verify_locations(capath=path)
        return
    loaded = 0
    for file in files:
        try:
            context.load_verify_locations(cafile=file)
            loaded += 1
        except ssl.SSLError:  # a README beside them
            continue
    if not loaded:
        raise ValueError("it holds no certificate")


def _identify(context: ssl.SSLContext, given: Mapping[str, str]) -> None:
    """Have the context show the client certificate to a server that asks for one."""
    if CERTIFICATE not in given:
        raise InputError([Mistake(KEY, None, f"needs the certificate that it is the key of, in {CERTIFICATE}")])
    with ExitStack() as stack:
        files = {name: stack.enter_context(_file(name, given[name])) for name in (CERTIFICATE, KEY) if name in given}
        try:
            context.load_cert_chain(files[CERTIFICATE], files.get(KEY), password=_refuse_passphrase)
        except _Encrypted:
            name = KEY if KEY in given else CERTIFICATE
            raise InputError([Mistake(name, None, "must hold a private key without a passphrase")]) from None
        except OSError as error:
            accepted = (
                f"must hold a client certificate as PEM, its private key there, too, or in {KEY} "
                f"({_reason(error) or type(error).__name__})"
            )
            raise InputError([Mistake(CERTIFICATE, None, accepted)]) from error
    context.post_handshake_auth = True  # some servers ask once they have seen the path


@contextmanager
def _file(name: str, value: str) -> Iterator[Path]:
    """Return the file that a variable names, or one with the PEM that it holds, for as long as the context lasts."""
    if value.startswith(_BEGINNING):
        import tempfile  # takes long to import, and most have a file

        with tempfile.NamedTemporaryFile("w", encoding="utf-8", suffix=".pem") as file:  # readable by its owner only
            file.write(value + "\n")
            file.flush()
            yield Path(file.name)
        return
    try:
        Path(value).read_bytes()
    except OSError as error:
        accepted = f"must name a readable PEM file, or hold PEM itself ({_reason(error)}); {_WHERE}"
        raise InputError([Mistake(name, value, accepted)]) from error
    yield Path(value)


def _refuse_passphrase() -> str:
    """Raise: OpenSSL would ask at the terminal, where nobody answers."""
    raise _Encrypted


def _reason(error: Exception) -> str:
    return (error.strerror if isinstance(error, OSError) else str(error)) or type(error).__name__
