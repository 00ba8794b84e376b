"""The release, run from its tag to its tags: against a registry, a GitHub with a real repository, and what both may refuse."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import yaml

from secuprobe_action import __version__
from tests.engine import checkouts, registry
from tests.engine.act import Engine, Run
from tests.engine.conftest import RUNNER
from tests.engine.registry import Registry
from tests.git_api import GitHubSide, serving
from tests.support import KEY, command_output, copy_of_this, secuprobe

pytestmark = [pytest.mark.engine, pytest.mark.timeout(300)]

OWN, MAJOR = f"v{__version__}", f"v{__version__.split('.', maxsplit=1)[0]}"
PACKAGES = ("garconposey/secuprobe-scan-action", "garconposey/secuprobe-embedded")
HERE = {
    "linux/amd64,linux/arm64": "linux/amd64",  # QEMU can't be had here
    "make test": "true",  # this is one of those tests
    "npm ci --no-audit --no-fund": "true",
    ".venv/bin/python": "python",
}
"""What differs from the workflow as it stands."""


@dataclass
class Releasing:
    """A tagged commit of a repository, and where its release goes."""

    folder: Path
    side: GitHubSide
    registry: Registry
    building: dict[str, str]
    tries: int = 0

    @property
    def checkout(self) -> Path:
        return self.folder / "checkout"

    def run(self) -> Run:
        """Run the release's workflow for the tag."""
        self.tries += 1
        engine = Engine(RUNNER, checkouts.stand_ins())
        commit = command_output(["git", "rev-parse", "HEAD"], cwd=self.checkout).strip()
        environment = {
            **self.building,
            "GITHUB_API_URL": self.side.url,
            "GITHUB_REPOSITORY": "org/app",
            "GITHUB_REF": f"refs/tags/{OWN}",
            "GITHUB_REF_NAME": OWN,
            "SHA_REF": commit,
        }
        workflow = self.checkout / ".github" / "workflows" / "release.yml"
        return engine.run(
            "push",
            workflow,
            self.folder / f"run{self.tries}",
            secrets={"GITHUB_TOKEN": self.registry.password},
            environment=environment,
            payload={"ref": f"refs/tags/{OWN}"},
        )

    def image_tags(self) -> set[tuple[str, str]]:
        """Return package and tag of what was pushed; those that stand for a push by digest aren't counted."""
        return {(name, tag) for name, tag in self.registry.tags if not tag.startswith("untagged-")}


@pytest.fixture(name="releasing")
def _releasing(images: None, service_image: str, building: dict[str, str], tmp_path: Path) -> Iterator[Releasing]:
    side = GitHubSide(tmp_path / "bare")
    side.folder.mkdir()
    side.git("init", "--quiet", "--bare", "--initial-branch", "main")
    with registry.serving(Registry("ghs_token")) as packages, serving(side):
        checkout = copy_of_this(tmp_path / "checkout")
        point_to(checkout, packages.host)
        checkouts.commit_all(checkout, origin=str(side.folder))
        command_output(["git", "push", "--quiet", "origin", "main", f"main:refs/tags/{OWN}"], cwd=checkout)
        command_output(["git", "fetch", "--quiet", "--tags"], cwd=checkout)
        yield Releasing(tmp_path, side, packages, building)
        forget(packages.host)


def point_to(checkout: Path, host: str) -> None:
    """Have every file name the registry `host`, and the release's workflow do what can be done here."""
    for path in checkout.rglob("*"):
        if path.is_file() and ".git" not in path.relative_to(checkout).parts and b"ghcr.io" in (content := path.read_bytes()):
            path.write_bytes(content.replace(b"ghcr.io", host.encode()))
    workflow = checkout / ".github" / "workflows" / "release.yml"
    text = workflow.read_text(encoding="utf-8")
    for there, here in HERE.items():
        assert there in text
        text = text.replace(there, here)
    workflow.write_text(checkouts.as_workflow(yaml.safe_load(text)), encoding="utf-8")


def forget(host: str) -> None:
    """Remove what was pushed to the registry and pulled from it."""
    shown = "{{.Repository}}:{{.Tag}} {{.Repository}}@{{.Digest}}"
    command = ["docker", "images", "--digests", "--format", shown, "--filter", f"reference={host}/*/*"]
    names = {name for name in command_output(command).split() if "<none>" not in name}
    if names:
        command_output(["docker", "rmi", "--force", *names])


def test_what_github_would_refuse_stops_it_before_anything_is_built(releasing: Releasing) -> None:
    releasing.side.forbid("creation", "update")
    before = releasing.side.refs()

    run = releasing.run()

    assert run.job("/Ask GitHub what it would refuse").result == "failure"
    assert any("keeps this token from v1" in message for _, _, message in run.annotations)
    assert (releasing.side.refs(), releasing.side.releases, releasing.registry.manifests) == (before, [], {})


def test_a_tag_becomes_a_release_once_its_images_are_public_and_what_is_released_builds_nothing(releasing: Releasing) -> None:
    releasing.registry.private.add(PACKAGES[1])
    before = releasing.side.tags

    refused = releasing.run()

    assert any(title == "The image is not public" for _, title, _ in refused.annotations), refused.log
    assert (releasing.side.tags, releasing.side.releases, releasing.image_tags()) == (before, [], set())

    releasing.registry.private.clear()
    run = releasing.run()

    assert set(run.results.values()) == {"success"}, run.log
    assert set(releasing.side.tags) == {OWN, MAJOR}
    (released,) = set(releasing.side.tags.values())
    assert releasing.image_tags() == {(name, tag) for name in PACKAGES for tag in (__version__, MAJOR.removeprefix("v"))}
    (published,) = releasing.side.releases
    assert published["draft"] is False
    noted = (run.folder / "signatures").read_text(encoding="utf-8").splitlines()
    subjects = [f"{releasing.registry.host}/{name}@{releasing.registry.image(name, __version__)}" for name in PACKAGES]
    assert sorted(noted) == sorted(f"{how} {subject}" for how in ("attested", "signed") for subject in subjects)

    scan = use(releasing, released)

    assert scan.job("/job").result == "success", scan.log
    assert f"docker pull image={subjects[0]}" in scan.log
    assert "docker build" not in scan.log


def use(releasing: Releasing, released: str) -> Run:
    """Run a workflow that uses the release's tree."""
    tree = releasing.folder / "tree"
    releasing.side.git("worktree", "add", "--quiet", "--detach", str(tree), released)
    engine = Engine(RUNNER, {f"{checkouts.OURS}@{OWN}": tree})
    with secuprobe() as api:
        given = f"{{api_key: {KEY}, url: 'https://shop.example', api_url: '{api.url}'}}"
        step = f"{{uses: {checkouts.OURS}@{OWN}, with: {given}}}"
        text = f"on: push\njobs: {{job: {{runs-on: ubuntu-latest, steps: [{step}]}}}}"
        return engine.run("push", checkouts.caller(releasing.folder / "user", text), releasing.folder / "used")
