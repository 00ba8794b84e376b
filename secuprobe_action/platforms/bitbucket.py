"""Bitbucket Pipelines: the Code Insights report of the commit. It must not know about SecuProbe's API."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, TextIO

import httpx

from secuprobe_action.findings.gate import Verdict
from secuprobe_action.findings.model import ScanReport
from secuprobe_action.findings.progress import Progress
from secuprobe_action.network import Network
from secuprobe_action.platforms.base import Forge
from secuprobe_action.platforms.bitbucket_api import ANNOTATIONS_A_REQUEST, BitbucketApi, accepted
from secuprobe_action.platforms.bitbucket_forge import BitbucketForge, attempt_of, kept_in, path, put
from secuprobe_action.platforms.bitbucket_report import annotations, in_progress, judged, report_id, unjudged, with_memory
from secuprobe_action.platforms.terminal import Terminal


class Bitbucket(Terminal):
    """A step of a Bitbucket pipeline, or a pipe in one.

    Args:
        environment: the process's environment.
        out: where the log goes.
        network: the way to Bitbucket, or None for the environment's.
    """

    definition_file = "bitbucket-pipelines.yml"
    has_results = True

    def __init__(self, environment: Mapping[str, str], out: TextIO, network: Network | None = None) -> None:
        super().__init__(environment, out)
        self.attempt = attempt_of(environment)
        self.workspace = Path(environment.get("BITBUCKET_CLONE_DIR") or Path.cwd())
        self._commit = environment.get("BITBUCKET_COMMIT", "")
        self._is_pending = False
        self._api = BitbucketApi(environment, network or Network.of(environment))

    def publish_result(self, name: str, report: ScanReport, verdict: Verdict) -> None:
        """Put the report on the commit, with its annotations, in place of an earlier one of the same name and site.

        Raises:
            ForgeError: Bitbucket did not take it.
        """
        own_id = report_id(name, report.site)
        self._renew(own_id, judged(report, verdict), list(annotations(own_id, report, verdict)))

    def publish_progress(self, name: str, site: str | None, progress: Progress, report_url: str | None) -> None:
        """Have the report on the commit say that it is pending, once; an earlier one's annotations stay until there is a verdict.

        It is said at the beginning only: Bitbucket has no way to write what would leave a verdict alone, should it come late.

        Raises:
            ForgeError: Bitbucket did not take it.
        """
        if self._is_pending:
            return
        self._is_pending = True
        own_id, pending = report_id(name, site), in_progress(site, progress, report_url)
        self._api.asking(lambda http: put(http, self._commit, own_id, with_memory(pending, kept_in(http, self._commit, own_id))))

    def publish_no_result(self, name: str, site: str | None, title: str, message: str, report_url: str | None) -> None:
        """Put a failed report on the commit, in place of an earlier one of the same name and site: it may have passed.

        Raises:
            ForgeError: Bitbucket did not take it.
        """
        self._renew(report_id(name, site), unjudged(site, title, message, report_url), [])

    def forge(self, token: str | None, commit: str | None) -> Forge | None:
        return BitbucketForge(self._api, self._environment, commit)

    def _renew(self, own_id: str, report: Mapping[str, Any], listed: list[dict[str, Any]]) -> None:
        self._api.asking(lambda http: _renew(http, self._commit, own_id, report, listed))


def _renew(http: httpx.Client, commit: str, own_id: str, report: Mapping[str, Any], listed: list[dict[str, Any]]) -> None:
    whole = with_memory(report, kept_in(http, commit, own_id))
    # An update keeps the annotations of findings that are gone, so the report is made anew.
    accepted(http.delete(path(commit, own_id)), also=404)
    put(http, commit, own_id, whole)
    for start in range(0, len(listed), ANNOTATIONS_A_REQUEST):
        part = listed[start : start + ANNOTATIONS_A_REQUEST]
        accepted(http.post(f"{path(commit, own_id)}/annotations", json=part))
    if _is_pending(http.get(path(commit, own_id))):
        put(http, commit, own_id, whole)


def _is_pending(answer: httpx.Response) -> bool:
    """Whether the report says so after its verdict: what was given up on may have come late."""
    return answer.is_success and answer.json().get("result") == "PENDING"
