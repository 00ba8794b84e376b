"""From settings to a client of the API: what every command that asks SecuProbe begins with."""

import random
import ssl
from pathlib import Path

import httpx

from secuprobe_action.api.client import SecuProbeClient
from secuprobe_action.clock import Clock, Deadline
from secuprobe_action.errors import InputError, Mistake
from secuprobe_action.log import Log
from secuprobe_action.settings import Access


def connect(wanted: Access) -> httpx.Client:
    """Return an HTTP client that goes where the environment's proxies say, and follows no redirect.

    Raises:
        InputError: the CA bundle can't be read.
    """
    return httpx.Client(verify=_trust(wanted.ca_bundle), follow_redirects=False)


def client_for(wanted: Access, http: httpx.Client, deadline: Deadline, clock: Clock, log: Log) -> SecuProbeClient:
    """Return a client of the API.

    Args:
        wanted: where the API is, and the key.
        http: what `connect` returned.
        deadline: the time budget.
        clock: what to wait with.
        log: where waits and repeats are told.
    """
    return SecuProbeClient(
        http,
        base_url=wanted.api_url,
        api_key=wanted.api_key,
        deadline=deadline,
        clock=clock,
        random=random.Random(),  # noqa: S311  # spreads waits; hides nothing
        log=log,
    )


def _trust(ca_bundle: str | None) -> ssl.SSLContext:
    """Return the TLS settings: certificates are always verified, against `ca_bundle` where one is named."""
    if ca_bundle is None:
        return httpx.create_ssl_context(trust_env=False)
    try:
        if Path(ca_bundle).is_dir():
            return ssl.create_default_context(capath=ca_bundle)
        return ssl.create_default_context(cafile=ca_bundle)
    except OSError as error:  # ssl.SSLError is one
        accepted = f"must name a readable file of PEM certificates ({error.strerror})"
        raise InputError([Mistake("SSL_CERT_FILE", ca_bundle, accepted)]) from error
