"""The pages: who may read them, that nothing of a scanned site runs in them, and that they can be used, by people in browsers."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

from secuprobe_action.local.accounts import Account, Limiter
from secuprobe_action.local.background import running
from secuprobe_action.local.pages.access import Access
from secuprobe_action.local.pages.views import Part, progress
from secuprobe_action.local.scripted import Scenario, ScriptedEngine
from secuprobe_action.local.serve import application
from secuprobe_action.local.server import BASE_PATH, SecuProbe
from secuprobe_action.local.store import Store
from tests.browser import Browser, browser
from tests.support import FINDINGS, KEY, Api, secuprobe, wait_until

FROM_HERE = {"Sec-Fetch-Site": "same-origin"}
"""What a browser says of a form of the page's own."""

HOSTILE = "<script>document.title='run'</script><img src=x onerror=\"document.title='run'\">{{ 7*7 }}\ud800"


def base(api: Api) -> str:
    return api.url.removesuffix(BASE_PATH)


@contextmanager
def logged_in(url: str, key: str = KEY) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=url, headers=FROM_HERE) as client:
        answer = client.post("/login", data={"key": key, "to": "/"})
        assert answer.status_code == 303
        yield client


def scanned(api: Api, url: str = "https://shop.example/") -> str:
    """Have something scanned, and return the scan's id."""
    launched = httpx.post(f"{api.url}/scans", json={"url": url}, headers={"Authorization": f"Bearer {KEY}"})
    scan_id = str(launched.json()["scanId"])
    wait_until(lambda: not api.service.scans[scan_id].unfinished)
    return scan_id


@pytest.mark.parametrize("path", ["/", "/domains", "/scan/x"])
def test_reading_needs_a_login_which_leads_back(path: str) -> None:
    with secuprobe() as api, httpx.Client(base_url=base(api), headers=FROM_HERE) as client:
        sent_away = client.get(path)
        form = client.get(sent_away.headers["location"])
        wrong = client.post("/login", data={"key": "sp_live_wrong", "to": path})
        right = client.post("/login", data={"key": KEY, "to": path})

    assert sent_away.status_code == 303
    assert f'value="{path}"' in form.text
    assert (wrong.status_code, "set-cookie" in wrong.headers) == (401, False)
    assert (right.status_code, right.headers["location"]) == (303, path)
    cookie = right.headers["set-cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=lax" in cookie
    assert KEY not in cookie


@pytest.mark.parametrize(
    "to", ["https://evil.example", "//evil.example", "/\\evil.example", "javascript:alert(1)", "", "/\t/evil"]
)
def test_a_login_leads_nowhere_else(to: str) -> None:
    with secuprobe() as api:
        answer = httpx.post(f"{base(api)}/login", data={"key": KEY, "to": to}, headers=FROM_HERE)

    assert answer.headers["location"] == "/"


def test_who_sends_wrong_keys_is_told_to_wait_and_keeps_nobody_out() -> None:
    with secuprobe() as api, httpx.Client(base_url=base(api), headers=FROM_HERE) as client:
        codes = [client.post("/login", data={"key": f"sp_live_{n}"}).status_code for n in range(12)]
        right = client.post("/login", data={"key": KEY})

    assert codes == [401] * 10 + [429] * 2
    assert right.status_code == 303


def test_a_session_ends_with_a_logout_and_by_itself() -> None:
    now = 0.0
    account = Account(KEY, Limiter(60, time.time))
    access = Access(now=lambda: now)
    first, second = access.begin(account), access.begin(account)

    access.end({"secuprobe_session": first})

    assert access.reader({"secuprobe_session": first}, "x") is None
    assert access.reader({"secuprobe_session": second}, "x") is account
    now = 12 * 3600.0
    assert access.reader({"secuprobe_session": second}, "x") is None


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "http://localhost:3000"},
        {"Origin": "null"},
        {"Sec-Fetch-Site": "same-site"},
        {"Sec-Fetch-Site": ""},
        {"Content-Type": "multipart/form-data; boundary=x"},
        {"Content-Type": "text/plain"},
    ],
)
@pytest.mark.parametrize("path", ["/scan", "/logout", "/login"])
def test_a_form_of_another_page_does_nothing(path: str, headers: dict[str, str]) -> None:
    with secuprobe() as api, logged_in(base(api)) as client:
        answer = client.post(path, data={"url": "http://127.0.0.1/", "key": KEY}, headers=headers)
        still_in = client.get("/")

    assert answer.status_code == 403
    assert still_in.status_code == 200
    assert len(api.service.scans) == 0


@pytest.mark.parametrize("path", ["/", "/login", "/static/pages.js", "/nothing"])
def test_every_answer_has_a_strict_policy_and_is_kept_nowhere(path: str) -> None:
    with secuprobe() as api, logged_in(base(api)) as client:
        headers = client.get(path).headers

    policy = headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "frame-ancestors 'none'" in policy
    assert "unsafe" not in policy
    assert "http" not in policy
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["cache-control"] in ("no-store", "no-cache")


