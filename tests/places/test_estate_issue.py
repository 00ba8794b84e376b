"""What becomes of an estate's issue from run to run: it tells of the sites that fail."""

from collections.abc import Sequence

from secuprobe_action.errors import Cancelled, Forbidden
from secuprobe_action.findings.endings import Ending, Failed, Surveyed
from secuprobe_action.findings.model import Severity
from secuprobe_action.findings.overview import Estate, Result, Site
from secuprobe_action.memory.ledger import ESTATE
from tests.places.test_issue import Board, judged
from tests.reports.rendered import Page

FAILED, PASSED, ERROR = Result.FAILED, Result.PASSED, Result.ERROR
REPORT = "https://secuprobe.io/scan/1"
UNLISTED = Failed(Forbidden("The key may not list the domains.", "Give it the scope."), None)


def site(name: str, result: Result, criticals: int = 0) -> Site:
    shown = name if result is Result.NOT_VALIDATED else f"https://{name}.example"
    counts = {severity: criticals * (severity is Severity.CRITICAL) for severity in Severity}
    return Site(shown, result, f"Why {name}", 50, counts, report_url=REPORT)


def surveyed(*sites: Site, **results: Result) -> Surveyed:
    """Return a run over these sites, and over more by their names."""
    return Surveyed(Estate.of([*sites, *(site(name, result) for name, result in results.items())]))


class Nights:
    """An estate's runs on the default branch, and its issue."""

    def __init__(self, *endings: Ending) -> None:
        self.board = Board()
        self.tell(*endings)

    def tell(self, *endings: Ending) -> None:
        for ending in endings:
            self.board.tell(ending, "Estate", ESTATE)

    @property
    def is_open(self) -> bool:
        return self.board.only.is_open

    @property
    def said(self) -> Sequence[str]:
        """The comments as people read them, each on one line."""
        return [" ".join(Page(text).text.split()) for text in self.board.only.said]


def test_it_opens_for_all_sites_when_one_fails_with_the_overview_as_its_text() -> None:
    nights = Nights(surveyed(a=PASSED, b=PASSED))
    assert nights.board.issues_ == []

    nights.tell(surveyed(a=PASSED, b=FAILED, c=FAILED))

    only = nights.board.only
    assert (only.title, only.said) == ("Estate: sites that fail", [])
    assert [row[0] for row in Page(only.body).tables[0].rows[1:]] == ["b.exampleWhy b", "c.exampleWhy c", "a.example"]


def test_a_comment_names_the_sites_that_came_and_went_worst_first_and_nothing_else_is_one() -> None:
    nights = Nights(surveyed(a=FAILED, b=PASSED, c=PASSED), surveyed(site("a", FAILED, 3), b=PASSED, c=PASSED))
    assert nights.said == []

    nights.tell(surveyed(site("c", FAILED, 1), site("b", FAILED, 2), a=PASSED))

    assert nights.said == ["2 sites began to fail: b.example: Why b c.example: Why c 1 site stopped failing: a.example"]
    assert Page(nights.board.only.said[0]).elements[-1] == ("a", {"href": REPORT})


def test_it_closes_when_the_estate_passes_and_reopens_when_it_fails_again() -> None:
    nights = Nights(surveyed(a=FAILED), surveyed(a=PASSED), surveyed(a=PASSED))
    assert (nights.is_open, nights.said) == (False, ["✅ Passed: 1 site: 1 passed."])

    nights.tell(surveyed(a=FAILED))

    assert nights.is_open
    assert nights.said[1:] == ["❌ Failed again: 1 site: 1 failed. a.example: Why a"]


def test_a_site_that_could_not_be_judged_or_reached_is_not_mended_and_that_is_said_once() -> None:
    nights = Nights(surveyed(a=FAILED, b=FAILED, c=PASSED), surveyed(a=ERROR, b=Result.NOT_REACHED, c=PASSED))
    reason = "3 sites: 1 could not be judged, 1 not reached, 1 passed"
    assert (nights.is_open, nights.said) == (True, [f"⚠️ No verdict: {reason}. The issue stays open."])

    nights.tell(surveyed(a=ERROR, b=ERROR, c=PASSED), surveyed(a=FAILED, b=FAILED, c=PASSED))

    assert len(nights.said) == 1, "the same sites fail"


