"""Where the program runs: one file a CI system, behind one Protocol. A new one is a file here and a line below."""

from collections.abc import Mapping
from typing import TextIO

from secuprobe_action.platforms.bar import bar_on
from secuprobe_action.platforms.base import Platform
from secuprobe_action.platforms.bitbucket import Bitbucket
from secuprobe_action.platforms.github import GitHub
from secuprobe_action.platforms.gitlab import GitLab
from secuprobe_action.platforms.terminal import Terminal

__all__ = ["Platform", "detect"]


def detect(environment: Mapping[str, str], out: TextIO) -> Platform:
    """Return the platform that the environment speaks of.

    Args:
        environment: the process's environment.
        out: where the log goes.
    """
    if environment.get("GITHUB_ACTIONS") == "true":
        return GitHub(environment, out)
    if environment.get("GITLAB_CI") == "true":
        return GitLab(environment, out)
    if environment.get("BITBUCKET_BUILD_NUMBER"):
        return Bitbucket(environment, out)
    return Terminal(environment, out, bar_on(out, environment))
