"""Inputs: what is accepted, what isn't, and that every mistake is named at once."""

from collections.abc import Mapping
from types import MappingProxyType

import pytest

from secuprobe_action.errors import InputError
from secuprobe_action.findings.model import Severity
from secuprobe_action.findings.urls import shown_url
from secuprobe_action.inputs import DEFAULTS, read_inputs, secrets_of
from secuprobe_action.settings import Settings, validate

KEY = "sp_live_abc"


def settings(environment: Mapping[str, str] = MappingProxyType({}), /, **inputs: str) -> Settings:
    return validate({**DEFAULTS, "api_key": KEY, "url": "https://shop.example", **inputs}, environment)


def mistakes(**inputs: str) -> dict[str, str]:
    with pytest.raises(InputError) as raised:
        settings(**inputs)
    return {mistake.input: str(mistake) for mistake in raised.value.mistakes}


def test_the_defaults_are_those_of_the_documentation() -> None:
    given = settings()

    assert given.fail_on_severity is Severity.CRITICAL
    assert given.timeout == 600
    assert given.api_url == "https://secuprobe.io/api/v1"
    assert given.scan_id is None


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("600", 600), ("600s", 600), ("10m", 600), ("1h", 3600), ("6h", 21600), ("10", 10), ("10 M", 600), ("21600", 21600)],
)
def test_a_timeout_is_a_duration(text: str, seconds: int) -> None:
    assert settings(timeout=text).timeout == seconds


@pytest.mark.parametrize(
    "text", ["ten", "1d", "-5", "1.5h", "10m30", "9", "9s", "21601", "7h", "0", "1e3", "٣٠", "999999999999h"]
)
def test_other_timeouts_are_mistakes(text: str) -> None:
    assert f"was given {text!r}" in mistakes(timeout=text)["timeout"]


@pytest.mark.parametrize(
    ("text", "severity"),
    [
        ("critical", Severity.CRITICAL),
        ("HIGH", Severity.HIGH),
        ("Medium", Severity.MEDIUM),
        ("low", Severity.LOW),
        ("None", None),
    ],
)
def test_the_threshold_forgives_case(text: str, severity: Severity | None) -> None:
    assert settings(fail_on_severity=text).fail_on_severity is severity


@pytest.mark.parametrize("text", ["info", "unknown", "severe", "high,critical", "5"])
def test_other_thresholds_are_mistakes(text: str) -> None:
    assert "critical, high, medium, low, none" in mistakes(fail_on_severity=text)["fail_on_severity"]


@pytest.mark.parametrize(
    "url",
    [
        "https://a.example",
        "http://a.example:8080/path?q=1#x",
        "https://[::1]/",
        "http://localhost:3000",
        "HTTPS://A.example",
        "https://bücher.example",
    ],
)
def test_web_urls_are_accepted(url: str) -> None:
    given = settings(url=url)

    assert given.target is not None
    assert given.target.get_secret_value() == url
    assert given.url == shown_url(url)


@pytest.mark.parametrize(
    "url",
    [
        "a.example",
        "ftp://a.example",
        "//a.example",
        "https://",
        "https:///path",
        "javascript:alert(1)",
        "https://user@a.example",
        "https://user:secret@a.example",
        "https://@a.example",
        "https://a.example/a b",
        "https://a.example\\@b.example",
        "https://a.example:99999",
        "https://[::1",
        "https://a.example/\x00",
        "https://a.example/\nhttps://b.example",
        'https://a.example/"',
    ],
)
def test_other_urls_are_mistakes(url: str) -> None:
    assert "url" in mistakes(url=url)


def test_a_password_in_a_url_is_not_repeated() -> None:
    for url in ("https://user:hunter2@a.example/", "https://user:hunter/2@a.example", "https://user:hunter\u21002@a.example"):
        assert "hunter" not in mistakes(url=url)["url"]


def test_a_querys_values_are_in_no_representation() -> None:
    given = settings(url="https://a.example/?t=s3cret-token")

    assert "s3cret" not in f"{given!r} {given} {given.model_dump()} {given.model_dump_json()}"


@pytest.mark.parametrize("name", ["url", "api_url", "site"])
def test_a_querys_values_are_in_no_mistake(name: str) -> None:
    for wrong in ("ftp://a.example/?t=s3cret-token\nx", "a.example?t=s3cret-token\nx", "https://[::1?t=s3cret-token\nx"):
        assert "s3cret" not in mistakes(**{name: wrong})[name]


