"""A release, as far as it can be tried without GitHub: versions, the rewritten actions, the image, and what GitHub is told."""

import ast
import json
import re
import shlex
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import github
import pytest
import yaml
from github.Repository import Repository

from scripts import release
from scripts.publishing import Refused
from secuprobe_action import __version__
from tests.git_api import GitHubSide, serving
from tests.github_api import check_bodies
from tests.support import ROOT, build_image, command_output, copy_of_this

DIGEST = "sha256:" + "a1" * 32
OWN, MAJOR = f"v{__version__}", f"v{__version__.split('.', maxsplit=1)[0]}"
WORKFLOW = yaml.safe_load((ROOT / ".github" / "workflows" / "release.yml").read_text(encoding="utf-8"))


@pytest.fixture(name="checkout")
def _checkout(tmp_path: Path) -> Path:
    return copy_of_this(tmp_path)


def write(root: Path, files: dict[str, str]) -> None:
    for name, text in files.items():
        (root / name).write_text(text, encoding="utf-8")


def test_every_file_names_this_version() -> None:
    assert release.problems(ROOT, __version__) == []


@pytest.mark.parametrize("name", [name for name, _, _ in release.mentions(ROOT)])
def test_a_file_that_names_another_version_is_found(checkout: Path, name: str) -> None:
    text = (checkout / name).read_text(encoding="utf-8")
    write(checkout, {name: text.replace(__version__, "9.9.9", 1)})

    assert f"{name} names 9.9.9, not {__version__}" in release.problems(checkout, __version__)


def test_the_next_version_needs_a_bump_and_notes(checkout: Path) -> None:
    release.bump(checkout, "7.8.9")

    assert release.problems(checkout, "7.8.9") == ["CHANGELOG.md must begin with a section on 7.8.9, and say what is in it"]
    changelog = (checkout / "CHANGELOG.md").read_text(encoding="utf-8")
    write(checkout, {"CHANGELOG.md": changelog.replace("## ", "## 7.8.9\n\n- News.\n\n## ", 1)})
    assert release.problems(checkout, "7.8.9") == []
    assert release.notes(checkout, "7.8.9") == "- News.\n"


def test_the_actions_name_the_image_by_its_digest(checkout: Path) -> None:
    files = release.rewritten(checkout, DIGEST, __version__)
    write(checkout, files)

    for name, text in files.items():
        before = yaml.safe_load((ROOT / name).read_text(encoding="utf-8"))
        after = yaml.safe_load(text)
        assert after["runs"].pop("image") == f"docker://{release.IMAGE}@{DIGEST}"
        assert before["runs"].pop("image").endswith("Dockerfile")
        assert after == before
    actions = sorted(path.relative_to(ROOT).as_posix() for path in ROOT.glob("**/action.yml") if "node_modules" not in path.parts)
    assert sorted(files) == [name for name in actions if not name.startswith(("build/", "mutants/", "tests/"))]
    assert any("is it a release already?" in problem for problem in release.problems(checkout, __version__))


