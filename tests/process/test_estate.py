"""Many sites in one step, from process start to exit code: whatever becomes of one, the others have their rows."""

import json
import re
import signal
import time
from collections.abc import Iterator
from typing import Any

import jsonschema
import pytest
import yaml

from secuprobe_action.inputs import ESTATE_DEFAULTS
from secuprobe_action.places.outputs import ESTATE_OUTPUTS
from tests.github_api import check_bodies, down
from tests.process.estates import MEMORY, World, account, estate, results, slow
from tests.process.worlds import SQL, TLS
from tests.reports.rendered import Page
from tests.support import FINDINGS, KEY, ROOT, Api, Runner, Step, event_file, findings, secuprobe, wait_until

SCHEMA = jsonschema.Draft202012Validator(json.loads((ROOT / "schemas" / "report.json").read_text(encoding="utf-8")))
GETS = ("GET /scans/{id}", "GET /scans/{id}/vulnerabilities")
NBSP = "\N{NO-BREAK SPACE}"


def rows(step: Step) -> dict[str, list[str]]:
    return {row[0].partition(".example")[0]: row for row in Page(step.summary).tables[0].rows[1:]}


def sites_of_page(runner: Runner) -> list[tuple[str, str]]:
    """The rows of the page: where each leads, and what it is called."""
    page = (runner.folder / "secuprobe" / "index.html").read_text(encoding="utf-8")
    return re.findall(r'<th scope="row" class="site">(?:<a href="([^"]*)">)?([^<]*)', page)


def test_the_worst_site_is_first_and_each_has_its_score_and_reason(runner: Runner) -> None:
    found = {"good.example": [], "bad.example": FINDINGS, "poor.example": findings("high")}
    with account(found) as api:
        step = estate(runner, api)

    assert (step.code, step.outputs["result"]) == (1, "failed"), step.log
    assert list(results(step).items()) == [("bad.example", "failed"), ("poor.example", "failed"), ("good.example", "passed")]
    assert (step.outputs["failed_count"], step.outputs["error_count"], step.outputs["new_count"]) == ("2", "0", "")
    page = Page(step.summary)
    assert page.tables[0].rows[0] == ["Site", "Result", "Score", "🟣", "🔴", "🟠", "🟡", "🔵"]
    reason = "2 findings at or above high (1 critical, 1 high)"
    assert page.tables[0].rows[1] == [f"bad.example{reason}", f"❌{NBSP}failed", "45", "1", "1", "1", "1", "1"]
    assert page.tables[0].rows[3][0] == "good.example", "there is nothing to explain"
    assert "3 sites: 2 failed, 1 passed" in page.text
    assert step.annotations("error") == [
        "SecuProbe estate: failed: 3 sites: 2 failed, 1 passed",
        f"SecuProbe: bad.example: {reason}",
        "SecuProbe: poor.example: 1 finding at or above high (1 high)",
    ]
    assert "FAILED: 3 sites: 2 failed, 1 passed" in step.log
    assert api.launches == 3
    assert KEY not in step.shown + step.summary + json.dumps(step.outputs)


def test_each_site_has_its_reports_and_one_page_leads_to_them(runner: Runner) -> None:
    with account(
        {"a.example": [TLS], "b.example": []}, domains={"a.example": True, "b.example": True, "c.example": False}
    ) as api:
        step = estate(runner, api)

    folder = runner.folder / "secuprobe"
    assert step.outputs["sarif_folder"] == "secuprobe"
    assert sorted(path.name for path in folder.iterdir()) == sorted(
        ["index.html", *(f"{site}.example.{kind}" for site in "ab" for kind in ("json", "sarif", "html"))]
    )
    document = json.loads((folder / "a.example.json").read_text(encoding="utf-8"))
    SCHEMA.validate(document)
    assert document["scan"]["site"] == "https://a.example"
    categories = {
        json.loads((folder / f"{site}.example.sarif").read_text())["runs"][0]["automationDetails"]["id"] for site in "ab"
    }
    assert len(categories) == 2, "the same category twice in a run is refused"
    assert sites_of_page(runner) == [("a.example.html", "a.example"), ("b.example.html", "b.example"), ("", "c.example")]