def test_what_is_known_of_the_others_is_told_while_one_can_not_be_judged() -> None:
    nights = Nights(surveyed(a=FAILED, b=FAILED, c=PASSED), surveyed(a=PASSED, b=ERROR, c=FAILED))

    (said,) = nights.said
    assert said.startswith("⚠️ No verdict: 3 sites: 1 failed, 1 could not be judged, 1 passed. The issue stays open.")
    assert said.endswith("1 site began to fail: c.example: Why c 1 site stopped failing: a.example")
    nights.tell(surveyed(a=PASSED, b=PASSED, c=FAILED))
    assert nights.said[1:] == ["1 site stopped failing: b.example"]


def test_a_site_is_known_to_fail_whatever_became_of_the_others() -> None:
    nights = Nights(surveyed(a=ERROR))
    assert nights.board.issues_ == []

    nights.tell(surveyed(a=ERROR, b=FAILED))
    assert (nights.is_open, nights.said) == (True, [])

    nights.tell(surveyed(a=PASSED, b=PASSED), surveyed(a=ERROR, b=PASSED))
    assert not nights.is_open, "what could not be judged doesn't fail"
    nights.tell(surveyed(a=ERROR, b=FAILED))
    assert nights.is_open


def test_an_error_of_the_run_is_said_once_and_changes_nothing_else() -> None:
    nights = Nights(UNLISTED)
    assert nights.board.issues_ == []

    nights.tell(surveyed(a=FAILED))
    before = Page(nights.board.only.body).text
    nights.tell(UNLISTED, UNLISTED, surveyed(a=ERROR), UNLISTED)

    assert len(nights.said) == 1
    assert nights.said[0].endswith("The key may not list the domains. The issue stays open.")
    assert Page(nights.board.only.body).text != before, "the overview is up to date all the same"
    nights.tell(surveyed(a=FAILED))
    assert len(nights.said) == 1


def test_where_nothing_was_judged_nothing_is_mended() -> None:
    nights = Nights(surveyed(a=FAILED), surveyed(site("a.example", Result.NOT_VALIDATED)))
    assert (nights.is_open, len(nights.said)) == (True, 1)
    assert nights.said[0].startswith("⚠️ No verdict")


def test_a_domain_that_is_not_validated_any_more_is_not_mended_and_one_that_left_the_estate_is_gone() -> None:
    nights = Nights(surveyed(a=FAILED, b=FAILED, c=FAILED))

    nights.tell(surveyed(site("a.example", Result.NOT_VALIDATED), c=FAILED))
    assert nights.said == ["1 site left the estate."]
    nights.tell(surveyed(a=FAILED, c=FAILED))
    assert len(nights.said) == 1, "it failed before"


def test_where_the_estate_passes_without_it_it_is_told_of_anew_when_it_fails_again() -> None:
    nights = Nights(surveyed(a=FAILED, b=PASSED), surveyed(site("a.example", Result.NOT_VALIDATED), b=PASSED))
    assert (nights.is_open, nights.said) == (False, ["✅ Passed: 2 sites: 1 passed, 1 not validated."])

    nights.tell(surveyed(a=FAILED, b=PASSED))
    assert nights.said[1].endswith("a.example: Why a")


def test_a_run_that_was_cancelled_tells_nothing() -> None:
    nights = Nights(surveyed(a=FAILED))
    cut_short = surveyed(a=PASSED, b=FAILED)

    nights.tell(Surveyed(cut_short.estate, Cancelled(15)))

    assert (nights.is_open, nights.said) == (True, [])
    assert "b.example" not in nights.board.only.body


def test_it_is_not_the_issue_of_a_site_by_the_same_name() -> None:
    nights = Nights(surveyed(a=FAILED))

    nights.board.tell(judged("SQL injection"), "Estate")
    nights.tell(surveyed(a=PASSED))

    assert [each.is_open for each in nights.board.issues_] == [False, True]


def test_a_huge_estate_of_hostile_names_leaves_room() -> None:
    """Every text at its longest, of characters that take most room."""
    nights = Nights()
    sites = [Site(f"{n}{'@<&' * 70}", FAILED, "`<![" * 60, report_url=f"https://x.example/{'&' * 500}") for n in range(1_100)]
    passed = [Site(each.name, PASSED, "", report_url=each.report_url) for each in sites]

    nights.tell(Surveyed(Estate.of(sites[:999])), Surveyed(Estate.of([*passed[:950], *sites[950:]])))

    assert len(nights.board.only.body) < 62_000
    assert len(nights.board.only.said[0]) < 60_000
    assert nights.said[0].count("more") == 2
