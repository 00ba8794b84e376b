"""How it stands, in the log: a log without a line for minutes looks like a job that hangs. On a terminal it is a bar."""

from secuprobe_action.findings.progress import Progress
from secuprobe_action.places.base import Place
from secuprobe_action.platforms.base import Platform


class LogProgress(Place):
    """A line now and then, or a bar.

    Args:
        platform: whose log it is.
    """

    def __init__(self, platform: Platform) -> None:
        self._platform = platform

    def progress(self, progress: Progress) -> None:
        self._platform.show_progress(progress)
