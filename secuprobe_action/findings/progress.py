"""How work stands that isn't done yet: a scan's, or many scans'. Pure."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Progress:
    """How it stands, for people who wait.

    Args:
        stage: what is being done, in a word or two on one line: `running`. Where it changes, that is shown at once.
        text: how far it is, on one line: `1 min 20 s of about 2 min`, `37 of 100 judged, 41 running, 22 waiting`.
        fraction: how much is done, 0 to 1, or None where nobody can tell.
        rows: of many things the ones to look at, each with how it stands, for whoever has room for a table.
    """

    stage: str
    text: str
    fraction: float | None = None
    rows: tuple[tuple[str, str], ...] = ()

    @property
    def line(self) -> str:
        """Both on one line: `running, 1 min 20 s of about 2 min`."""
        return f"{self.stage}, {self.text}"
