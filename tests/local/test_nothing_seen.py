"""What a scan may not pass off as a result: a site of which nothing was seen, and one whose time was used up."""

import dataclasses
import time

import pytest

from secuprobe_action.local.depth import DEPTHS
from secuprobe_action.local.engine import EngineError
from secuprobe_action.local.wapiti import TIME_USED_UP
from tests.local.test_reach import Site, scan, site

ONE_MODULE = dataclasses.replace(DEPTHS["quick"], modules=("csp",))


@pytest.mark.wapiti
@pytest.mark.parametrize(
    ("status", "headers"),
    [
        (301, {"location": "https://127.0.0.1:1/"}),
        (401, {"www-authenticate": "Basic realm=x"}),
        (404, {}),
        (500, {}),
        (503, {}),
    ],
)
def test_a_site_of_which_no_page_was_seen_is_a_failed_scan_that_names_the_status(status: int, headers: dict[str, str]) -> None:
    with site(lambda self: self.page("<h1>no</h1>", status, **headers)) as (port, _), pytest.raises(EngineError) as failed:
        scan(f"http://127.0.0.1:{port}/?token=secret", level=ONE_MODULE)

    assert f"nothing was scanned: it answered only with status {status}" in str(failed.value)
    assert ("name the address that it leads to" in str(failed.value)) is (status < 400)
    assert "secret" not in str(failed.value)


@pytest.mark.wapiti
def test_a_site_that_only_leads_to_what_may_not_be_reached_is_a_failed_scan_for_that_reason() -> None:
    def answer(self: Site) -> None:
        self.page(status=302, location="http://169.254.169.254/latest/meta-data/")

    with site(answer) as (port, _), pytest.raises(EngineError, match="never scanned"):
        scan(f"http://127.0.0.1:{port}/", level=ONE_MODULE)


@pytest.mark.wapiti
def test_one_page_behind_a_redirect_of_the_site_itself_is_enough() -> None:
    def answer(self: Site) -> None:
        if self.path == "/":
            self.page(status=302, location="/login")
        else:
            self.page("<p>Log in</p>")

    with site(answer) as (port, _):
        outcome = scan(f"http://127.0.0.1:{port}/", level=ONE_MODULE)

    assert [each.title for each in outcome.findings] == ["CSP is not set"]
    assert outcome.note == ""


@pytest.mark.wapiti
def test_a_slow_site_ends_with_a_report_before_it_is_killed_and_says_that_time_was_used_up() -> None:
    def answer(self: Site) -> None:
        time.sleep(0.1)
        links = "".join(f'<a href="/p{n}">x</a>' for n in range(40)) if self.path == "/" else ""
        self.page(f'{links}<form method="post" action="/save"><input name="a"><input name="b"></form>')

    with site(answer) as (port, _):
        began = time.monotonic()
        outcome = scan(f"http://127.0.0.1:{port}/", level=dataclasses.replace(DEPTHS["quick"], time_limit_s=16.0))

    assert time.monotonic() - began < 16
    assert outcome.findings
    assert outcome.note == TIME_USED_UP