def test_what_no_log_may_show_is_the_key_and_the_long_values_of_the_url() -> None:
    inputs = {**DEFAULTS, "api_key": KEY, "url": "ftp://a.example/?t=s3cret-token&v=1"}

    assert secrets_of(inputs) == (KEY, "s3cret-token")
    assert secrets_of({**DEFAULTS}) == ()


def test_the_url_may_be_left_out_with_a_scan_id() -> None:
    assert settings(url="", scan_id="scan-1").url is None
    assert "missing" in mistakes(url="")["url"]


def test_a_bad_scan_id_is_one_mistake_not_two() -> None:
    assert list(mistakes(url="", scan_id="../domains")) == ["scan_id"]


@pytest.mark.parametrize("scan_id", ["a/b", "..", ".", "a b", "a\n", "é", "x" * 129, "a?b"])
def test_a_scan_id_is_safe_in_a_path(scan_id: str) -> None:
    assert "scan_id" in mistakes(scan_id=scan_id)


@pytest.mark.parametrize(
    "api_url",
    [
        "https://secuprobe.io/api/v1/",
        "http://localhost:8080/api/v1",
        "http://127.0.0.1/api/v1",
        "http://[::1]:80/api/v1",
        "http://10.1.2.3/",
        "http://172.31.0.1/",
        "http://192.168.1.1/",
        "http://[fd00::1]/",
        "http://secuprobe:8080",
        "http://host.docker.internal:8080",
    ],
)
def test_api_urls_that_keep_the_key_safe(api_url: str) -> None:
    assert settings(api_url=api_url).api_url == api_url.rstrip("/")


@pytest.mark.parametrize(
    "api_url",
    [
        "http://secuprobe.io/api/v1",
        "http://8.8.8.8/",
        "http://134744072/",
        "http://0x08080808/",
        "http://172.32.0.1/",
        "http://169.254.169.254/",
        "http://[2001:db8::1]/",
        "http://localhost.example/",
        "https://user:pw@secuprobe.io/",
        "https://secuprobe.io/api?x=1",
        "https://secuprobe.io/api#x",
        "secuprobe.io",
        "ftp://localhost/",
    ],
)
def test_other_api_urls_are_mistakes(api_url: str) -> None:
    assert "api_url" in mistakes(api_url=api_url)


@pytest.mark.parametrize(
    "key", ["", "ghp_abcdefgh", "sp_test_1", "SP_LIVE_1", "sp_live_", "sp_live_a b", "sp_live_ä", "sp_live_a\nb"]
)
def test_a_wrong_key_is_a_mistake_and_not_repeated(key: str) -> None:
    message = mistakes(api_key=key)["api_key"]

    assert "sp_live_" in message
    assert not key.removeprefix("sp_live_") or key not in message


@pytest.mark.parametrize(("given", "read"), [("", None), ("None", "none"), (" shop/preview ", "shop/preview")])
def test_a_sarif_category_is_a_name_or_none_or_the_usual_one(given: str, read: str | None) -> None:
    assert settings(sarif_category=given.strip()).sarif_category == read


@pytest.mark.parametrize("given", ["a\x00b", "/", "x" * 201])
def test_a_sarif_category_is_one_line_with_something_in_it(given: str) -> None:
    assert "none for no category" in mistakes(sarif_category=given)["sarif_category"]


def test_every_mistake_is_reported_at_once() -> None:
    wrong = {
        "url": "nope",
        "fail_on_severity": "severe",
        "timeout": "soon",
        "api_url": "http://a.b",
        "scan_id": "a/b",
        "baseline": "a/b",
        "fail_on": "some",
        "min_score": "-1",
        "ignore_file": "../x",
        "reports": "pdf=x",
        "sarif_category": "a\nb",
        "check_run": "maybe",
        "site": "a\nb",
        "commit": "main",
        "check_name": "two\nlines",
        "pr_comment": "often",
        "issue": "maybe",
    }

    assert set(mistakes(api_key="", **wrong)) == set(DEFAULTS) - {"github_token"}


def test_the_key_is_in_no_representation() -> None:
    given = settings()

    assert given.api_key.get_secret_value() == KEY
    assert KEY not in f"{given!r} {given} {given.model_dump()} {given.model_dump_json()}"