def test_anothers_scan_and_none_are_not_found_alike() -> None:
    accounts = [Account("sp_live_a", Limiter(60, time.time)), Account("sp_live_b", Limiter(60, time.time))]
    service = SecuProbe(ScriptedEngine(Scenario()), accounts)
    scan = service.scans.add(accounts[0].owner, "http://a/", "a")
    with running(application(service)) as url, logged_in(url, "sp_live_a") as a, logged_in(url, "sp_live_b") as b:
        assert a.get(f"/scan/{scan.id}").status_code == 200
        assert b.get(f"/scan/{scan.id}").status_code == 404
        assert b.get("/scan/none").status_code == 404
        assert "http://a/" not in b.get("/").text


@pytest.fixture(name="opened")
def _opened() -> Iterator[str]:
    account = Account(KEY, Limiter(1000, time.time))
    with running(application(SecuProbe(ScriptedEngine(Scenario()), [account]), Access(account))) as url:
        yield url


@pytest.mark.parametrize(
    ("host", "code"), [("127.0.0.1:8080", 200), ("localhost:1", 200), ("[::1]:1", 200), ("evil.example:8080", 403), ("", 403)]
)
def test_open_pages_are_open_under_a_name_of_this_machine_only(opened: str, host: str, code: int) -> None:
    assert httpx.get(f"{opened}/", headers={"Host": host}).status_code == code


def test_the_api_still_needs_the_key_where_the_pages_are_open(opened: str) -> None:
    assert httpx.get(f"{opened}{BASE_PATH}/domains").status_code == 401


def test_a_form_launches_a_scan_or_says_why_not() -> None:
    with secuprobe(domains={"shop.example": True}) as api, logged_in(base(api)) as client:
        good = client.post("/scan", data={"url": " https://shop.example/ "})
        bad = client.post("/scan", data={"url": "ftp://shop.example/<b>"})
        foreign = client.post("/scan", data={"url": "https://other.example/"})

    assert good.status_code == 303
    assert list(api.service.scans) == [good.headers["location"].removeprefix("/scan/")]
    assert (bad.status_code, foreign.status_code) == (400, 403)
    assert "ftp://shop.example/&lt;b&gt;" in bad.text
    assert "not validated" in foreign.text


@pytest.mark.parametrize(
    "query", ["before=%00", "before=x", "before=99999999999999999999", "before=%C2%B2", "part=-1", "part=9999999999", "part=%00"]
)
def test_an_odd_query_is_no_fault(query: str) -> None:
    with secuprobe() as api, logged_in(base(api)) as client:
        pages = ("/", "/domains", f"/scan/{scanned(api)}")
        answers = [client.get(f"{page}?{query}") for page in pages]

    assert {answer.status_code for answer in answers} == {200}


def test_a_failed_scan_says_why() -> None:
    with secuprobe({"ends": "failed"}) as api, logged_in(base(api)) as client:
        page = client.get(f"/scan/{scanned(api)}").text

    assert "There is no result." in page
    assert "the scenario says so" in page


def test_the_report_link_of_the_api_leads_to_the_report() -> None:
    with secuprobe({"findings": FINDINGS}) as api, logged_in(base(api)) as client:
        scan = httpx.get(f"{api.url}/scans/{scanned(api)}", headers={"Authorization": f"Bearer {KEY}"}).json()
        page = client.get(scan["reportUrl"])
        by_dashboard = client.get(f"/dashboard/scans/{scan['scanId']}")

    assert page.status_code == 200
    assert "SQL injection" in page.text
    assert by_dashboard.headers["location"] == f"/scan/{scan['scanId']}"


def test_many_findings_come_in_parts_the_worst_first() -> None:
    listed = [{**FINDINGS[0], "title": f"f{n}", "severity": "info" if n else "critical"} for n in range(250)]
    with secuprobe({"findings": [*listed[1:], listed[0]]}) as api, logged_in(base(api)) as client:
        path = f"/scan/{scanned(api)}"
        parts = [client.get(path, params={"part": n}).text for n in (1, 2, 3, 4)]

    assert [part.count("<details") for part in parts] == [100, 100, 50, 50]
    assert parts[0].index("f0<") < parts[0].index("f1<")


def test_progress_is_by_the_estimate_and_never_all_before_the_end() -> None:
    store = Store.in_memory(lambda: 100.0)
    scan = store.add("me", "http://a/", "a")

    assert progress(scan, 10, 100).text == "Waiting for its turn"
    store.set_status(scan.id, "running")
    assert progress(store[scan.id], 10, 105).text == "Running for 5 s of about 10 s"
    late = progress(store[scan.id], 10, 900)
    assert (late.done, late.text) == (0.95, "Running for 13 min 20 s, longer than the 10 s expected")
    assert progress(store[scan.id], None, 105).done == 0


