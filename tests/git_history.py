"""A commit graph with branches, as much of git as the stories need."""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, field


@dataclass
class History:
    """Commits by their parents, the first parent first, in the order in which they were made."""

    default: str = "main"
    parents: dict[str, tuple[str, ...]] = field(default_factory=dict)
    branches: dict[str, str] = field(default_factory=dict)

    def add(self, sha: str, *parents: str) -> str:
        """Add a commit of a given name."""
        self.parents[sha] = parents
        return sha

    def commit(self, branch: str, *merged: str) -> str:
        """Commit to a branch (a merge of others, where named) and return the commit."""
        tip = self.branches.get(branch)
        parents = (*((tip,) if tip else ()), *merged)
        sha = hashlib.sha1(f"{len(self.parents)} {parents}".encode(), usedforsecurity=False).hexdigest()
        self.branches[branch] = self.add(sha, *parents)
        return sha

    def branch(self, name: str, start: str | None = None) -> str:
        """Begin a branch at a commit (that of the default branch) and return the commit."""
        self.branches[name] = start or self.branches[self.default]
        return self.branches[name]

    def ancestors(self, sha: str) -> set[str]:
        """Return the commits that a commit holds, itself included."""
        found: set[str] = set()
        waiting = [sha]
        while waiting:
            each = waiting.pop()
            if each not in found:
                found.add(each)
                waiting += self.parents[each]
        return found

    def log(self, sha: str) -> list[str]:
        """Return what `git log` lists: all ancestors, the newest first."""
        held = self.ancestors(sha)
        return [each for each in reversed(self.parents) if each in held]

    def merge_base(self, one: str, other: str) -> str | None:
        """Return the newest commit that both hold."""
        common = self.ancestors(one) & self.ancestors(other)
        return next((each for each in reversed(self.parents) if each in common), None)

    def first_parents(self, sha: str) -> Iterator[str]:
        """Yield a commit and its first parents, newest first."""
        at: str | None = sha
        while at is not None:
            yield at
            at = self.parents[at][0] if self.parents[at] else None
