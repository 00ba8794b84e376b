"""What a release is made of: versions that agree, actions that name the image by its digest, and the tags that move.

`make release-check` tries all that can be tried without GitHub; .github/workflows/release.yml does the rest.

    python -m scripts.release check [vX.Y.Z]        do all files name this version?
    python -m scripts.release bump X.Y.Z            have them name another
    python -m scripts.release rewrite sha256:...    have this checkout's actions use the image of that digest
    python -m scripts.release ask vX.Y.Z            would GitHub take it?
    python -m scripts.release publish vX.Y.Z sha256:...
"""

import argparse
import os
import re
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

import github
from github.Repository import Repository

from scripts import publishing
from secuprobe_action import __version__

ROOT = Path(__file__).parents[1]
IMAGE = "ghcr.io/garconposey/secuprobe-scan-action"
SERVICE_IMAGE = "ghcr.io/garconposey/secuprobe-embedded"
_NUMBER = r"(?:0|[1-9][0-9]*)"
VERSION = rf"{_NUMBER}\.{_NUMBER}\.{_NUMBER}"
"""A version as of semver.org; releases have neither a pre-release nor build metadata."""

MENTIONS: Mapping[str, str] = {
    "pyproject.toml": rf'(?m)^version = "({VERSION})"',
    "secuprobe_action/__init__.py": rf'__version__ = "({VERSION})"',
    "Dockerfile": rf"ARG VERSION=({VERSION})\n",
    "local/Dockerfile": rf"ARG VERSION=({VERSION})\n",
    "pipe.yml": rf"{IMAGE}:({VERSION})",
    "templates/*.yml": rf"{IMAGE}:({VERSION})",
    "examples/*": rf"(?:{IMAGE}:|{SERVICE_IMAGE}:|/secuprobe-scan@)({VERSION})",
    "README.md": rf"secuprobe-scan(?:-action[\w./-]*(?:@v|:)|@)({VERSION})",
    "docs/*.md": rf"(?:secuprobe-scan(?:-action[\w./-]*(?:@v|/v|:)|@)|{SERVICE_IMAGE}:)({VERSION})",
}
"""Where the version is named: files, and what stands around it there."""

MAY_LACK = ("docs/*.md",)
"""Of these, a file needn't name it."""

USES_IMAGE: Mapping[str, str] = {
    "action.yml": "image: Dockerfile",
    "domains/action.yml": "image: ../Dockerfile",
    "estate/action.yml": "image: ../Dockerfile",
}
"""What a release rewrites, so that nobody waits for a build. Not a workflow: a workflow's token may not change workflows, so
scan-domains.yml uses the actions of its own commit instead."""


def mentions(root: Path) -> Iterator[tuple[str, str, str]]:
    """Yield each file that should name the version, its text, and the pattern whose first group is the version."""
    for glob, pattern in MENTIONS.items():
        for path in sorted(root.glob(glob)):
            text = path.read_text(encoding="utf-8")
            if glob not in MAY_LACK or re.search(pattern, text):
                yield path.relative_to(root).as_posix(), text, pattern


def problems(root: Path, version: str) -> list[str]:
    """Return what keeps `root` from being released as `version`, such as 1.0.0."""
    found = []
    for name, text, pattern in mentions(root):
        named = set(re.findall(pattern, text)) or {"no version"}
        found += [f"{name} names {other}, not {version}" for other in sorted(named - {version})]
    try:
        notes(root, version)
    except ValueError as error:
        found.append(str(error))
    try:
        rewritten(root, "sha256:" + "0" * 64, version)
    except ValueError as error:
        found.append(str(error))
    return found


def bump(root: Path, version: str) -> None:
    """Have every file of `root` name `version`. The changelog is for a person to write."""
    for name, text, pattern in mentions(root):
        changed = re.sub(pattern, lambda match: match[0].replace(match[1], version), text)
        (root / name).write_text(changed, encoding="utf-8")


def notes(root: Path, version: str) -> str:
    """Return what the changelog says of `version`.

    Raises:
        ValueError: it isn't the newest there, or there is nothing.
    """
    text = (root / "CHANGELOG.md").read_text(encoding="utf-8")
    sections = re.split(r"(?m)^## ", text)[1:]
    title, _, body = (sections or [""])[0].partition("\n")
    if title.strip() != version or not body.strip():
        raise ValueError(f"CHANGELOG.md must begin with a section on {version}, and say what is in it")
    return body.strip() + "\n"


