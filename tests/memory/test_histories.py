"""Random histories of commits, branches, merges, runs, findings and rules: the real program against an oracle of a few lines."""

import itertools
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import hypothesis.strategies as st
from hypothesis import settings
from hypothesis.stateful import Bundle, RuleBasedStateMachine, consumes, initialize, precondition, rule

from secuprobe_action.errors import ExitCode
from tests.git_history import History
from tests.memory.stores import Store, StoreOfChecks, StoreOfReports, StoreOfStatuses
from tests.memory.world import SEVERITIES, World

SITES = ("https://a.example", "https://b.example", "https://a.example/admin")
FAILING = frozenset(title for title, severity in SEVERITIES.items() if severity in ("critical", "high"))

findings = st.frozensets(st.sampled_from(sorted(SEVERITIES)))
sites = st.sampled_from(SITES)


@dataclass(frozen=True)
class Remembered:
    """What a judged run of the default branch leaves, as the tables of the gate's documentation say."""

    commit: str
    site: str
    key: str
    seen: frozenset[str]
    accepted: frozenset[str]


class Histories(RuleBasedStateMachine):
    """The machine: each rule is something that happens to a repository."""

    branches = Bundle("branches")
    store: Callable[[History], Store] = StoreOfChecks

    def __init__(self) -> None:
        super().__init__()
        self._folder = tempfile.TemporaryDirectory()
        self.world = World(Path(self._folder.name), type(self).store(History()))
        self.history = self.world.history
        self.risks: frozenset[str] = frozenset()
        self.remembered: list[Remembered] = []
        self.red: dict[str, frozenset[str]] = {}
        self.names = itertools.count()

    def teardown(self) -> None:
        self._folder.cleanup()

    @initialize()
    def first_commit(self) -> None:
        self.history.commit("main")

    # What happens to the code.

    @rule()
    def commit_to_main(self) -> None:
        self.history.commit("main")

    @rule(commits=st.integers(18, 22))
    def commit_to_main_for_weeks(self, commits: int) -> None:
        for _ in range(commits):
            self.history.commit("main")
        self.red.clear()  # what was accepted may be too far back by now, and then all findings count

    @rule(target=branches)
    def begin_a_branch(self) -> str:
        return self._branch()

    def _branch(self) -> str:
        name = f"branch-{next(self.names)}"
        self.history.branch(name)
        self.history.commit(name)
        return name

    @rule(branch=branches)
    def commit_to_a_branch(self, branch: str) -> None:
        self.history.commit(branch)

    @rule(branch=branches)
    def bring_a_branch_up_to_date(self, branch: str) -> None:
        self.history.commit(branch, self.history.branches["main"])

    @rule(branch=consumes(branches))
    def merge(self, branch: str) -> None:
        self.history.commit("main", self.history.branches[branch])

    @rule(branch=consumes(branches))
    def fast_forward(self, branch: str) -> None:
        if self.history.branches["main"] in self.history.ancestors(self.history.branches[branch]):
            self.history.branches["main"] = self.history.branches[branch]
            self.red.clear()  # the first parents are the branch's now, so what is looked at isn't main's old line

    @rule(back=st.integers(1, 3))
    def force_push_main(self, back: int) -> None:
        line = list(self.history.first_parents(self.history.branches["main"]))
        self.history.branches["main"] = line[min(back, len(line) - 1)]
        self.red.clear()

    # What happens to the gate.

    @rule(rules=findings)
    def change_the_rules(self, rules: frozenset[str]) -> None:
        self.risks = rules

    @rule()
    def rotate_the_key(self) -> None:
        self.world.key += "x"
        self.red.clear()

    # Runs.

    @rule(site=sites, found=findings, spelled=st.sampled_from(("{}", "{}?token=secret-1", "{}#top")))
    def run_on_main(self, site: str, found: frozenset[str], spelled: str) -> None:
        commit = self.history.branches["main"]
        compared = self._baseline(commit, site) is not None
        code = self._judged(commit, site, found, spelled)
        failing = (found & FAILING) - self.risks
        still_red = self.red.get(site, frozenset()) & failing
        assert code is ExitCode.GATE_FAILED or not still_red, "red stays red while nothing is mended or accepted"
        known = self.red.get(site, frozenset()) & found
        self.red[site] = known | (failing if compared and code is ExitCode.GATE_FAILED and not known else frozenset())
        if code is ExitCode.GATE_FAILED and compared:
            baseline = self._before
            assert baseline is not None
            self.red[site] = known | (failing - baseline)

    @rule(branch=branches, site=sites, found=findings)
    def run_on_a_branch(self, branch: str, site: str, found: frozenset[str]) -> None:
        self._judged(self.history.branches[branch], site, found, "{}")

    @rule(target=branches, branch=consumes(branches), site=sites, found=findings, next_run_is_of_main=st.booleans())
    def run_on_a_branch_that_becomes_main(self, branch: str, site: str, found: frozenset[str], next_run_is_of_main: bool) -> str:
        self._judged(self.history.branches[branch], site, found, "{}")
        self.fast_forward(branch)
        if next_run_is_of_main:
            self.run_on_main(site, found, "{}")
        follower = self._branch()
        self._judged(self.history.branches[follower], site, found, "{}")
        return follower

    @rule(site=sites, found=findings)
    def accept_all_by_rules_for_one_run(self, site: str, found: frozenset[str]) -> None:
        self.risks = frozenset(SEVERITIES)
        self.run_on_main(site, found, "{}")
        self.risks = frozenset()
        self.run_on_main(site, found, "{}")

    @rule(back=st.integers(0, 5), site=sites, found=findings)
    def deploy_an_older_commit_of_main(self, back: int, site: str, found: frozenset[str]) -> None:
        line = list(self.history.first_parents(self.history.branches["main"]))
        self._judged(line[min(back, len(line) - 1)], site, found, "{}")
        self.red.clear()  # another state of the site was looked at

    @rule(site=sites, found=findings, branch=st.none() | branches)
    def run_while_the_forge_is_down(self, site: str, found: frozenset[str], branch: str | None) -> None:
        self.world.store.break_down(down=True)
        code = self.world.scan(self.history.branches[branch or "main"], site, found, self.risks)
        self.world.store.break_down(down=False)
        assert code is (ExitCode.SCAN_ERROR if (found & FAILING) - self.risks else ExitCode.PASSED)

    @rule(site=sites, found=findings, attempts=st.integers(1, 3))
    def time_out_and_run_again(self, site: str, found: frozenset[str], attempts: int) -> None:
        commit, launched = self.history.branches["main"], len(self.world.service.scans)
        self.world.service.hangs = True
        for attempt in range(1, attempts + 1):
            assert self.world.scan(commit, site, found, self.risks, attempt) is ExitCode.SCAN_ERROR
        self.world.service.hangs = False
        expected = self._expected(commit, site, found)
        assert self.world.scan(commit, site, frozenset(), self.risks, attempts + 1) is expected
        assert len(self.world.service.scans) == launched + 1, "a run that came to no verdict pays for one scan"
        again = self._expected(commit, site, found)
        assert self.world.scan(commit, site, found, self.risks, attempts + 2) is again
        assert len(self.world.service.scans) == launched + 2, "after a verdict the site is scanned anew"
        self.red.clear()

    # Those who would like another verdict.

    @precondition(lambda self: bool(self.world.store.left()))
    @rule(data=st.data())
    def forge_a_memory(self, data: st.DataObject) -> None:
        _, genuine = data.draw(st.sampled_from(self.world.store.left()))
        commit = data.draw(st.sampled_from(sorted(self.history.parents)))
        line = data.draw(st.sampled_from((genuine, genuine[:-1] + "A", "secuprobe:2:x", "")))
        # Later than all others, or without a time: where it was believed, it would be the one that counts.
        self.world.store.plant(commit, line, data.draw(st.sampled_from((4e9, None))))

    # The oracle.

    def _judged(self, commit: str, site: str, found: frozenset[str], spelled: str) -> ExitCode:
        expected = self._expected(commit, site, found)
        code = self.world.scan(commit, spelled.format(site), found, self.risks)
        assert code is expected, (commit, site, sorted(found), self.remembered)
        return code

    def _baseline(self, commit: str, site: str) -> frozenset[str] | None:
        main = self.history.branches["main"]
        base = self.history.merge_base(main, commit)
        assert base is not None
        for each in itertools.islice(self.history.first_parents(base), 21):
            known = [one for one in self.remembered if (one.commit, one.site, one.key) == (each, site, self.world.key)]
            if known:
                return known[-1].accepted if commit == base else known[-1].seen
        return None

    def _expected(self, commit: str, site: str, found: frozenset[str]) -> ExitCode:
        before = self._before = self._baseline(commit, site)
        new = found - (before or frozenset())
        if commit in self.history.ancestors(self.history.branches["main"]):
            moves_on = before is None or not new & FAILING
            accepted = found if moves_on or before is None else before
            self.remembered.append(Remembered(commit, site, self.world.key, found, accepted))
        return ExitCode.GATE_FAILED if (new & FAILING) - self.risks else ExitCode.PASSED

    _before: frozenset[str] | None = None


class HistoriesOnGitLab(Histories):
    """The same with commit statuses."""

    store = StoreOfStatuses


class HistoriesOnBitbucket(Histories):
    """The same with reports."""

    store = StoreOfReports


profile = settings.get_profile(settings.get_current_profile_name())
TestHistories, TestHistoriesOnGitLab, TestHistoriesOnBitbucket = (
    each.TestCase for each in (Histories, HistoriesOnGitLab, HistoriesOnBitbucket)
)
TestHistories.settings = settings(profile, stateful_step_count=25)
TestHistoriesOnGitLab.settings = TestHistoriesOnBitbucket.settings = settings(
    profile, stateful_step_count=25, max_examples=profile.max_examples // 8
)
