"""What becomes of a site's issue from run to run, on a board within this process: the same on every forge."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import pytest

from secuprobe_action.errors import Cancelled, InputError, Mistake, ScanFailed
from secuprobe_action.findings.endings import Ending, Failed, Judged, Skipped, Stopped
from secuprobe_action.findings.gate import Policy, judge
from secuprobe_action.findings.ignore import Rule, accept
from secuprobe_action.findings.model import Severity, Started
from secuprobe_action.places.issue import KeptIssue
from secuprobe_action.platforms.base import ForgeError, Lineage, Subject
from secuprobe_action.platforms.desk import Desk
from secuprobe_action.platforms.issues import Issue
from secuprobe_action.platforms.marker import Marker
from tests.reports.rendered import Page
from tests.reports.stories import FINISHED_AT
from tests.support import URL, SimulatedClock, finding, report

STARTED = Started("scan-1", "https://secuprobe.io/scan/scan-1", "queued", URL)
FAILED = Failed(ScanFailed("SecuProbe ended it", "Look."), STARTED)


@dataclass
class Shown:
    """An issue as people see it."""

    title: str
    body: str
    is_open: bool = True
    said: list[str] = field(default_factory=list)
    by_us: bool = True


@dataclass
class Board:
    """A forge that is only its issues."""

    issues_: list[Shown] = field(default_factory=list)
    subject_: Subject = field(default_factory=lambda: Subject("a" * 40))
    on_default: bool = True
    asked: int = 0
    bodies_written: int = 0

    @property
    def issues(self) -> "Board":
        return self

    def subject(self) -> Subject:
        return self.subject_

    def lineage(self, commit: str) -> Lineage:
        return Lineage(self.on_default, iter(()))

    def own(self, marker: Marker) -> Sequence[Issue]:
        self.asked += 1
        return [
            Issue(number, each.is_open, each.body)
            for number, each in enumerate(self.issues_)
            if each.by_us and marker.begins(each.body)
        ]

    def open(self, title: str, body: str) -> int:
        self.issues_.append(Shown(title, body))
        return len(self.issues_) - 1

    def change(self, number: int, body: str | None, *, is_open: bool | None) -> None:
        shown = self.issues_[number]
        if body is not None:
            shown.body = body
            self.bodies_written += 1
        shown.is_open = shown.is_open if is_open is None else is_open

    def comment(self, number: int, body: str) -> None:
        self.issues_[number].said.append(body)

    def tell(self, ending: Ending, name: str = "SecuProbe", site: str = URL) -> None:
        """Show how a run ended."""
        clock = SimulatedClock()
        forge: Any = self
        desk = Desk(lambda: forge, "a forge", clock, lambda: 60.0)
        errand = KeptIssue(desk, name, site).end(ending)
        if errand:
            desk.run(errand)

    @property
    def only(self) -> Shown:
        (shown,) = self.issues_
        return shown


def judged(*titles: str, threshold: Severity | None = Severity.HIGH, accepted: str = "", **fields: Any) -> Judged:
    """Return a judged scan with findings of these titles, which are high."""
    scanned = report(*(finding(Severity.HIGH, title=title) for title in titles), **fields)
    rules = [Rule(title=accepted, reason="Known.", line=1)] if accepted else []
    acceptance = accept(rules, scanned.findings or (), scanned.url, FINISHED_AT.date())
    return Judged(scanned, judge(scanned, Policy(threshold), None, acceptance))


def test_it_opens_when_the_gate_fails_and_says_what_the_summary_says() -> None:
    board = Board()

    board.tell(judged("SQL injection", "No CSP", accepted="No CSP"))

    assert board.only.title == "SecuProbe: findings at https://shop.example"
    page = Page(board.only.body)
    assert "SecuProbe: failed" in page.text
    assert "SQL injection" in page.tables[1].rows[1][1]
    assert "🤝 1 accepted risk" in page.summaries
    assert board.only.said == []


def test_where_the_gate_passes_none_is_opened() -> None:
    board = Board()

    board.tell(judged())

    assert board.issues_ == []


def test_it_is_kept_up_to_date_and_a_comment_says_only_what_changed() -> None:
    board = Board()

    board.tell(judged("SQL injection", "No CSP"))
    board.tell(judged("No CSP", "SQL injection", score=60))
    assert board.only.said == []
    assert "60 / 100" in Page(board.only.body).text

    board.tell(judged("No CSP", "Old TLS"))
    (said,) = board.only.said
    text = Page(said).text
    assert "1 finding came" in text
    assert "Old TLS" in text
    assert "1 finding went" in text
    assert "SQL injection" not in Page(board.only.body).text


def test_what_is_accepted_has_gone() -> None:
    board = Board()

    board.tell(judged("SQL injection", "No CSP"))
    board.tell(judged("SQL injection", "No CSP", accepted="No CSP"))

    assert "1 finding went" in Page(board.only.said[0]).text


def test_it_closes_with_a_comment_when_the_gate_passes_and_reopens_when_it_fails_again() -> None:
    board = Board()

    board.tell(judged("SQL injection"))
    board.tell(judged())
    assert (board.only.is_open, len(board.only.said)) == (False, 1)
    assert Page(board.only.said[0]).text.startswith("✅ Passed: no finding at or above high (0 findings in all). Open the report")
    assert "SecuProbe: passed" in Page(board.only.body).text

    board.tell(judged())
    assert len(board.only.said) == 1, "nothing has changed"

    board.tell(judged("SQL injection"))
    assert (board.only.is_open, len(board.only.said)) == (True, 2)
    assert Page(board.only.said[1]).text.startswith("❌ Failed again: 1 finding at or above high (1 high).")


def test_one_that_people_closed_stays_closed_until_something_comes() -> None:
    board = Board()

    board.tell(judged("SQL injection"))
    board.only.is_open = False
    board.tell(judged("SQL injection"))
    assert (board.only.is_open, board.only.said) == (False, [])

    board.tell(judged("SQL injection", "No CSP"))
    assert board.only.is_open
    assert "No CSP" in Page(board.only.said[0]).text


def test_one_that_people_closed_reopens_where_it_was_mended_in_between() -> None:
    board = Board()

    board.tell(judged("SQL injection"))
    board.only.is_open = False
    board.tell(judged())
    board.tell(judged("SQL injection"))

    assert board.only.is_open
    assert len(board.only.said) == 1


def test_an_error_is_said_once_on_an_open_issue_and_opens_none() -> None:
    board = Board()

    board.tell(FAILED)
    assert board.issues_ == []

    board.tell(judged("SQL injection"))
    before = board.only.body
    board.tell(FAILED)
    board.tell(FAILED)
    assert [Page(said).text.split(":")[0] for said in board.only.said] == ["⚠️ No verdict"]
    assert Page(board.only.body).text == Page(before).text

    board.tell(judged("SQL injection"))
    assert len(board.only.said) == 1, "no finding came or went"
    board.tell(judged())
    board.tell(FAILED)
    assert len(board.only.said) == 2, "it is closed"


@pytest.mark.parametrize(
    "ending",
    [
        Skipped("a fork", "do otherwise"),
        Stopped(Cancelled(15), STARTED),
        Failed(InputError([Mistake("ignore_file", "x", "is no list")]), None),
        judged("SQL injection", threshold=None),
        judged("SQL injection", site=None),
    ],
)
def test_what_tells_nothing_of_the_site_touches_nothing(ending: Ending) -> None:
    board = Board()

    board.tell(judged("No CSP"))
    before = replace(board.only, said=[])
    board.tell(ending)

    assert board.only == before


@pytest.mark.parametrize(("subject", "on_default"), [(Subject("a" * 40, (7,)), True), (Subject("a" * 40), False)])
def test_where_a_pull_request_looks_there_is_none(subject: Subject, on_default: bool) -> None:
    board = Board(subject_=subject, on_default=on_default)

    board.tell(judged("SQL injection"))

    assert (board.issues_, board.asked) == ([], 0)


def test_what_people_wrote_and_changed_stays() -> None:
    board = Board()

    board.tell(judged("SQL injection"))
    board.only.title = "Our words"
    board.only.body = f"{board.only.body}\nBelow: see #12.\n"
    board.tell(judged("No CSP"))
    board.tell(judged())

    assert board.only.title == "Our words"
    assert board.only.body.startswith("<!-- secuprobe-scan-action name=SecuProbe")
    assert board.only.body.endswith(" -->\n\nBelow: see #12.\n")
    assert "SQL injection" not in board.only.body
    assert board.only.body.count("<!-- secuprobe-scan-action end") == 1


def test_one_that_people_closed_after_an_error_stays_closed_too() -> None:
    board = Board()

    board.tell(judged("SQL injection"))
    board.tell(FAILED)
    board.only.is_open = False
    board.tell(judged("SQL injection"))
    assert (board.only.is_open, len(board.only.said)) == (False, 1)

    board.tell(judged())
    board.tell(judged("SQL injection"))
    assert board.only.is_open, "it was mended in between"


def test_an_error_is_said_once_where_people_took_the_end_away_too() -> None:
    board = Board()

    board.tell(judged("SQL injection"))
    board.only.body = board.only.body.partition("<!-- secuprobe-scan-action end")[0]
    board.tell(FAILED)
    board.tell(FAILED)

    assert len(board.only.said) == 1


@pytest.mark.parametrize("ending", [judged("No CSP"), FAILED])
def test_where_people_took_the_end_away_all_stays_below_ours(ending: Ending) -> None:
    board = Board()

    board.tell(judged("SQL injection"))
    board.only.body = f"{board.only.body.partition('<!-- secuprobe-scan-action end')[0]}\nRunbook by Ann: call +1 555 0100.\n"
    before = board.only.body.partition("\n")[2].strip()
    board.tell(ending)
    board.tell(judged("No CSP"))
    board.tell(judged("No CSP"))

    assert board.only.body.startswith("<!-- secuprobe-scan-action name=SecuProbe")
    ours, _end, theirs = board.only.body.partition("<!-- secuprobe-scan-action end")
    assert "No CSP" in Page(ours).text
    assert theirs.partition("-->")[2].strip() == before
    assert board.only.said == ([] if ending is not FAILED else board.only.said[:1]), "what came and went isn't known"


def test_one_of_which_only_the_mark_is_left_gets_its_text_back() -> None:
    board = Board()

    board.tell(judged("SQL injection"))
    board.only.body = board.only.body.splitlines()[0]
    board.tell(judged("No CSP"))

    assert "No CSP" in Page(board.only.body).text


def test_ours_is_as_long_as_what_people_wrote_leaves_room_for() -> None:
    board = Board()
    titles = [f"Finding {n}{' x' * 60}" for n in range(1_200)]

    board.tell(judged("SQL injection"))
    theirs = "a line of a log, pasted by Ann\n" * 1_500
    board.only.body += f"\n{theirs}"
    board.tell(judged(*titles))

    assert len(board.only.body) <= 65_536
    assert board.only.body.endswith(theirs)
    assert "Finding 0" in Page(board.only.body).text


@pytest.mark.parametrize("nights", [["SQL injection", "Old TLS"], []])
def test_a_comment_that_was_refused_is_made_the_next_time(nights: list[str]) -> None:
    class Mute(Board):
        """Takes no comments."""

        def comment(self, number: int, body: str) -> None:
            raise ForgeError("503")

    mute = Mute()
    mute.tell(judged("SQL injection"))
    with pytest.raises(ForgeError):
        mute.tell(judged(*nights))
    board = Board(mute.issues_)
    board.tell(judged(*nights))

    assert len(board.only.said) == 1
    assert board.only.is_open == bool(nights)


def test_there_is_one_a_name_and_site() -> None:
    board = Board()

    board.tell(judged("SQL injection"))
    board.tell(judged("SQL injection"), name="Other")
    board.tell(judged("SQL injection", site="https://b.example"))
    board.tell(judged())

    assert [each.is_open for each in board.issues_] == [False, True, True]


def test_another_authors_issue_is_left_alone() -> None:
    board = Board()

    board.tell(judged("SQL injection"))
    board.issues_[0].by_us = False
    board.tell(judged("SQL injection"))
    board.tell(judged())

    assert [each.is_open for each in board.issues_] == [True, False]
    assert board.issues_[0].said == []


def test_of_two_that_were_opened_at_once_the_older_stays() -> None:
    class Late(Board):
        """Somebody else's job opens one at the same moment."""

        def open(self, title: str, body: str) -> int:
            super().open(title, body)
            return super().open(title, body)

    board = Late()
    board.tell(judged("SQL injection"))

    assert [each.is_open for each in board.issues_] == [True, False]