def test_the_released_actions_pass_the_linters_without_exceptions(checkout: Path) -> None:
    files = release.rewritten(checkout, DIGEST, __version__)
    write(checkout, files)

    for program, *options in (
        ["check-jsonschema", "--builtin-schema", "vendor.github-actions"],
        ["zizmor", "--offline", "--no-progress", "--persona", "auditor"],
    ):
        command = [str(Path(sys.executable).with_name(program)), *options, *files]
        done = subprocess.run(command, cwd=checkout, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout + done.stderr
    assert "zizmor: ignore" not in "".join(files.values())


@pytest.mark.parametrize("digest", ["", "latest", "sha256:", "sha256:" + "A" * 64, "sha512:" + "a" * 64])
def test_what_is_no_digest_is_refused(digest: str) -> None:
    with pytest.raises(ValueError, match="not an image's digest"):
        release.rewritten(ROOT, digest, __version__)


@pytest.mark.container
@pytest.mark.timeout(600)
def test_the_released_tree_builds_the_same_image_again(checkout: Path) -> None:
    def content(tag: str) -> str:
        script = "find /app -type f | sort | xargs sha256sum"
        return command_output(["docker", "run", "--rm", "--entrypoint", "/bin/sh", tag, "-c", script])

    build_image("secuprobe-scan-action:before", ROOT)
    write(checkout, release.rewritten(checkout, DIGEST, __version__))
    build_image("secuprobe-scan-action:released", checkout, "--no-cache")

    assert content("secuprobe-scan-action:released") == content("secuprobe-scan-action:before")
    assert command_output(["docker", "run", "--rm", "secuprobe-scan-action:released", "--version"]).strip() == __version__


@pytest.mark.parametrize(
    ("version", "tags", "expected"),
    [
        ("1.0.0", [], True),
        ("1.0.0", ["v1.0.0", "v1"], True),
        ("1.10.0", ["v1.9.9", "v1.2.10"], True),
        ("1.9.9", ["v1.10.0"], False),
        ("1.0.1", ["v1.1.0", "nonsense", "v1.2"], False),
    ],
)
def test_only_the_newest_version_moves_the_major_tag(version: str, tags: list[str], expected: bool) -> None:
    assert release.newest(version, tags) is expected


def repository_of(side: GitHubSide) -> Repository:
    auth = github.Auth.Token("ghs_token")
    return github.Github(auth=auth, base_url=side.url, seconds_between_writes=0, seconds_between_requests=0, retry=None).get_repo(
        "org/app"
    )


def publish(side: GitHubSide) -> bool:
    return release.publish(repository_of(side), ROOT, __version__, side.git("rev-parse", "main"), DIGEST)


@pytest.fixture(name="side")
def _side(checkout: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[GitHubSide]:
    """GitHub with this repository, of which one commit is tagged."""
    bare = tmp_path_factory.mktemp("bare")
    side = GitHubSide(bare)
    side.git("init", "--quiet", "--bare", "--initial-branch", "main")
    for command in (["init", "--quiet", "--initial-branch", "main"], ["add", "--all"], ["commit", "--quiet", "-m", "All of it"]):
        side.git("-C", str(checkout), *command)
    side.git("-C", str(checkout), "push", "--quiet", str(bare), "main", f"main:refs/tags/{OWN}")
    with serving(side):
        yield side


def test_a_release_is_a_commit_on_the_tagged_one_and_the_tags_point_there(side: GitHubSide) -> None:
    tagged = side.git("rev-parse", "main")

    assert publish(side) is True

    assert set(side.tags) == {OWN, MAJOR}
    (released,) = set(side.tags.values())
    assert side.git("rev-parse", f"{released}^") == tagged
    changed = side.git("diff", "--name-only", tagged, released).splitlines()
    assert changed == sorted(release.USES_IMAGE)
    assert all(
        side.git("show", f"{released}:{name}") + "\n" == text
        for name, text in release.rewritten(ROOT, DIGEST, __version__).items()
    )
    (published,) = side.releases
    assert (published["draft"], published["make_latest"], published["tag_name"]) == (False, "true", OWN)
    assert published["body"] == release.notes(ROOT, __version__)
    assert [ref for ref in side.refs() if "trial" in ref] == []


def test_github_signs_the_commit_since_it_is_the_author(side: GitHubSide) -> None:
    publish(side)

    (commit,) = [body for operation, body in side.told if operation == "POST /git/commits"]
    assert "author" not in commit


def test_an_older_version_moves_no_tag_but_its_own(side: GitHubSide) -> None:
    for tag in (MAJOR, f"{MAJOR}.999.0"):
        side.git("tag", tag, "main")

    assert publish(side) is False

    assert side.tags[MAJOR] == side.git("rev-parse", "main")
    assert side.tags[OWN] != side.tags[MAJOR]
    assert side.releases[0]["make_latest"] == "false"


def test_a_second_attempt_moves_the_tags_on_and_updates_the_release(side: GitHubSide) -> None:
    publish(side)
    side.releases[0]["body"] = "old"

    assert publish(side) is True

    (published,) = side.releases
    assert published["body"] == release.notes(ROOT, __version__)


def test_an_annotated_tag_is_released_too(side: GitHubSide) -> None:
    side.git("tag", "--force", "--annotate", "-m", "1", OWN, "main")

    assert publish(side) is True


STEPS = {
    "the commit": "POST /git/commits",
    "the draft": "POST /releases",
    "the version's own tag": f"PATCH /git/refs/tags/{OWN}",
    "the major tag": "POST /git/refs refs/tags/",
    "the release": "PATCH /releases/1",
}


@pytest.mark.parametrize("step", STEPS)
def test_where_a_step_is_refused_nothing_of_the_release_is_left(side: GitHubSide, step: str) -> None:
    before = side.refs(), side.tags
    refused = STEPS[step]
    side.refuse = lambda request, body: (422, "No") if f"{request} {body.get('ref', '')}".startswith(refused) else None

    with pytest.raises(Refused, match="GitHub refused the release: 422 No"):
        publish(side)

    assert (side.refs(), side.tags) == before
    assert side.releases == []


def test_what_can_not_be_taken_back_is_told(side: GitHubSide) -> None:
    def refuse(request: str, body: dict[str, Any]) -> tuple[int, str] | None:
        moved = any(operation == f"PATCH /git/refs/tags/{OWN}" for operation, _ in side.told)
        return (500, "Down") if moved else None

    side.refuse = refuse

    with pytest.raises(Refused, match="could not be taken back: 500 Down"):
        publish(side)


def forbid_new_tags(side: GitHubSide) -> str:
    side.forbid("creation")
    return r"the ruleset ruleset 1 \(creation\) keeps this token from"


def forbid_moved_tags(side: GitHubSide) -> str:
    side.forbid("update", pattern="~ALL")
    return r"\(update\) keeps this token from v"


def move_the_tag(side: GitHubSide) -> str:
    side.git("update-ref", f"refs/tags/{OWN}", side.git("commit-tree", "main^{tree}", "-m", "Another"))
    return "somebody moved it"


def remove_the_tag(side: GitHubSide) -> str:
    side.git("tag", "--delete", OWN)
    return "is gone from GitHub"


def forbid_workflow_files(side: GitHubSide) -> str:
    """As GitHub does where the commit's workflows are not the default branch's, and the token may not write workflows."""
    side.refuse = lambda request, body: (403, "Resource not accessible by integration") if request == "POST /git/refs" else None
    return "a branch at [0-9a-f]{40} was refused: 403 Resource not accessible by integration"


@pytest.mark.parametrize("forbid", [forbid_new_tags, forbid_moved_tags, move_the_tag, remove_the_tag, forbid_workflow_files])
def test_what_would_be_refused_is_known_before_anything_is_built_or_moved(
    side: GitHubSide, forbid: Callable[[GitHubSide], str]
) -> None:
    commit = side.git("rev-parse", "main")
    said = forbid(side)
    before = side.refs(), side.tags

    with pytest.raises(Refused, match=said):
        release.ask(repository_of(side), __version__, commit)

    assert (side.refs(), side.tags, side.releases) == (*before, [])


@pytest.mark.parametrize(("pattern", "can_bypass"), [("refs/tags/v*", "always"), ("refs/tags/nightly-*", "never")])
def test_a_ruleset_that_is_not_about_this_does_not_matter(side: GitHubSide, pattern: str, can_bypass: str) -> None:
    side.forbid("creation", "update", "deletion", pattern=pattern, can_bypass=can_bypass)

    release.ask(repository_of(side), __version__, side.git("rev-parse", "main"))

    assert [ref for ref in side.refs() if "trial" in ref] == []


def test_a_plan_without_rulesets_has_none(side: GitHubSide) -> None:
    side.refuse = lambda request, body: (403, "Upgrade to GitHub Pro") if request == "GET /rulesets" else None

    release.ask(repository_of(side), __version__, side.git("rev-parse", "main"))


@pytest.mark.node
def test_what_github_is_told_is_what_its_api_takes(side: GitHubSide) -> None:
    publish(side)
    publish(side)

    told = []
    for operation, body in side.told:
        path = re.sub(r"/refs/.*", "/refs/{ref}", operation)
        path = re.sub(r"/releases/\d+", "/releases/{release_id}", path)
        told.append((path.replace(" ", " /repos/{owner}/{repo}"), body))
    assert len({operation for operation, _ in told}) == 8
    check_bodies([(operation, body) for operation, body in told if not operation.startswith("DELETE")])


def test_no_workflow_is_changed_since_the_workflows_token_may_not() -> None:
    assert [name for name in release.USES_IMAGE if name.startswith(".github/")] == []


def steps() -> list[dict[str, Any]]:
    return [step for job in WORKFLOW["jobs"].values() for step in job["steps"]]


def test_the_workflow_calls_the_script_as_the_script_is_called() -> None:
    commands = [line for step in steps() for line in step.get("run", "").splitlines() if "scripts.release" in line]

    assert len(commands) == 3
    for line in commands:
        words = shlex.split(re.sub(r" >>.*", "", line).replace("$GITHUB_REF_NAME", "v1.2.3").replace('"$(cat digest)"', DIGEST))
        given = release.parser().parse_args(words[words.index("scripts.release") + 1 :])
        assert given.version == "1.2.3"


def test_every_job_of_the_release_has_just_the_permissions_it_needs() -> None:
    assert WORKFLOW["permissions"] == {}
    assert {name: job["permissions"] for name, job in WORKFLOW["jobs"].items()} == {
        "ask": {"contents": "write"},
        "test": {"contents": "read"},
        "image": {"contents": "read", "packages": "write", "id-token": "write", "attestations": "write"},
        "publish": {"contents": "write"},
        "tags": {"packages": "write"},
    }
    assert "secrets." not in (ROOT / ".github" / "workflows" / "release.yml").read_text(encoding="utf-8")


def test_nothing_is_published_before_the_tests_passed() -> None:
    needs = {name: job.get("needs") for name, job in WORKFLOW["jobs"].items()}

    assert needs == {
        "ask": None,
        "test": None,
        "image": ["ask", "test"],
        "publish": "image",
        "tags": ["image", "publish"],
    }
    assert WORKFLOW[True]["push"] == {"tags": ["v[0-9]+.[0-9]+.[0-9]+"]}
    runs = [step.get("run", "") for step in WORKFLOW["jobs"]["test"]["steps"]]
    assert "make test" in runs
    assert any("--is-ancestor" in run for run in runs)


def test_the_image_is_for_two_architectures_attested_and_signed_by_its_digest() -> None:
    image = WORKFLOW["jobs"]["image"]["steps"]
    (build,) = [step for step in image if step.get("uses", "").startswith("docker/build-push-action@")]
    (attest,) = [step for step in image if step.get("uses", "").startswith("actions/attest@")]
    (sign,) = [step for step in image if "cosign sign" in step.get("run", "")]

    assert (WORKFLOW["env"]["PLATFORMS"], build["with"]["platforms"]) == ("linux/amd64,linux/arm64", "${{ env.PLATFORMS }}")
    assert (build["with"]["provenance"], build["with"]["sbom"]) == ("mode=max", True)
    digest = "${{ steps.build.outputs.digest }}"
    assert attest["with"]["subject-digest"] == sign["env"]["DIGEST"] == digest
    assert sign["run"] == 'cosign sign --yes "$IMAGE@$DIGEST"'
    images = {f"ghcr.io/garconposey/{each['name']}" for each in WORKFLOW["jobs"]["image"]["strategy"]["matrix"]["include"]}
    assert images == {release.IMAGE, release.SERVICE_IMAGE}


def test_what_publishes_needs_only_what_its_job_installs() -> None:
    """The job has requirements/runtime.txt, not what tests need."""
    locked = re.findall(r"^([\w-]+)==", (ROOT / "requirements" / "runtime.txt").read_text(encoding="utf-8"), re.MULTILINE)
    scripts = [ROOT / "scripts" / name for name in ("release.py", "publishing.py")]
    nodes = [node for script in scripts for node in ast.walk(ast.parse(script.read_text(encoding="utf-8")))]
    modules = {alias.name for node in nodes if isinstance(node, ast.Import) for alias in node.names}
    modules |= {str(node.module) for node in nodes if isinstance(node, ast.ImportFrom)}

    assert {"pygithub", "requests"} <= set(locked)
    others = {module.split(".", maxsplit=1)[0] for module in modules} - sys.stdlib_module_names
    assert others == {"github", "requests", "scripts", "secuprobe_action"}


@pytest.mark.parametrize(("arguments", "code"), [([], 0), ([f"v{__version__}"], 0), (["v9.9.9"], 1)])
def test_the_check_is_a_command(arguments: list[str], code: int, capsys: pytest.CaptureFixture[str]) -> None:
    assert release.main(["check", *arguments]) == code

    assert ("names 1." in capsys.readouterr().out) is (code == 1)


@pytest.mark.parametrize("tag", ["1.0.0", "v1.0", "v1.0.0-rc.1", "main", "v01.2.3"])
def test_what_is_no_versions_tag_is_refused(tag: str) -> None:
    with pytest.raises(SystemExit):
        release.main(["check", tag])


@pytest.mark.parametrize("version", ["foo", "v1.0.0", "1.0", "1.0.0-rc.1", "01.2.3", "1.2.3\n"])
def test_nothing_is_bumped_to_what_is_no_version(version: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        release.main(["bump", version])

    assert "must be a version as in 1.0.0" in capsys.readouterr().err


def test_every_lock_is_audited_and_kept_up_to_date() -> None:
    locks = [path.stem for path in (ROOT / "requirements").glob("*.txt") if "--hash=" in path.read_text(encoding="utf-8")]
    audited = re.search(r"^\tfor lock in ([\w ]+); do .*pip-audit", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE)
    renovate = json.loads((ROOT / ".github" / "renovate.json").read_text(encoding="utf-8"))
    (pattern,) = renovate["pip_requirements"]["managerFilePatterns"]
    audit = yaml.safe_load((ROOT / ".github" / "workflows" / "audit.yml").read_text(encoding="utf-8"))

    assert audited is not None
    assert sorted(audited[1].split()) == sorted(locks)
    assert all(re.search(pattern.strip("/"), f"requirements/{lock}.txt") for lock in locks)
    assert {"dockerfile", "github-actions", "pip_requirements"} <= set(renovate["enabledManagers"])
    assert audit[True]["schedule"]
    assert "make audit" in [step.get("run") for step in audit["jobs"]["audit"]["steps"]]


def test_actions_of_others_are_pinned_by_commit_with_their_version() -> None:
    for path in (ROOT / ".github" / "workflows").glob("*.yml"):
        for uses in re.findall(r"uses: (.*)", path.read_text(encoding="utf-8")):
            assert uses.startswith("$/") or re.fullmatch(r"[\w.-]+/[\w./-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+", uses), uses
