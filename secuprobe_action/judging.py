"""One site, from its launch to its verdict: the same steps whether it is scanned alone or among many."""

import datetime as dt
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from secuprobe_action.api.steps import Steps
from secuprobe_action.comparing import Comparing
from secuprobe_action.findings import gate, ignore
from secuprobe_action.findings.endings import Judged
from secuprobe_action.findings.gate import Policy
from secuprobe_action.findings.ignore import Rule
from secuprobe_action.findings.model import ScanReport


@dataclass(frozen=True, slots=True)
class Judging:
    """What a site is judged by.

    Args:
        policy: what fails the check.
        rules: which risks are accepted.
        now: seconds since the epoch.
    """

    policy: Policy
    rules: Sequence[Rule]
    now: Callable[[], float]

    def steps(self, scanning: Steps[ScanReport], comparing: Comparing) -> Steps[Judged]:
        """Return what is to be done until there is a verdict.

        Args:
            scanning: the scan, as `Scanner.run` returns it.
            comparing: what it is compared with.

        Raises:
            ApiError: there is no result.
            NotCompared: it isn't known whether what would fail the check is new.
            NothingToJudge: the result doesn't say enough.
        """
        report = yield from scanning
        compared = yield from comparing.compare(report, self.now())
        today = dt.datetime.fromtimestamp(self.now(), dt.UTC).date()
        acceptance = ignore.accept(self.rules, report.findings or (), report.url, today)
        history = comparing.history(report, compared, self.now())
        return Judged(report, gate.judge(report, self.policy, compared, acceptance, history))