def rewritten(root: Path, digest: str, version: str) -> dict[str, str]:
    """Return the actions' files with the image's digest in the place of the Dockerfile.

    Args:
        root: the checkout.
        digest: the image's, `sha256:` and 64 hexadecimal digits.
        version: what it is called beside the digest, for the reader.

    Raises:
        ValueError: a file isn't built from the Dockerfile; it may be a release already.
    """
    if not re.fullmatch(r"sha256:[0-9a-f]{64}", digest):
        raise ValueError(f"{digest!r} is not an image's digest")
    files = {}
    for name, line in USES_IMAGE.items():
        text = (root / name).read_text(encoding="utf-8")
        pattern = rf"(?m)^  {re.escape(line)}\b.*$"
        files[name], count = re.subn(pattern, f"  image: docker://{IMAGE}@{digest} # v{version}", text)
        if count != 1:
            raise ValueError(f"{name} has no line {line!r}; is it a release already?")
    return files


def newest(version: str, tags: list[str]) -> bool:
    """Return whether no tag of `tags` is of a later version."""
    numbers = [_number(tag[1:]) for tag in tags if re.fullmatch(f"v{VERSION}", tag)]
    return all(number <= _number(version) for number in numbers)


def moving(version: str, tags: list[str]) -> list[str]:
    """Return the tags that a release makes or moves: its own, and its major version's where it is the newest of that.

    Args:
        version: such as 1.0.0.
        tags: those that there are.
    """
    major = f"v{version.split('.', 1)[0]}"
    is_newest = newest(version, [tag for tag in tags if tag.startswith(f"{major}.")])
    return [f"v{version}", major] if is_newest else [f"v{version}"]


def ask(repository: Repository, version: str, commit: str) -> None:
    """Ask GitHub what could be refused, before anything is built or moved.

    Raises:
        Refused: it would be.
    """
    tags = moving(version, [tag.name for tag in repository.get_tags()])
    if found := publishing.refusals(repository, version, commit, tags):
        raise publishing.Refused("; ".join(found))


def publish(repository: Repository, root: Path, version: str, commit: str, digest: str) -> bool:
    """Release `version`, whole or not at all.

    Args:
        repository: the repository on GitHub.
        root: a checkout of `commit`.
        version: such as 1.0.0.
        commit: the commit that was tagged.
        digest: the action's image's.

    Returns:
        Whether it is the newest of its major version, so that the major tag moved.

    Raises:
        Refused: GitHub would not, or did not, take it.
    """
    release = publishing.Release(version, commit, rewritten(root, digest, version), notes(root, version))
    ask(repository, version, commit)
    there = [tag.name for tag in repository.get_tags()]
    tags = moving(version, there)
    publishing.publish(repository, release, tags, is_latest=newest(version, there))
    return len(tags) > 1


def _number(version: str) -> tuple[int, ...]:
    return tuple(map(int, version.split(".")))


def _tagged(tag: str) -> str:
    if not re.fullmatch(f"v{VERSION}", tag):
        raise argparse.ArgumentTypeError("must be a tag as in v1.0.0")
    return tag[1:]


def _version(text: str) -> str:
    if not re.fullmatch(VERSION, text):
        raise argparse.ArgumentTypeError("must be a version as in 1.0.0 (semver.org)")
    return text


def parser() -> argparse.ArgumentParser:
    """Return what reads the command line."""
    parser = argparse.ArgumentParser("scripts.release", description="Make a release.")
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("check").add_argument("version", type=_tagged, nargs="?", default=f"v{__version__}")
    commands.add_parser("bump").add_argument("version", type=_version)
    commands.add_parser("rewrite").add_argument("digest")
    commands.add_parser("ask").add_argument("version", type=_tagged)
    publish_command = commands.add_parser("publish")
    publish_command.add_argument("version", type=_tagged)
    publish_command.add_argument("digest")
    return parser


def main(arguments: list[str]) -> int:
    """Run a command, and return the exit code."""
    given = parser().parse_args(arguments)
    match given.command:
        case "check":
            found = problems(ROOT, given.version)
            print(*found or [f"{given.version} is named everywhere, and has its notes"], sep="\n")
            return 1 if found else 0
        case "bump":
            bump(ROOT, given.version)
        case "rewrite":
            for name, text in rewritten(ROOT, given.digest, __version__).items():
                (ROOT / name).write_text(text, encoding="utf-8")
        case "ask" | "publish":
            return _on_github(given)
    return 0


def _on_github(given: argparse.Namespace) -> int:
    """Run what asks GitHub, and return the exit code."""
    variables = os.environ
    api = github.Github(auth=github.Auth.Token(variables["GITHUB_TOKEN"]), base_url=variables["GITHUB_API_URL"])
    repository, commit = api.get_repo(variables["GITHUB_REPOSITORY"]), variables["GITHUB_SHA"]
    try:
        if given.command == "ask":
            ask(repository, given.version, commit)
        else:
            moved = publish(repository, ROOT, given.version, commit, given.digest)
            print(f"moved_major={str(moved).lower()}")
    except publishing.Refused as refused:
        print(f"::error title=The release was refused::{refused}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
