"""A release on GitHub: what can be refused is asked first, and what was moved goes back where the rest is refused."""

import fnmatch
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import requests
from github.GithubException import GithubException, UnknownObjectException
from github.GitRelease import GitRelease
from github.InputGitTreeElement import InputGitTreeElement
from github.Repository import Repository

TRIAL = "release-trial"
"""What the branch begins with that is made and removed again before anything moves. No workflow listens to it."""

_RULES = ("creation", "update", "non_fast_forward")
"""Of a ruleset, what keeps a tag from being made or moved (docs.github.com, "Available rules for rulesets")."""


_TROUBLE = (GithubException, requests.RequestException)
"""What PyGithub raises: GitHub's refusals, and what a connection may meet."""


class Refused(Exception):
    """GitHub would not, or did not, take the release. Nothing of it is left."""


@dataclass(frozen=True)
class Release:
    """What is to be released.

    Attributes:
        version: such as 1.0.0.
        commit: the commit that was tagged.
        files: the actions with the image's digest, by their names.
        notes: what the changelog says.
    """

    version: str
    commit: str
    files: Mapping[str, str]
    notes: str


def refusals(repository: Repository, version: str, commit: str, tags: list[str]) -> list[str]:
    """Return why GitHub would not take a release, as far as it says so beforehand.

    Args:
        repository: the repository on GitHub, opened with the token that will release.
        version: such as 1.0.0.
        commit: the commit that was tagged.
        tags: those that will be made or moved.
    """
    found = [*_moved(repository, f"v{version}", commit), *_ruled_out(repository, tags)]
    return found or _trial(repository, version, commit)


def publish(repository: Repository, release: Release, tags: list[str], *, is_latest: bool) -> None:
    """Commit the rewritten actions on top of the tagged commit, have the tags point there, and publish the release.

    The commit is made through the API, so GitHub signs it. The version's own tag moves, too: what users run is its tree. The
    release is a draft, which nobody sees, until the tags have moved.

    Args:
        repository: the repository on GitHub.
        release: what is released.
        tags: those that are made or moved, the version's own first.
        is_latest: whether GitHub shows it as the latest.

    Raises:
        Refused: GitHub refused one of the steps. The tags are where they were, and there is no draft.
    """
    undo: list[Callable[[], object]] = []
    try:
        commit = _commit(repository, release)
        draft = _draft(repository, release)
        undo.append(draft.delete_release)
        for tag in tags:
            undo.append(_point(repository, tag, commit))  # noqa: PERF401 -- each is known as soon as it has moved
        _show(repository, draft, release, is_latest=is_latest)
    except _TROUBLE as error:
        left = [problem for step in reversed(undo) if (problem := _undone(step))]
        raise Refused("; ".join([f"GitHub refused the release: {_told(error)}", *left])) from error


def _moved(repository: Repository, tag: str, commit: str) -> list[str]:
    """Say whether the tag is another commit's by now. In a second attempt it is the first one's, made on top of `commit`."""
    ref = _ref(repository, tag)
    if ref is None:
        return [f"{tag} is gone from GitHub"]
    of = repository.get_git_tag(ref["sha"]).object.sha if ref["type"] == "tag" else ref["sha"]
    parents = [parent.sha for parent in repository.get_git_commit(of).parents]
    return [] if commit in (of, *parents) else [f"{tag} is at {of} by now, not at {commit}: somebody moved it"]


def _ruled_out(repository: Repository, tags: list[str]) -> list[str]:
    """Say which rulesets keep the token from making or moving the tags."""
    found = []
    for ruleset in _rulesets(repository):
        named = ruleset.get("conditions", {}).get("ref_name", {})
        rules = [rule["type"] for rule in ruleset.get("rules", []) if rule["type"] in _RULES]
        hit = [tag for tag in tags if _matches(tag, named.get("include", [])) and not _matches(tag, named.get("exclude", []))]
        if rules and hit and ruleset.get("current_user_can_bypass") not in ("always", "exempt"):
            found.append(f"the ruleset {ruleset['name']} ({', '.join(rules)}) keeps this token from {', '.join(hit)}")
    return found


def _rulesets(repository: Repository) -> list[dict[str, Any]]:
    """Return the rulesets in force for tags; none where the plan has none."""

    def get(path: str) -> Any:
        return repository.requester.requestJsonAndCheck("GET", f"{repository.url}/rulesets{path}")[1]

    try:
        listed = get("?targets=tag&includes_parents=true&per_page=100")
        return [get(f"/{each['id']}") for each in listed if each["target"] == "tag" and each["enforcement"] == "active"]
    except GithubException as error:
        if error.status in (403, 404):  # "Upgrade to GitHub Pro or make this repository public to enable this feature."
            return []
        raise


def _matches(tag: str, patterns: list[str]) -> bool:
    return any(pattern == "~ALL" or fnmatch.fnmatchcase(f"refs/tags/{tag}", pattern) for pattern in patterns)


def _trial(repository: Repository, version: str, commit: str) -> list[str]:
    """Try to make a branch at the commit, whose workflows a token may have no right to."""
    try:
        repository.create_git_ref(f"refs/heads/{TRIAL}/v{version}-{commit[:8]}", commit).delete()
    except GithubException as error:
        return [f"a branch at {commit} was refused: {_told(error)}"]
    return []


def _commit(repository: Repository, release: Release) -> str:
    base = repository.get_git_commit(release.commit)
    elements = [InputGitTreeElement(name, "100644", "blob", content) for name, content in release.files.items()]
    tree = repository.create_git_tree(elements, base_tree=base.tree)
    return repository.create_git_commit(f"Release v{release.version}", tree, [base]).sha


def _draft(repository: Repository, release: Release) -> GitRelease:
    tag = f"v{release.version}"
    return repository.create_git_release(tag, tag, release.notes, draft=True)


def _point(repository: Repository, tag: str, commit: str) -> Callable[[], object]:
    """Make or move a tag, and return what takes that back."""
    before = _ref(repository, tag)
    if before is None:
        return repository.create_git_ref(f"refs/tags/{tag}", commit).delete
    ref = repository.get_git_ref(f"tags/{tag}")
    ref.edit(commit, force=True)
    return lambda: ref.edit(before["sha"], force=True)


def _show(repository: Repository, draft: GitRelease, release: Release, *, is_latest: bool) -> None:
    """Publish the draft; where an earlier attempt published already, that one has the notes, and the draft goes."""
    tag, latest = f"v{release.version}", "true" if is_latest else "false"
    try:
        published = repository.get_release(tag)
    except UnknownObjectException:
        draft.update_release(tag, release.notes, draft=False, make_latest=latest)
    else:
        published.update_release(tag, release.notes, make_latest=latest)
        draft.delete_release()


def _ref(repository: Repository, tag: str) -> dict[str, str] | None:
    """Return what a tag points to, or None where it isn't there."""
    try:
        target = repository.get_git_ref(f"tags/{tag}").object
    except UnknownObjectException:
        return None
    return {"sha": target.sha, "type": target.type}


def _undone(step: Callable[[], object]) -> str | None:
    """Take a step back; return what is left where that is refused, too."""
    try:
        step()
    except _TROUBLE as error:
        return f"and could not be taken back: {_told(error)}"
    return None


def _told(error: Exception) -> str:
    match error:
        case GithubException(status=status, data={"message": message}):
            return f"{status} {message}"
    return str(error) or type(error).__name__