def test_one_that_can_not_be_judged_says_so_in_its_own_row_and_hides_no_other(runner: Runner) -> None:
    domains = {"good.example": True, "new.example": False, "plan.example": True, "broken.example": True}
    with account({}, domains=domains, refused="https://plan.example") as api:
        engine = api.service.engine
        scan = engine.scan

        async def scan_or_break(url: str) -> Any:
            if "broken" in url:
                raise RuntimeError("it broke")
            return await scan(url)

        engine.scan = scan_or_break  # type: ignore[method-assign]
        step = estate(runner, api)

    assert (step.code, step.outputs["result"], step.outputs["error_count"]) == (3, "error", "2")
    assert results(step) == {
        "good.example": "passed",
        "new.example": "not_validated",
        "plan.example": "error",
        "broken.example": "error",
    }
    assert "does not include API scans" in rows(step)["plan"][0]
    assert "failed" in rows(step)["broken"][0]
    assert "1 domain is not validated" in Page(step.summary).text
    assert any("1 domain is not validated" in text for text in step.annotations("warning"))
    assert json.loads((runner.folder / "secuprobe" / "broken.example.json").read_text())["error"]["title"]


def test_urls_are_scanned_as_they_are_and_two_of_one_site_are_one_scan(runner: Runner) -> None:
    urls = (
        "https://Shop.example?token=s3cret-token\n https://shop.example./\n\nhttps://shop.example/admin\nhttps://bücher.example"
    )
    with account({}) as api:
        step = estate(runner, api, urls=urls)

    assert step.code == 0, step.log
    assert set(results(step)) == {"shop.example", "shop.example/admin", "xn--bcher-kva.example"}
    assert api.launches == 3
    assert api.requests_for("/domains") == 0
    files = "".join(path.read_text(encoding="utf-8") for path in (runner.folder / "secuprobe").iterdir())
    assert "s3cret-token" not in step.shown + step.summary + json.dumps(step.outputs) + files


def test_globs_choose_among_the_accounts_domains(runner: Runner) -> None:
    domains = {"a.shop.example": True, "b.shop.example.": True, "Blog.example": True, "my_app.shop.example": True}
    domains |= {"xn--bcher-kva.shop.example": True}
    with account({}, domains=domains) as api:
        step = estate(runner, api, include="*.shop.example\nBLOG.*", exclude="b.*, bücher.*")

    assert set(results(step)) == {"a.shop.example", "blog.example", "my_app.shop.example"}


def test_five_thousand_domains_of_which_three_are_validated(runner: Runner) -> None:
    domains = {f"a-rather-long-name-of-a-host-{n}.shop.example": n % 2_000 == 0 for n in range(5_000)}
    with account({}, domains=domains) as api:
        step = estate(runner, api)

    assert (step.code, api.launches) == (0, 3), step.log
    assert "5,000 sites: 3 passed, 4,997 not validated" in step.log
    assert len(Page(step.summary).tables[0].rows) == 4
    assert "4,997 domains are not validated at SecuProbe" in Page(step.summary).text
    assert len(step.outputs["sites"]) <= 512 * 1024
    assert len(json.loads(step.outputs["sites"])) < 5_000, "it is shortened, and still JSON"
    assert any("sites are left out of the output" in text for text in step.annotations("warning"))
    assert len(sites_of_page(runner)) == 5_000


@pytest.mark.parametrize("domains", [{"new.example": False}, {"a.example": True}])
def test_an_estate_of_which_nothing_was_judged_does_not_pass(runner: Runner, domains: dict[str, bool]) -> None:
    with account({}, domains=domains) as api:
        step = estate(runner, api, include="new.*")

    assert (step.code, step.outputs["result"], api.launches) == (3, "error", 0)


