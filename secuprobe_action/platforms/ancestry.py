"""The line of a commit's first parents, from pages of commits. Pure but for whom it asks."""

from collections.abc import Callable, Iterator, Mapping

Parents = Mapping[str, str | None]
"""Commits, each with its first parent, or None where it has none."""


def first_parents(commit: str, parents_from: Callable[[str], Parents], known: Parents) -> Iterator[str]:
    """Yield a commit and its first parents, newest first; one answer tells of many of them.

    Args:
        commit: where to begin.
        parents_from: asks for a commit and its newest ancestors.
        known: what is known without asking.
    """
    told = dict(known)
    at: str | None = commit
    while at is not None:
        yield at
        if at not in told:
            told |= parents_from(at)
        at = told.get(at)
