"""The ways to the API that companies have: TLS with a CA of their own, client certificates, and proxies."""

import base64
import json
import ssl
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

import github
import pytest
import requests
import trustme

from secuprobe_action.network import Network
from secuprobe_action.places.outputs import SCAN_OUTPUTS
from secuprobe_action.platforms.github_connections import connected_by
from tests.github_api import FakeGitHub
from tests.github_api import serving as serving_github
from tests.process.canned import Canned, serving
from tests.process.relays import tls_in_front_of, tunnelling
from tests.process.test_gitlab import gitlab_environment, merge_request, project_of_two
from tests.support import KEY, URL, Runner, Step, event_file, findings, secuprobe

COUNTS = {"critical": 0, "high": 0, "medium": 0, "low": 0, "info": 0}
ANSWERS = {
    "scans": json.dumps({"scanId": "scan-1", "status": "completed"}).encode(),
    "scan-1": json.dumps({"scanId": "scan-1", "status": "completed", "vulnerabilitiesCount": COUNTS}).encode(),
    "vulnerabilities": b'{"total": 0, "vulnerabilities": []}',
}
AUTHORITY = trustme.CA()
OF_CLIENTS = trustme.CA()
NOTHING_NAMED = {"SSL_CERT_FILE": "", "SSL_CERT_DIR": ""}