def test_where_the_domains_can_not_be_listed_nothing_passes(runner: Runner) -> None:
    with account({}, scopes=frozenset({"scans:read", "scans:create"})) as api:
        step = estate(runner, api)

    assert (step.code, step.outputs["result"], step.outputs["sites"]) == (3, "error", "[]")
    assert "lacks the scope domains:read" in step.annotations("error")[0]


def test_a_key_that_is_revoked_launches_no_more(runner: Runner) -> None:
    gone = {"on": "POST /scans", "after": 2, "times": 100, "status": 401, "body": {"error": "revoked"}}
    with account({}, {"faults": [gone]}, domains={f"site-{n}.example": True for n in range(12)}) as api:
        step = estate(runner, api)

    assert step.code == 3
    assert sorted(results(step).values()) == ["error"] * 10 + ["passed"] * 2
    assert api.requests_for("POST /api/v1/scans") <= 2 + 4, "those that were under way"


def test_launches_are_held_while_the_service_is_in_trouble(runner: Runner) -> None:
    """An answer that is lost may be a scan that is paid for: not one of each site."""
    lost = {"on": "POST /scans", "after": 3, "times": 6, "status": 502, "body": "Bad gateway", "processed": True}
    with account({}, {"faults": [lost]}, domains={f"site-{n}.example": True for n in range(12)}) as api:
        step = estate(runner, api, timeout="30")

    outcome = list(results(step).values())
    assert step.code == 3
    assert outcome.count("error") <= 7
    assert "a scan may be running" in json.dumps(step.outputs["sites"])


# Folders.


def test_no_file_of_the_repository_speaks_for_a_site(runner: Runner) -> None:
    folder = runner.folder / "secuprobe"
    folder.mkdir()
    forged = folder / "api.example.json"
    forged.write_text('{"schema_version": 1, "verdict": {"passed": true}}', encoding="utf-8")
    with account({"api.example": [SQL]}) as api:
        refused = estate(runner, api)
        elsewhere = estate(runner, api, reports="out/reports")

    assert (refused.code, api.launches) == (2, 1)
    assert "it holds api.example.json" in refused.annotations("error")[0]
    assert forged.exists(), "what isn't ours is not touched"
    assert (elsewhere.code, results(elsewhere)) == (1, {"api.example": "failed"})


def test_what_an_earlier_run_left_is_gone(runner: Runner) -> None:
    with account({"a.example": [], "b.example": []}) as api:
        estate(runner, api)
    with account({"b.example": []}) as api:
        step = estate(runner, api)

    assert step.code == 0
    assert sorted(path.name for path in (runner.folder / "secuprobe").iterdir()) == [
        "b.example.html",
        "b.example.json",
        "b.example.sarif",
        "index.html",
    ]


@pytest.mark.parametrize("reports", [".", "..", "/tmp/x", "out/../..", "secuprobe/"])
def test_a_folder_that_is_no_place_for_reports(runner: Runner, reports: str) -> None:
    (runner.folder / "README.md").write_text("x", encoding="utf-8")
    with account({"a.example": []}) as api:
        step = estate(runner, api, reports=reports)

    assert step.code == (0 if reports == "secuprobe/" else 2)
    assert (runner.folder / "README.md").exists()


def test_no_reports_where_none_are_wanted(runner: Runner) -> None:
    with account({"a.example": []}) as api:
        step = estate(runner, api, reports="none")

    assert (step.code, step.outputs["sarif_folder"]) == (0, "")
    assert not (runner.folder / "secuprobe").exists()


# Over time.


@pytest.fixture(name="api")
def _api() -> Iterator[Api]:
    with account({"a.example": []}) as api:
        yield api


