"""The ways to the API that companies have: TLS with a CA of their own, and proxies."""

import json
import ssl
from pathlib import Path

import pytest
import trustme

from tests.process.canned import serving
from tests.support import KEY, URL, Runner

COUNTS = {"critical": 0, "high": 0, "medium": 0, "low": 0, "info": 0}
ANSWERS = {
    "scans": json.dumps({"scanId": "scan-1", "status": "completed"}).encode(),
    "scan-1": json.dumps({"scanId": "scan-1", "status": "completed", "vulnerabilitiesCount": COUNTS}).encode(),
    "vulnerabilities": b'{"total": 0, "vulnerabilities": []}',
}
AUTHORITY = trustme.CA()


def tls() -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    AUTHORITY.issue_cert("127.0.0.1").configure_cert(context)
    return context


@pytest.mark.parametrize("variable", ["SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"])
def test_a_ca_of_ones_own_is_trusted_where_named(runner: Runner, tmp_path: Path, variable: str) -> None:
    bundle = tmp_path / "ca.pem"
    AUTHORITY.cert_pem.write_to_path(str(bundle))
    runner.environment = {"SSL_CERT_FILE": "", "SSL_CERT_DIR": "", variable: str(bundle)}

    with serving(ANSWERS, tls()) as server:
        step = runner.run(api_key=KEY, url=URL, api_url=server.url)

    assert step.code == 0, step.log


def test_a_certificate_that_is_not_trusted_is_refused_and_explained(runner: Runner) -> None:
    runner.environment = {"SSL_CERT_FILE": "", "SSL_CERT_DIR": ""}

    with serving(ANSWERS, tls()) as server:
        step = runner.run(api_key=KEY, url=URL, api_url=server.url)

    assert step.code == 3
    assert "CERTIFICATE_VERIFY_FAILED" in step.annotations("error")[0]
    assert "SSL_CERT_FILE" in step.annotations("error")[0]
    assert server.asked == []


@pytest.mark.parametrize("content", [None, "not a certificate"])
def test_a_ca_bundle_that_can_not_be_read_is_an_input_error(runner: Runner, tmp_path: Path, content: str | None) -> None:
    bundle = tmp_path / "ca.pem"
    if content is not None:
        bundle.write_text(content, encoding="utf-8")
    runner.environment = {"SSL_CERT_FILE": str(bundle)}

    step = runner.run(api_key=KEY, url=URL)

    assert (step.code, step.outputs) == (2, {"result": "error"})
    assert f"SSL_CERT_FILE: was given '{bundle}'" in step.annotations("error")[0]


@pytest.mark.parametrize("variable", ["HTTP_PROXY", "http_proxy", "ALL_PROXY"])
def test_a_proxy_of_the_environment_is_used(runner: Runner, variable: str) -> None:
    with serving(ANSWERS) as proxy:
        runner.environment = {variable: proxy.url}
        step = runner.run(api_key=KEY, url=URL, api_url="http://secuprobe/api/v1")

    assert step.code == 0, step.log
    assert proxy.asked[0] == "POST http://secuprobe/api/v1/scans"


def test_a_host_that_needs_no_proxy_is_asked_directly(runner: Runner) -> None:
    with serving(ANSWERS) as server:
        runner.environment = {"HTTP_PROXY": "http://127.0.0.1:9", "NO_PROXY": "127.0.0.1"}
        step = runner.run(api_key=KEY, url=URL, api_url=server.url)

    assert step.code == 0, step.log
