"""From settings to a client of the API: what every command that asks SecuProbe begins with."""

import random

import httpx

from secuprobe_action.api.client import SecuProbeClient
from secuprobe_action.clock import Clock, Deadline
from secuprobe_action.log import Log
from secuprobe_action.settings import Access


def connect(wanted: Access) -> httpx.Client:
    """Return an HTTP client for the API, which goes where the environment's proxies say and follows no redirect.

    Raises:
        InputError: a proxy or a certificate that the environment names can't be used.
    """
    return wanted.network.client(wanted.api_url)


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