def test_each_site_has_a_memory_of_its_own_in_one_check_run(world: World) -> None:
    first = world.push({"a.example": [TLS], "b.example": []})
    known = world.push({"a.example": [TLS], "b.example": []})
    red = world.push({"a.example": [TLS], "b.example": [TLS]})
    still = world.night({"a.example": [TLS], "b.example": [TLS]})
    mended = world.push({"a.example": [TLS], "b.example": []})

    assert [step.code for step in (first, known, red, still, mended)] == [1, 0, 1, 1, 0]
    assert results(red) == {"b.example": "failed", "a.example": "passed"}
    assert (red.outputs["new_count"], known.outputs["new_count"]) == ("1", "0")
    assert Page(red.summary).tables[1].rows[1][:3] == ["🔴 High", "b.example", "Old TLS"]
    assert len(world.github.checks) == 5, "one a run"
    assert {check["conclusion"] for check in world.github.checks} == {"success", "failure"}
    check_bodies(world.github.bodies)


def test_a_site_that_could_not_be_judged_keeps_what_was_accepted(world: World) -> None:
    world.push({"a.example": [TLS], "b.example": []})
    world.push({"a.example": [TLS], "b.example": []})
    world.service.accounts[0].domains["a.example"] = False  # for a night
    world.use()
    without = estate(world.runner, world.api, **MEMORY)
    again = world.push({"a.example": [TLS], "b.example": []})

    assert (without.code, results(without)) == (3, {"b.example": "passed", "a.example": "error"}), "red may hide there"
    assert "not validated any more" in rows(without)["a"][0]
    assert again.code == 0


def test_where_the_memory_can_not_be_read_nothing_new_is_told_from_old(world: World) -> None:
    world.push({"a.example": [TLS], "b.example": []})
    world.github.refuse = down
    step = world.push({"a.example": [TLS], "b.example": []}, timeout="40")

    assert (step.code, results(step)) == (3, {"a.example": "error", "b.example": "passed"})


def test_a_memory_that_was_tampered_with_is_not_believed(world: World) -> None:
    world.push({"a.example": [TLS]})
    check = world.github.checks[-1]
    check["output"]["text"] = check["output"]["text"].replace("A", "B")

    assert world.push({"a.example": [TLS]}).code == 1


def test_a_second_attempt_launches_nothing_for_what_the_first_has_launched(world: World) -> None:
    world.service.accounts[0].domains.update({f"site-{n}.example": True for n in range(4)})
    slow(world, 60)
    world.use(run_id="42")
    process = world.runner.start("estate", api_key=KEY, api_url=world.api.url, fail_on_severity="high", **MEMORY)
    wait_until(lambda: world.api.launches == 5)
    process.terminate()
    first = world.runner.finish(process)
    slow(world, 0)
    world.use(run_id="42", attempt=2)
    second = estate(world.runner, world.api, **MEMORY)

    assert (first.code, second.code) == (143, 0), first.log + second.log
    assert set(results(first).values()) == {"error"}
    assert "goes on at SecuProbe" in first.summary
    assert world.api.launches == 5
    assert set(results(second).values()) == {"passed"}
    assert [check["conclusion"] for check in world.github.checks] == ["success"], "the first one's check goes on"
    world.use(run_id="42", attempt=3)
    third = estate(world.runner, world.api, **MEMORY)
    assert (third.code, world.api.launches) == (0, 10), "what was judged whole is scanned anew"


def test_a_list_of_domains_may_change_between_attempts(world: World) -> None:
    domains = world.service.accounts[0].domains
    domains.update({"b.example": True, "leaves.example": True})
    slow(world, 60)
    world.use(run_id="44")
    process = world.runner.start("estate", api_key=KEY, api_url=world.api.url, **MEMORY)
    wait_until(lambda: world.api.launches == 3)
    process.terminate()
    world.runner.finish(process)
    del domains["leaves.example"]
    domains["comes.example"] = True
    slow(world, 0)
    world.use(run_id="44", attempt=2)
    second = estate(world.runner, world.api, **MEMORY)

    assert (second.code, world.api.launches) == (0, 4), "the new one alone is launched"
    assert set(results(second)) == {"a.example", "b.example", "comes.example"}


