"""A site's score from run to run, as a line of characters and as one of SVG."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby

from secuprobe_action.findings.gate import Verdict
from secuprobe_action.text import number, plural

_BLOCKS = "▁▂▃▄▅▆▇█"
_GAP = "·"
_SPAN = 20.0
"""Points that the line's height stands for at least: a change of one must not look like a fall."""

WIDTH, HEIGHT = 560.0, 120.0


@dataclass(frozen=True, slots=True)
class Trend:
    """A score's course.

    Args:
        scores: of each run, the oldest first, this one last; None where a run had none. At least two have one.
    """

    scores: tuple[float | None, ...]

    @property
    def known(self) -> tuple[float, ...]:
        """The scores that there are."""
        return tuple(score for score in self.scores if score is not None)

    @property
    def sparkline(self) -> str:
        """A character a run, as high as its score."""
        high = max(self.known)
        span = max(high - min(self.known), _SPAN)
        low = max(0.0, high - span)
        return "".join(_GAP if score is None else _block((score - low) / span) for score in self.scores)

    @property
    def change(self) -> float:
        """From the oldest score to the newest."""
        return self.known[-1] - self.known[0]

    @property
    def text(self) -> str:
        """What it shows, in words: `from 61 to 78 in 12 runs`."""
        return f"from {number(self.known[0])} to {number(self.known[-1])} in {plural(len(self.scores), 'run')}"

    @property
    def lines(self) -> list[list[tuple[float, float]]]:
        """The points of a chart WIDTH by HEIGHT, for scores of 0 to 100; a run without a score interrupts the line."""
        step = WIDTH / max(1, len(self.scores) - 1)
        points = [
            None if score is None else (round(index * step, 1), round(HEIGHT * (1 - min(max(score, 0), 100) / 100), 1))
            for index, score in enumerate(self.scores)
        ]
        return [[point for point in part if point] for there, part in groupby(points, key=bool) if there]


def trend(verdict: Verdict) -> Trend | None:
    """Return the course of the site's score, or None where fewer than two runs tell of one."""
    scores: Sequence[float | None] = verdict.history.scores if verdict.history else ()
    return Trend(tuple(scores)) if sum(score is not None for score in scores) > 1 else None


def _block(height: float) -> str:
    return _BLOCKS[round(height * (len(_BLOCKS) - 1))]
