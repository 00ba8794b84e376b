"""Random histories again, with runs over all sites in one step among those of one site: each site is judged as alone."""

import hypothesis.strategies as st
from hypothesis import settings
from hypothesis.stateful import precondition, rule

from secuprobe_action.errors import ExitCode
from tests.memory.stores import StoreOfChecks
from tests.memory.test_histories import FAILING, SITES, Histories, Remembered, findings

found_by_site = st.fixed_dictionaries(dict.fromkeys(SITES, findings))


class EstateHistories(Histories):
    """The machine: estates keep memories of their own, under their check's name, which single runs neither read nor change."""

    def __init__(self) -> None:
        super().__init__()
        self.of_estates: list[Remembered] = []
        assert isinstance(self.world.store, StoreOfChecks)
        self.checks = self.world.store

    @rule(found=found_by_site)
    def run_an_estate_on_main(self, found: dict[str, frozenset[str]]) -> None:
        self._estate(self.history.branches["main"], found)

    @rule(branch=Histories.branches, found=found_by_site)
    def run_an_estate_on_a_branch(self, branch: str, found: dict[str, frozenset[str]]) -> None:
        self._estate(self.history.branches[branch], found)

    @rule(found=found_by_site, hung=st.sets(st.sampled_from(SITES), min_size=1))
    def cut_an_estate_short_and_run_it_again(self, found: dict[str, frozenset[str]], hung: set[str]) -> None:
        """What the first attempt judged is remembered; where it wasn't finished, the second goes on with its scans."""
        commit, launched = self.history.branches["main"], len(self.world.service.scans)
        self.world.service.hanging = frozenset(hung)
        expected = {site: self._expected_of(commit, site, found[site]) for site in SITES if site not in hung}
        assert self.world.estate(commit, found, self.risks)[1] == {**expected, **dict.fromkeys(hung, "error")}
        self.world.service.hanging = frozenset()
        again = {site: self._expected_of(commit, site, found[site]) for site in SITES}
        assert self.world.estate(commit, dict.fromkeys(SITES, frozenset()), self.risks, attempt=2)[1] == again
        assert len(self.world.service.scans) == launched + len(SITES), "no site pays for a second scan"

    @rule(found=found_by_site)
    def run_an_estate_while_the_forge_is_down(self, found: dict[str, frozenset[str]]) -> None:
        self.world.store.break_down(down=True)
        _, results = self.world.estate(self.history.branches["main"], found, self.risks)
        self.world.store.break_down(down=False)
        assert results == {site: "error" if (found[site] & FAILING) - self.risks else "passed" for site in SITES}

    @precondition(lambda self: bool(self.checks.left_by_estates()))
    @rule(data=st.data())
    def forge_an_estates_memory(self, data: st.DataObject) -> None:
        """A genuine one elsewhere or at another time, an altered one, one whose text is another's."""
        left = self.checks.left_by_estates()
        _, line, text = data.draw(st.sampled_from(left))
        _, _, other = data.draw(st.sampled_from(left))
        commit = data.draw(st.sampled_from(sorted(self.history.parents)))
        forged = data.draw(st.sampled_from(((line, text), (line[:-1] + "A", text), (line, other + " "), (line, ""))))
        self.checks.plant_of_estate(commit, *forged)

    # The oracle: that of a single site, over what estates remember.

    def _estate(self, commit: str, found: dict[str, frozenset[str]]) -> None:
        expected = {site: self._expected_of(commit, site, found[site]) for site in SITES}
        code, results = self.world.estate(commit, found, self.risks)
        assert results == expected, (commit, found, self.of_estates)
        assert code is (ExitCode.GATE_FAILED if "failed" in results.values() else ExitCode.PASSED)

    def _expected_of(self, commit: str, site: str, found: frozenset[str]) -> str:
        self.remembered, alone = self.of_estates, self.remembered
        code = self._expected(commit, site, found)
        self.remembered = alone
        return "failed" if code is ExitCode.GATE_FAILED else "passed"


profile = settings.get_profile(settings.get_current_profile_name())
TestEstateHistories = EstateHistories.TestCase
TestEstateHistories.settings = settings(profile, stateful_step_count=25, max_examples=profile.max_examples // 4)