def test_settings_are_frozen() -> None:
    with pytest.raises(ValueError, match="frozen"):
        settings().timeout = 5


def test_inputs_come_from_flags_then_environment_then_defaults() -> None:
    environment = {
        "INPUT_URL": " https://env.example ",
        "INPUT_TIMEOUT": "  ",
        "SECUPROBE_SCAN_ID": "elsewhere",
        "INPUT_API_KEY": "k",
    }

    inputs = read_inputs(environment, ("INPUT_",), {"api_key": "flag", "url": None})

    assert inputs == {**DEFAULTS, "api_key": "flag", "url": "https://env.example"}


def test_the_first_prefix_that_gives_a_value_counts() -> None:
    environment = {
        "INPUT_URL": "https://first.example",
        "SECUPROBE_URL": "https://second.example",
        "INPUT_TIMEOUT": " ",
        "SECUPROBE_TIMEOUT": "10m",
        "SECUPROBE_FAIL_ON": "",
    }

    inputs = read_inputs(environment, ("INPUT_", "SECUPROBE_"), {"min_score": ""})

    assert inputs == {**DEFAULTS, "url": "https://first.example", "timeout": "10m"}


def test_the_network_is_what_the_environment_says_of_it_and_shows_none_of_it() -> None:
    environment = {"HTTPS_PROXY": "http://user:s3cret@proxy:1", "SSL_CERT_FILE": "/etc/ca.pem", "HOME": "/root"}

    wanted = settings(environment)

    assert set(wanted.network.variables) == {"HTTPS_PROXY", "SSL_CERT_FILE"}
    assert "s3cret" not in repr(wanted)


@pytest.mark.parametrize(("text", "baseline"), [("", None), ("auto", "auto"), ("AUTO", "auto"), ("scan-1", "scan-1")])
def test_a_baseline_is_auto_or_a_scan(text: str, baseline: str | None) -> None:
    assert settings(baseline=text).baseline == baseline


def test_fail_on_new_needs_a_baseline() -> None:
    assert settings(fail_on="NEW", baseline="auto").policy.only_new
    assert not settings().policy.only_new
    assert "needs a baseline" in mistakes(fail_on="new")["fail_on"]
    assert list(mistakes(fail_on="new", baseline="a/b")) == ["baseline"]


@pytest.mark.parametrize(("text", "score"), [("", None), ("0", 0.0), ("100", 100.0), ("79.5", 79.5)])
def test_a_minimum_score_is_a_number(text: str, score: float | None) -> None:
    assert settings(min_score=text).policy.min_score == score


@pytest.mark.parametrize("text", ["101", "1e2", "nan", "-1", "high", "100.1"])
def test_other_minimum_scores_are_mistakes(text: str) -> None:
    assert "0 to 100" in mistakes(min_score=text)["min_score"]


def test_reports_are_lines_of_format_and_path() -> None:
    given = settings(reports="\n sarif = out/scan.sarif \n\nHTML=report.html\n").reports

    assert [(report.format, report.path) for report in given] == [("sarif", "out/scan.sarif"), ("html", "report.html")]


@pytest.mark.parametrize(
    "text", ["sarif", "pdf=x", "=x", "sarif=", "sarif=/etc/x", "sarif=../x", "sarif=a/../../x", "sarif=a\\b", "sarif=a/"]
)
def test_other_reports_are_mistakes(text: str) -> None:
    assert "reports" in mistakes(reports=text)


def test_an_unknown_format_is_told_the_known_ones() -> None:
    assert "sarif, json, junit, markdown, html, gitlab-dast, gitlab-codequality" in mistakes(reports="pdf=x")["reports"]


@pytest.mark.parametrize(("text", "mode"), [("off", "off"), ("false", "off"), ("always", "always"), ("Changes", "changes")])
def test_a_comment_mode_is_one_of_three(text: str, mode: str) -> None:
    assert settings(pr_comment=text).pr_comment.value == mode


def test_the_token_is_in_no_representation_and_in_no_mistake() -> None:
    given = settings(github_token="ghs_secret")

    assert given.github_token is not None
    assert "ghs_secret" not in f"{given!r} {given.model_dump()} {given.model_dump_json()}"
    assert settings().github_token is None