def test_what_was_judged_is_written_and_the_check_says_what_was_not_reached(world: World) -> None:
    """SIGTERM, with a key that has room for three scans of eight."""
    world.service.accounts[0].domains.update({f"site-{n}.example": True for n in range(7)})
    world.service.accounts[0].limiter.limit = 9
    world.use(run_id="45")
    process = world.runner.start("estate", api_key=KEY, api_url=world.api.url, **{**MEMORY, "baseline": "", "fail_on": "all"})
    reports = world.runner.folder / "secuprobe"
    wait_until(lambda: any(reports.glob("*.example.json")))
    assert process.poll() is None, "a site's reports are there as soon as it is judged"
    process.terminate()
    step = world.runner.finish(process)

    assert step.code == 143
    outcome = results(step)
    assert set(outcome.values()) >= {"passed", "not_reached"}
    assert {path.name.removesuffix(".json") for path in reports.glob("*.json")} >= {
        s for s, r in outcome.items() if r == "passed"
    }
    (check,) = world.github.checks
    assert check["conclusion"] == "cancelled"
    missed = [site for site, result in outcome.items() if result == "not_reached"]
    assert missed
    assert all(site in check["output"]["summary"] for site in missed)
    assert "not reached" in check["output"]["title"]


def test_an_api_that_is_down_amid_an_estate_costs_no_site(runner: Runner) -> None:
    faults = [{"on": on, "after": 3, "times": 12, "status": 503, "body": "<html>down</html>"} for on in GETS]
    domains = {f"site-{n}.example": True for n in range(10)}
    with account({}, {"faults": faults, "duration_s": 1}, domains=domains) as api:
        step = estate(runner, api, timeout="90")

    assert (step.code, set(results(step).values()), api.launches) == (0, {"passed"}, 10), step.log


def test_a_run_without_a_gate_is_a_report(world: World) -> None:
    step = world.push({"a.example": [SQL]}, fail_on_severity="none", fail_on="all", baseline="")

    assert (step.code, world.github.checks[0]["conclusion"]) == (0, "neutral")


def test_a_run_that_is_killed_loses_no_scan_that_it_has_kept(world: World) -> None:
    world.service.accounts[0].domains.update({"b.example": True})
    slow(world, 60)
    world.use(run_id="43")
    process = world.runner.start("estate", api_key=KEY, api_url=world.api.url, **MEMORY)
    wait_until(lambda: world.api.launches == 2)
    wait_until(lambda: any("2 running" in title for title in world.github.titles), 40)
    process.send_signal(signal.SIGKILL)
    world.runner.finish(process)
    slow(world, 0)
    world.use(run_id="43", attempt=2)
    second = estate(world.runner, world.api, **MEMORY)

    assert (second.code, world.api.launches) == (0, 2), second.log


def test_the_budget_ends_an_estate_with_every_site_in_its_row(runner: Runner) -> None:
    with account({}, {"duration_s": 2}, domains={f"site-{n}.example": True for n in range(8)}, limit=6) as api:
        began = time.monotonic()
        step = estate(runner, api, timeout="12")
        took_s = time.monotonic() - began

    assert took_s < 17
    assert (step.code, step.outputs["result"]) == (3, "error")
    assert set(results(step).values()) <= {"passed", "error", "not_reached"}
    assert "not_reached" in results(step).values()
    assert len(results(step)) == 8
    assert api.launches < 8, "no scan is spent whose end nobody could see"