def tls(wants_certificate: ssl.TLSVersion | None = None) -> ssl.SSLContext:
    """Return a server's TLS context, which wants a client certificate where a version is given: alerts differ by it."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    AUTHORITY.issue_cert("127.0.0.1", "localhost", "secuprobe.test").configure_cert(context)
    if wants_certificate:
        context.minimum_version = context.maximum_version = wants_certificate
        context.verify_mode = ssl.CERT_REQUIRED
        OF_CLIENTS.configure_trust(context)
    return context


@pytest.fixture(name="bundle")
def _bundle(tmp_path: Path) -> str:
    """The CA certificate as a file."""
    path = tmp_path / "ca.pem"
    AUTHORITY.cert_pem.write_to_path(str(path))
    return str(path)


def scan(runner: Runner, server: Canned, **environment: str) -> Step:
    runner.environment = {**NOTHING_NAMED, **environment}
    return runner.run(api_key=KEY, url=URL, api_url=server.url, timeout="20")


# Whom to trust


@pytest.mark.parametrize("variable", ["SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "SECUPROBE_EXTRA_CA_CERTS"])
def test_a_ca_of_ones_own_is_trusted_where_named(runner: Runner, bundle: str, variable: str) -> None:
    with serving(ANSWERS, tls()) as server:
        step = scan(runner, server, **{variable: bundle})

    assert step.code == 0, step.log


def test_an_extra_ca_can_be_given_as_pem_for_a_container_that_sees_no_file(runner: Runner) -> None:
    with serving(ANSWERS, tls()) as server:
        step = scan(runner, server, SECUPROBE_EXTRA_CA_CERTS=AUTHORITY.cert_pem.bytes().decode())

    assert step.code == 0, step.log


def test_a_certificate_that_is_not_trusted_is_refused_and_explained(runner: Runner) -> None:
    with serving(ANSWERS, tls()) as server:
        step = scan(runner, server)

    assert step.code == 3
    assert "CERTIFICATE_VERIFY_FAILED" in step.annotations("error")[0]
    assert "SECUPROBE_EXTRA_CA_CERTS" in step.annotations("error")[0]
    assert server.asked == []


@pytest.mark.parametrize("variable", ["SSL_CERT_FILE", "SSL_CERT_DIR", "CURL_CA_BUNDLE", "SECUPROBE_EXTRA_CA_CERTS"])
@pytest.mark.parametrize("content", [None, "not a certificate"])
def test_a_ca_bundle_that_can_not_be_read_is_an_input_error_that_names_the_variable(
    runner: Runner, tmp_path: Path, variable: str, content: str | None
) -> None:
    bundle = tmp_path / "ca.pem"
    if content is not None:
        bundle.write_text(content, encoding="utf-8")
    runner.environment = {**NOTHING_NAMED, variable: str(bundle)}

    step = runner.run(api_key=KEY, url=URL)

    assert (step.code, step.outputs) == (2, SCAN_OUTPUTS)
    assert f"{variable}: was given '{bundle}'" in step.annotations("error")[0]


# Who we are


@pytest.fixture(name="identity")
def _identity(tmp_path: Path) -> dict[str, str]:
    """A client certificate and its key, as files."""
    certificate = OF_CLIENTS.issue_cert("ci@company.example")
    certificate.cert_chain_pems[0].write_to_path(str(tmp_path / "client.pem"))
    certificate.private_key_pem.write_to_path(str(tmp_path / "client.key"))
    return {"SECUPROBE_CLIENT_CERT": str(tmp_path / "client.pem"), "SECUPROBE_CLIENT_KEY": str(tmp_path / "client.key")}


BOTH_VERSIONS = pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])


@BOTH_VERSIONS
@pytest.mark.parametrize("inline", [False, True])
def test_a_client_certificate_is_shown_to_a_server_that_asks(
    runner: Runner, bundle: str, identity: Mapping[str, str], version: ssl.TLSVersion, inline: bool
) -> None:
    given = {name: Path(path).read_text(encoding="utf-8") if inline else path for name, path in identity.items()}
    with serving(ANSWERS, tls(version)) as server:
        step = scan(runner, server, SECUPROBE_EXTRA_CA_CERTS=bundle, **given)

    assert step.code == 0, step.log


@BOTH_VERSIONS
def test_without_one_the_error_says_that_the_server_wants_it(runner: Runner, bundle: str, version: ssl.TLSVersion) -> None:
    with serving(ANSWERS, tls(version)) as server:
        step = scan(runner, server, SECUPROBE_EXTRA_CA_CERTS=bundle)

    assert step.code == 3
    assert "want a client certificate" in step.shown or "wants a client certificate" in step.shown
    assert "SECUPROBE_CLIENT_CERT" in step.annotations("error")[0]
    # With TLS 1.3 the refusal comes after the request was sent, but the server has not seen it.
    assert "a scan may be running" not in step.log
    assert server.asked == []


@BOTH_VERSIONS
def test_a_client_certificate_that_the_server_refuses_is_named(
    runner: Runner, bundle: str, tmp_path: Path, version: ssl.TLSVersion
) -> None:
    stranger = trustme.CA().issue_cert("ci@elsewhere.example").private_key_and_cert_chain_pem
    stranger.write_to_path(str(tmp_path / "stranger.pem"))
    with serving(ANSWERS, tls(version)) as server:
        step = scan(runner, server, SECUPROBE_EXTRA_CA_CERTS=bundle, SECUPROBE_CLIENT_CERT=str(tmp_path / "stranger.pem"))

    assert step.code == 3
    assert "the server refused the client certificate" in step.annotations("error")[0]
    assert "a scan may be running" not in step.log


# By way of a proxy


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


@pytest.mark.parametrize(
    "environment",
    [
        {"NO_PROXY": "localhost,fd00::/8"},
        {"NO_PROXY": "[::1]"},
        {"NO_PROXY": "host:*, [fe80::%eth0]/10"},
        {"NO_PROXY": "127.0.0.0/8", "ALL_PROXY": "socks://127.0.0.1:7890"},
        {"NO_PROXY": "127.0.0.1", "HTTP_PROXY": "http://user:s3#cr/et@:"},
        {"HTTPS_PROXY": "socks5://127.0.0.1:7890"},
        {"http_proxy": "\n", "ALL_PROXY": " "},
    ],
    ids=str,
)
def test_what_the_environment_says_of_other_hosts_is_no_trouble(runner: Runner, environment: dict[str, str]) -> None:
    with serving(ANSWERS) as server:
        step = scan(runner, server, **environment)

    assert step.code == 0, step.log
    assert "internal error" not in step.log


@pytest.mark.parametrize(
    ("value", "said"),
    [
        ("socks://user:s3cret@127.0.0.1:7890", "names a SOCKS proxy, which is not supported"),
        ("http://user:s3cret@proxy:port", "must be a proxy's address"),
    ],
)
def test_a_proxy_that_can_not_be_used_is_an_input_error_without_its_value(runner: Runner, value: str, said: str) -> None:
    with serving(ANSWERS) as server:
        step = scan(runner, server, ALL_PROXY=value)

    assert (step.code, step.outputs) == (2, SCAN_OUTPUTS)
    assert f"ALL_PROXY: {said}" in step.annotations("error")[0]
    assert "s3cret" not in step.log + step.summary
    assert server.asked == []


def at_name(server: Canned) -> str:
    """The address of a server by a name that only a proxy can look up."""
    return f"https://secuprobe.test:{urlsplit(server.url).port}/api/v1"


@pytest.mark.parametrize("proxy_tls", [False, True])
def test_a_tunnel_gets_the_credentials_as_they_were_given(runner: Runner, bundle: str, proxy_tls: bool) -> None:
    with serving(ANSWERS, tls()) as server, tunnelling(tls=tls() if proxy_tls else None) as proxy:
        scheme = "https" if proxy_tls else "http"
        runner.environment = {
            **NOTHING_NAMED,
            "SECUPROBE_EXTRA_CA_CERTS": bundle,
            "HTTPS_PROXY": f"{scheme}://user:p#a/s%40@{proxy.address}\n",
        }
        step = runner.run(api_key=KEY, url=URL, api_url=at_name(server))

    assert step.code == 0, step.log
    assert set(proxy.targets) == {f"secuprobe.test:{urlsplit(server.url).port}"}
    assert set(proxy.credentials) == {"user:p#a/s@"}


@pytest.mark.parametrize(
    ("answer", "advice"),
    [("407 Proxy Authentication Required", "user name and password"), ("403 Forbidden", "Have the proxy allow the host")],
)
def test_a_proxy_that_refuses_is_named_and_asked_once(runner: Runner, answer: str, advice: str) -> None:
    with tunnelling(answer) as proxy:
        runner.environment = {"HTTPS_PROXY": f"http://user:s3cret@{proxy.address}"}
        step = runner.run(api_key=KEY, url=URL)

    assert step.code == 3
    assert f"the proxy {proxy.address} answered CONNECT with {answer}." in step.annotations("error")[0]
    assert advice in step.annotations("error")[0]
    assert proxy.targets == ["secuprobe.io:443"]
    assert "s3cret" not in step.log + step.summary
    assert "a scan may be running" not in step.log


def test_a_proxy_whose_way_on_is_broken_is_asked_again(runner: Runner) -> None:
    with tunnelling("503 Service Unavailable") as proxy:
        runner.environment = {"HTTPS_PROXY": f"http://{proxy.address}"}
        step = runner.run(api_key=KEY, url=URL, timeout="10")

    assert step.code == 3
    assert f"the proxy {proxy.address} answered CONNECT with 503 Service Unavailable" in step.annotations("error")[0]
    assert len(proxy.targets) > 1


def test_a_proxy_that_is_not_there_is_named(runner: Runner) -> None:
    runner.environment = {"HTTPS_PROXY": "http://user:s3cret@127.0.0.1:9"}

    step = runner.run(api_key=KEY, url=URL, timeout="10")

    assert step.code == 3
    assert "Connection refused, through the proxy 127.0.0.1:9" in step.annotations("error")[0]
    assert "s3cret" not in step.log + step.summary


# The forges go the same way


@contextmanager
def github_enterprise() -> Iterator[FakeGitHub]:
    """A GitHub whose certificate a private CA signed."""
    with serving_github(FakeGitHub()) as github, tls_in_front_of(urlsplit(github.url).port or 0, tls()) as port:
        github.url = f"https://127.0.0.1:{port}"
        yield github


def publish_check(runner: Runner, github: FakeGitHub, **environment: str) -> Step:
    """Scan a pushed commit and publish a check run of it."""
    runner.environment = {
        **NOTHING_NAMED,
        **github.environment("e" * 40, "push"),
        "GITHUB_EVENT_PATH": event_file(runner.folder, {"before": "0" * 40}),
        **environment,
    }
    with secuprobe({"findings": findings("low")}) as api:
        return runner.run(api, check_run="true", github_token="ghs_token")


@pytest.mark.parametrize("variable", ["SECUPROBE_EXTRA_CA_CERTS", "SSL_CERT_FILE", "CURL_CA_BUNDLE"])
def test_an_enterprise_server_with_a_private_ca_is_trusted_as_the_api_is(runner: Runner, bundle: str, variable: str) -> None:
    with github_enterprise() as github:
        step = publish_check(runner, github, **{variable: bundle})

    assert step.annotations("warning") == []
    assert [check["head_sha"] for check in github.checks] == ["e" * 40]


def test_an_enterprise_server_that_is_not_trusted_gets_no_token(runner: Runner) -> None:
    with github_enterprise() as github:
        step = publish_check(runner, github, REQUESTS_CA_BUNDLE="", CURL_CA_BUNDLE="")

    assert step.code == 0
    assert "GitHub could not be reached to write a check run (SSLError)" in step.annotations("warning")[0]
    assert github.requests == []


def test_a_private_ca_instead_of_the_public_ones_is_not_added_to_them(runner: Runner, tmp_path: Path) -> None:
    trustme.CA().cert_pem.write_to_path(str(tmp_path / "other.pem"))

    with github_enterprise() as github:
        step = publish_check(runner, github, SSL_CERT_FILE=str(tmp_path / "other.pem"))

    assert "(SSLError)" in step.annotations("warning")[0]
    assert github.requests == []


def test_pygithub_adds_no_authority_to_the_context_that_all_share(bundle: str) -> None:
    network = Network.of({"SSL_CERT_FILE": bundle})
    with serving({"octocat": b'{"login": "octocat", "id": 1, "url": "https://x"}'}, tls()) as server:
        with connected_by(network):
            api = github.Github(base_url=server.url, auth=github.Auth.Token("ghs_token"))
        login = api.get_user("octocat").login

    assert login == "octocat"
    assert len(network.tls.get_ca_certs()) == 1
    assert network.tls.verify_mode is ssl.CERT_REQUIRED


def test_other_objects_of_pygithub_keep_their_own_connections(bundle: str) -> None:
    with connected_by(Network.of({"SSL_CERT_FILE": bundle})):
        pass
    with serving({"octocat": b"{}"}, tls()) as server, pytest.raises(requests.exceptions.SSLError):
        github.Github(base_url=server.url, retry=None).get_user("octocat")


@pytest.mark.parametrize("proxy_tls", [False, True])
def test_an_enterprise_server_is_reached_through_the_proxy_with_its_credentials(
    runner: Runner, bundle: str, proxy_tls: bool
) -> None:
    with github_enterprise() as github, tunnelling(tls=tls() if proxy_tls else None) as proxy:
        way = f"{'https' if proxy_tls else 'http'}://user:pä#/@{proxy.address}"
        step = publish_check(runner, github, SECUPROBE_EXTRA_CA_CERTS=bundle, HTTPS_PROXY=way, NO_PROXY="localhost,fd00::/8")

    assert step.annotations("warning") == []
    assert len(github.checks) == 1
    assert set(proxy.credentials) == {"user:pä#/"}


def test_a_proxy_that_only_the_forge_needs_can_not_change_the_verdict(runner: Runner) -> None:
    with github_enterprise() as github:
        step = publish_check(runner, github, HTTPS_PROXY="socks5://user:s3cret@127.0.0.1:9")

    assert step.code == 0
    assert "GitHub can't be asked: HTTPS_PROXY: names a SOCKS proxy" in step.annotations("warning")[0]
    assert "s3cret" not in step.log


@pytest.mark.parametrize("trusted", [True, False])
def test_gitlab_is_reached_through_proxy_and_private_ca(runner: Runner, bundle: str, trusted: bool) -> None:
    with project_of_two() as fake, tls_in_front_of(urlsplit(fake.url).port or 0, tls()) as port, tunnelling() as proxy:
        fake.url = f"https://127.0.0.1:{port}"
        with secuprobe({"findings": findings("critical")}) as api:
            wanted = {"SECUPROBE_API_KEY": KEY, "SECUPROBE_URL": URL, "SECUPROBE_API_URL": api.url}
            runner.environment = {
                **NOTHING_NAMED,
                **gitlab_environment(runner, **wanted, **merge_request(fake)),
                "HTTPS_PROXY": f"http://{proxy.address}",
                "SECUPROBE_EXTRA_CA_CERTS": bundle if trusted else "",
            }
            step = runner.run()

    assert step.code == 1
    assert set(proxy.targets) == {f"127.0.0.1:{port}"}
    assert len(fake.notes) == (1 if trusted else 0), step.log
    assert ("GitLab could not be reached (ConnectError)" in step.log) is not trusted


def test_a_plain_proxy_that_wants_credentials_is_named_too(runner: Runner, tmp_path: Path) -> None:
    with serving(ANSWERS, status=407) as proxy:
        runner.environment = {"HTTP_PROXY": proxy.url}
        step = runner.run(api_key=KEY, url=URL, api_url="http://secuprobe/api/v1")

    assert step.code == 3
    assert f"the proxy {proxy.url.removeprefix('http://')} answered with 407" in step.annotations("error")[0]
    assert len(proxy.asked) == 1


def test_the_credentials_reach_a_plain_proxy(runner: Runner) -> None:
    with serving(ANSWERS) as proxy:
        runner.environment = {"HTTP_PROXY": proxy.url.replace("://", "://user:p#ss@")}
        step = runner.run(api_key=KEY, url=URL, api_url="http://secuprobe/api/v1")

    assert step.code == 0, step.log
    assert proxy.headers[0]["Proxy-Authorization"] == f"Basic {base64.b64encode(b'user:p#ss').decode()}"