def test_a_list_that_could_not_be_read_says_nothing_of_what_came_and_went() -> None:
    board = Board()
    counts = {severity: int(severity is Severity.HIGH) for severity in Severity if severity is not Severity.UNKNOWN}

    board.tell(judged("SQL injection"))
    board.tell(judged(findings=None, counts=counts, total=1, list_problem="it is down"))
    board.tell(judged("SQL injection"))

    assert board.only.said == []


def test_a_huge_scan_leaves_room_for_what_people_write() -> None:
    board = Board()
    titles = [f"{'t' * 200} {n}" for n in range(3_000)]

    board.tell(judged(*titles))
    board.tell(judged(*titles[1:], "new"))

    assert len(board.only.body) < 62_000
    assert all(len(said) < 60_000 for said in board.only.said)


def test_where_not_all_could_be_remembered_nothing_is_said_to_have_come() -> None:
    board = Board()
    titles = [f"{n:04}" for n in range(1_200)]

    board.tell(judged(*titles))
    board.tell(judged(*titles[1:]))

    assert [Page(said).text.partition(".")[0] for said in board.only.said] == ["1 finding went"]


def test_what_a_site_says_is_text() -> None:
    board = Board()

    board.tell(judged("<!-- secuprobe-scan-action end passed - -->", "@team ![x](//evil.example)"))
    board.tell(judged("@team ![x](//evil.example)", "[a](javascript:alert(1))"))

    assert board.only.body.count("<!-- secuprobe-scan-action end") == 1
    page = Page(board.only.body + "\n\n" + board.only.said[0])
    assert "![x](//evil.example)" in page.text
    assert "[a](javascript:alert(1))" in page.text