def test_sixty_sites_on_a_short_window_meet_no_refusal(runner: Runner) -> None:
    domains = {f"site-{n}.example": True for n in range(60)}
    with secuprobe({"duration_s": 1, "estimate_s": 2}, domains=domains, limit=40, window_s=4) as api:
        began = time.monotonic()
        step = estate(runner, api)
        took_s = time.monotonic() - began

    assert (step.code, api.launches) == (0, 60), step.log
    assert api.service.accounts[0].limiter.refused == 0
    assert took_s < 55


def test_hostile_words_of_a_site_stay_words(runner: Runner) -> None:
    words = "<img src=x> [a](https://evil.example) @octocat | `x`\n::error::boo"
    with account({"a.example": [{**SQL, "title": words, "category": words}]}) as api:
        step = estate(runner, api)

    pages = [path.read_text(encoding="utf-8") for path in (runner.folder / "secuprobe").glob("*.html")]
    assert len(pages) == 2
    assert not any("<img" in page or "<script" in page for page in pages)
    assert "\n::error::boo" not in step.log


@pytest.mark.parametrize(
    ("inputs", "message"),
    [
        ({"urls": "https://a.example\nftp://b.example?secret=hunter2secret"}, "must have a URL a line, and ftp://b.example"),
        ({"urls": "https://a.example", "include": "a.*"}, "include: was given 'a.*'; chooses among the account's domains"),
        ({"baseline": "some-scan"}, "must be auto or empty"),
        ({"fail_on": "new"}, "needs a baseline"),
        ({"reports": "/etc"}, "must be relative to the workspace"),
        ({"timeout": "7h"}, "must be between 10 seconds and 6 hours"),
        ({"issue": "maybe"}, "issue: was given 'maybe'; must be true or false"),
    ],
)
def test_inputs_that_can_not_be_used_are_told(runner: Runner, inputs: dict[str, str], message: str) -> None:
    with account({"a.example": []}) as api:
        step = estate(runner, api, **inputs)

    assert (step.code, step.outputs, api.service.requests) == (2, dict(ESTATE_OUTPUTS), [])
    assert message in step.annotations("error")[0]
    assert "hunter2secret" not in step.shown


def test_a_pull_request_of_a_fork_gets_no_key_and_is_skipped(runner: Runner) -> None:
    event = {"pull_request": {"head": {"repo": {"full_name": "fork/app"}}, "base": {"repo": {"full_name": "org/app"}}}}
    runner.environment = {
        "GITHUB_EVENT_NAME": "pull_request",
        "GITHUB_REPOSITORY": "org/app",
        "GITHUB_EVENT_PATH": event_file(runner.folder, event),
    }
    step = runner.run(None, "estate")

    assert (step.code, step.outputs["result"]) == (0, "skipped")


def test_the_action_is_the_command() -> None:
    action = yaml.safe_load((ROOT / "estate" / "action.yml").read_text(encoding="utf-8"))

    defaults = {name: str(entry.get("default", "")) for name, entry in action["inputs"].items()}
    assert {**defaults, "github_token": ""} == ESTATE_DEFAULTS
    assert set(action["outputs"]) == set(ESTATE_OUTPUTS)
    assert (ROOT / "estate" / action["runs"]["image"]).resolve() == ROOT / "Dockerfile"
    assert action["runs"]["args"] == ["estate"]


def test_a_required_check_is_not_left_missing_where_there_is_no_key(world: World) -> None:
    event = {"pull_request": {"number": 7, "head": {"sha": world.history.branches["main"], "repo": {"full_name": "org/app"}}}}
    world.github.pulls[7] = "main"
    world.use(event="pull_request")
    world.runner.environment |= {
        "GITHUB_ACTOR": "dependabot[bot]",
        "GITHUB_EVENT_PATH": event_file(world.runner.folder, world.github.with_repository(**event)),
    }
    step = world.runner.run(None, "estate", check_run="true", github_token="ghs_token")

    assert (step.code, step.outputs["result"]) == (0, "skipped"), step.log
    assert [(check["name"], check["conclusion"]) for check in world.github.checks] == [("SecuProbe estate", "neutral")]
