"""The check of many sites: how they stand while their scans run, how they ended, and what is remembered of each."""

from collections.abc import Callable

from secuprobe_action.clock import Task
from secuprobe_action.findings.endings import Ending, Skipped, Surveyed
from secuprobe_action.findings.overview import Result
from secuprobe_action.findings.progress import Progress
from secuprobe_action.memory.estate_memory import EstateMemory
from secuprobe_action.memory.record import State
from secuprobe_action.places.check_run import MAX_SUMMARY_BYTES, conclusion_of, title_of
from secuprobe_action.places.comment import STALE
from secuprobe_action.places.commit_check import CommitCheck
from secuprobe_action.places.summary import rendered
from secuprobe_action.platforms.base import BEAT_S, Check
from secuprobe_action.platforms.desk import Desk, Errand
from secuprobe_action.reports import progress as progress_report
from secuprobe_action.text import plural

KEEP_S = 10.0
"""Between two writings while scans are launched: what a run that is killed has launched since the last one is launched anew."""


class EstateCheck(CommitCheck):
    """The check of many sites, with what is remembered of them in its text.

    Args:
        desk: where the forge is asked.
        memory: what is remembered.
        name: the check's name.
        now: seconds since the epoch.
    """

    def __init__(self, desk: Desk, memory: EstateMemory, name: str, now: Callable[[], float]) -> None:
        super().__init__(desk, name, now)
        self._memory = memory
        self._writing: Task[None] | None = None
        self._kept = 0
        self._kept_at = float("-inf")

    def keep(self, progress: Progress) -> None:
        """Write how the sites stand, where that is news; to be called now and then, and waits for nothing."""
        at, known = self._now(), len(self._memory.scans)
        every_s = KEEP_S if known > self._kept else BEAT_S
        if at - self._kept_at < every_s or (self._writing is not None and not self._writing.finished.is_set()):
            return
        self._kept, self._kept_at = known, at

        def work() -> None:
            line, text, _ = self._memory.written(int(at), whole=False)
            check = Check(self._name, None, progress.line, progress_report.render(progress, None), int(at), line, text=text)
            is_new = self._check_id is None or self._is_adopted
            (self._publish if is_new else self._describe)(check)

        self._writing = self._desk.begin(work)  # should it fail, the end is shown all the same, and says so if that fails, too

    def end(self, ending: Ending) -> Errand | None:
        conclusion = conclusion_of(ending)
        if conclusion is None:
            return None
        at, summary = int(self._now()), rendered(ending, MAX_SUMMARY_BYTES)

        def work() -> str | None:
            line, text, left_out = self._memory.written(at, whole=self._is_whole(ending)) if self._memory.scans else (None, "", 0)
            self._publish(Check(self._name, conclusion, title_of(ending), summary, at, line, text=text))
            if self._stale:
                return STALE
            return f"{plural(left_out, 'site')} can't be remembered: the check's text has no room for more." if left_out else None

        # At once, beside what else is shown: what is remembered is worth most where the run has little time left.
        task = self._desk.begin(work)
        return Errand("The check run was not published", task.result, is_news=not isinstance(ending, Skipped))

    def _is_whole(self, ending: Ending) -> bool:
        """Whether there is nothing that a later attempt could go on with."""
        if not isinstance(ending, Surveyed) or ending.cancelled or ending.estate.having(Result.NOT_REACHED):
            return False
        return all(memory.state is not State.RUNNING for memory in self._memory.scans.values())