def test_a_part_that_is_not_there_is_the_nearest() -> None:
    numbers = [Part.of(wanted, 250, 100).number for wanted in (None, "", "2", "0", "99", "x", "²")]

    assert numbers == [1, 1, 2, 1, 3, 1, 1]


@pytest.fixture(name="person")
def _person(tmp_path: Path) -> Iterator[Browser]:
    with browser(tmp_path) as person:
        yield person


@pytest.mark.browser
def test_a_person_logs_in_starts_a_scan_watches_it_and_opens_a_finding(person: Browser) -> None:
    with secuprobe({"findings": FINDINGS, "duration_s": 3, "estimate_s": 4}) as api:
        person.go(base(api))
        person.type("#key", KEY)
        person.click("main button")
        assert person.text("h1") == "Scans"
        person.type("#url", "https://shop.example/cart")
        person.click(".launch button")
        person.ask("window.stayed = true")
        assert "running" in person.text("#live")
        first = person.ask("document.querySelector('progress').value")
        wait_until(lambda: person.ask("(document.querySelector('progress') ?? {value: 2}).value") != first, 10)
        wait_until(lambda: "completed" in person.text("#live"), 20)
        assert person.ask("window.stayed") is True, "the page is loaded once"
        assert not person.ask("document.querySelector('.finding .body').checkVisibility()")
        person.click(".finding summary")
        assert "Bind" in person.text(".finding .body")
        (cookie,) = person.cookies()

    assert cookie["httpOnly"]
    assert person.complaints == []


@pytest.mark.browser
def test_a_scan_that_ends_shows_in_the_list_by_itself(person: Browser) -> None:
    account = Account(KEY, Limiter(1000, time.time))
    service = SecuProbe(ScriptedEngine(Scenario(duration_s=2)), [account])
    with running(application(service, Access(account))) as url:
        httpx.post(f"{url}{BASE_PATH}/scans", json={"url": "https://a.example"}, headers={"Authorization": f"Bearer {KEY}"})
        person.go(url)
        assert "running" in person.text("#live")
        wait_until(lambda: "completed" in person.text("#live"), 20)


@pytest.mark.browser
def test_nothing_that_a_scanned_site_says_runs(person: Browser) -> None:
    finding = dict.fromkeys(("title", "category", "description", "remediationGuide"), HOSTILE)
    account = Account(KEY, Limiter(1000, time.time))
    scenario = Scenario.model_validate({"findings": [finding]})
    service = SecuProbe(ScriptedEngine(scenario), [account])
    with running(application(service, Access(account))) as url:
        api = Api(f"{url}{BASE_PATH}", service)
        scan_id = scanned(api, "https://a.example/<script>document.title='run'</script>")
        person.go(f"{url}/scan/{scan_id}")
        person.click(".finding summary")
        texts = [person.text(f".finding {part}") for part in (".title", ".category", ".body")]
        titles = [person.ask("document.title")]
        person.go(url)
        titles.append(person.ask("document.title"))

    assert all("<script>document.title='run'</script>" in text and "{{ 7*7 }}" in text for text in texts)
    assert "run" not in titles
    assert person.complaints == []


@pytest.mark.browser
def test_without_script_a_page_still_follows_its_scan(person: Browser) -> None:
    account = Account(KEY, Limiter(1000, time.time))
    service = SecuProbe(ScriptedEngine(Scenario(duration_s=60)), [account])
    with running(application(service, Access(account))) as url:
        page = httpx.post(f"{url}/scan", data={"url": "https://a.example"}, headers=FROM_HERE, follow_redirects=True).text
        service.scans.fail_unfinished("over")
        ended = httpx.get(f"{url}/scan/{next(iter(service.scans))}").text

    assert '<noscript><meta http-equiv="refresh" content="5"></noscript>' in page
    assert 'http-equiv="refresh"' not in ended


@pytest.mark.browser
@pytest.mark.node
@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1200, 380])
def test_axe_finds_nothing_to_complain_about(person: Browser, scheme: str, width: int) -> None:
    account = Account(KEY, Limiter(1000, time.time), domains={"shop.example": True, "new.example": False})
    service = SecuProbe(ScriptedEngine(Scenario.model_validate({"findings": FINDINGS})), [account])
    person.prefer(scheme)
    person.resize(width, 900)
    complaints: dict[str, Any] = {}
    with running(application(service, Access(account))) as url:
        api = Api(f"{url}{BASE_PATH}", service)
        done = scanned(api)
        failed, under_way = (service.scans.add(account.owner, f"https://shop.example/{n}", "shop.example") for n in range(2))
        service.scans.fail(failed.id, "It could not be reached.")
        service.scans.set_status(under_way.id, "running")
        places = ["/", "/domains", "/login", "/nothing", *(f"/scan/{scan}" for scan in (done, failed.id, under_way.id))]
        for place in places:
            person.go(url + place)
            complaints[place] = person.accessibility_complaints()

    assert complaints == {place: [] for place in places}
