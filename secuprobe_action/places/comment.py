"""The pull request's comment: one a check's name and site, kept up to date."""

from collections.abc import Callable

from secuprobe_action.findings.endings import Ending, Failed, Judged, Stopped
from secuprobe_action.findings.model import Started
from secuprobe_action.findings.progress import Progress
from secuprobe_action.places.base import Place
from secuprobe_action.places.summary import rendered
from secuprobe_action.platforms.base import Comment, Forge, ForgeError, Subject
from secuprobe_action.platforms.desk import Desk, Errand
from secuprobe_action.reports import comment as report
from secuprobe_action.reports import progress as progress_report

STALE = "A newer commit has come to the pull request, so its check and comment are left to that commit's run."


class PullRequestComment(Place):
    """A comment.

    Args:
        desk: where the forge is asked.
        name: the check's name.
        site: what is scanned, or None where only the scan tells.
        always: whether one is made where there is no news.
        shows_progress: whether it says how the scan stands.
    """

    def __init__(self, desk: Desk, name: str, site: str | None, *, always: bool, shows_progress: bool = False) -> None:
        self._desk = desk
        self._name = name
        self._site = site
        self._always = always
        self._shows_progress = shows_progress
        self._started: Started | None = None

    def start(self, started: Started) -> None:
        self._started = started

    def progress(self, progress: Progress) -> Callable[[], None] | None:
        started = self._started
        if started is None or not self._shows_progress:
            return None

        def work() -> None:
            forge = self._desk.forge
            subject = forge.subject()
            if is_current(forge, subject):
                body = report.of_commit(progress_report.render(progress, started.report_url), subject.commit)
                forge.publish_comment(Comment(self._name, started.site, body, self._always, in_passing=True), subject)

        return work

    def end(self, ending: Ending) -> Errand | None:
        match ending:
            case Judged(report=scan, verdict=verdict):
                news = report.has_news(verdict)
            case Failed(started=started):
                news = True  # no comment may go on saying that an earlier commit passed
            case Stopped(started=Started() as started) if self._shows_progress:
                news = False  # but one that says that it runs must not go on
            case _:
                return None

        def work() -> str | None:
            forge = self._desk.forge
            subject = forge.subject()
            if not is_current(forge, subject):
                return STALE
            if isinstance(ending, Judged):
                body, site = report.render(scan, verdict, subject.commit), scan.site
            else:
                body, site = report.of_commit(rendered(ending), subject.commit), started.site if started else self._site
            forge.publish_comment(Comment(self._name, site, body, self._always or news), subject)
            return None

        return Errand("The pull request was not commented on", work)


def is_current(forge: Forge, subject: Subject) -> bool:
    """Whether no newer commit has come to the pull request; where the forge can't be asked, it is taken for so."""
    try:
        return forge.is_current(subject)
    except ForgeError:
        return True
