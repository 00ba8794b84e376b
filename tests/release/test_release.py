"""A release, as far as it can be tried without GitHub: versions, the rewritten actions, the image, and what GitHub is told."""

import ast
import json
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import github
import pytest
import responses
import yaml

from scripts import release
from secuprobe_action import __version__
from tests.github_api import check_bodies
from tests.support import ROOT, build_image, command_output

API = "https://api.github.com:443/repos/org/app"  # PyGithub names the port, and won't have it in an answer
URL = API.replace(":443", "")
DIGEST = "sha256:" + "a1" * 32
COMMIT, TREE, NEW_TREE, RELEASED = "c" * 40, "d" * 40, "e" * 40, "f" * 40
WORKFLOW = yaml.safe_load((ROOT / ".github" / "workflows" / "release.yml").read_text(encoding="utf-8"))


@pytest.fixture(name="checkout")
def _checkout(tmp_path: Path) -> Path:
    """Return a copy of what git knows of this repository."""
    for name in command_output(["git", "ls-files", "--cached", "--others", "--exclude-standard"], cwd=ROOT).splitlines():
        if (ROOT / name).exists():
            (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, tmp_path / name)
    return tmp_path


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


class GitHubSide:
    """What GitHub is told, and the little that it answers."""

    def __init__(self, mocked: responses.RequestsMock, tags: list[str], *, released_before: bool = False) -> None:
        self.mocked = mocked
        commit = {"sha": COMMIT, "url": f"{URL}/git/commits/{COMMIT}", "tree": {"sha": TREE}}
        mocked.get(API, json={"full_name": "org/app", "url": URL})
        mocked.get(f"{API}/git/commits/{COMMIT}", json=commit)
        mocked.post(f"{API}/git/trees", json={"sha": NEW_TREE}, status=201)
        mocked.post(f"{API}/git/commits", json={"sha": RELEASED}, status=201)
        refs = [{"ref": f"refs/tags/{tag}", "url": f"{URL}/git/refs/tags/{tag}"} for tag in tags]
        mocked.get(f"{API}/tags", json=[{"name": tag} for tag in tags])
        for ref in refs:
            mocked.get(f"{API}/git/ref/{ref['ref'].removeprefix('refs/')}", json=ref)
            mocked.patch(ref["url"].replace(URL, API), json=ref)
        mocked.post(f"{API}/git/refs", json={}, status=201)
        known = {"id": 1, "url": f"{URL}/releases/1", "tag_name": f"v{__version__}"}
        found: dict[str, Any] = {"json": known} if released_before else {"json": {"message": "Not Found"}, "status": 404}
        mocked.get(f"{API}/releases/tags/v{__version__}", **found)
        mocked.post(f"{API}/releases", json=known, status=201)
        mocked.patch(f"{API}/releases/1", json=known)

    def told(self) -> list[tuple[str, dict[str, Any]]]:
        return [
            (f"{call.request.method} {str(call.request.url).removeprefix(API)}", json.loads(str(call.request.body)))
            for call in self.mocked.calls
            if call.request.method != "GET"
        ]

    def publish(self) -> bool:
        repository = github.Github(auth=github.Auth.Token("ghs_token"), seconds_between_writes=0).get_repo("org/app")
        return release.publish(repository, ROOT, __version__, COMMIT, DIGEST)


@pytest.fixture(name="mocked")
def _mocked() -> Iterator[responses.RequestsMock]:
    with responses.RequestsMock(assert_all_requests_are_fired=False) as mocked:
        yield mocked


def test_a_release_is_a_commit_on_the_tagged_one_and_the_tags_point_there(mocked: responses.RequestsMock) -> None:
    side = GitHubSide(mocked, [f"v{__version__}"])

    assert side.publish() is True

    told = side.told()
    assert [operation for operation, _ in told] == [
        "POST /git/trees",
        "POST /git/commits",
        f"PATCH /git/refs/tags/v{__version__}",
        "POST /git/refs",
        "POST /releases",
    ]
    tree, commit, own, major, published = (body for _, body in told)
    assert tree["base_tree"] == TREE
    assert {entry["path"]: entry["content"] for entry in tree["tree"]} == release.rewritten(ROOT, DIGEST, __version__)
    assert {entry["mode"] for entry in tree["tree"]} == {"100644"}
    assert (commit["tree"], commit["parents"]) == (NEW_TREE, [COMMIT])
    assert "author" not in commit, "GitHub signs only what it is the author of"
    assert own == {"sha": RELEASED, "force": True}
    assert major == {"ref": f"refs/tags/v{__version__.split('.')[0]}", "sha": RELEASED}
    assert published["tag_name"] == f"v{__version__}"
    assert published["body"] == release.notes(ROOT, __version__)
    assert published["make_latest"] == "true"


def test_an_older_version_moves_no_tag_but_its_own(mocked: responses.RequestsMock) -> None:
    major = __version__.split(".", maxsplit=1)[0]
    side = GitHubSide(mocked, [f"v{__version__}", f"v{major}", f"v{major}.999.0"])

    assert side.publish() is False

    operations = [operation for operation, _ in side.told()]
    assert f"PATCH /git/refs/tags/v{major}" not in operations
    assert side.told()[-1][1]["make_latest"] == "false"


def test_a_second_attempt_updates_the_release(mocked: responses.RequestsMock) -> None:
    major = __version__.split(".", maxsplit=1)[0]
    side = GitHubSide(mocked, [f"v{__version__}", f"v{major}"], released_before=True)

    assert side.publish() is True

    assert [operation for operation, _ in side.told()][2:] == [
        f"PATCH /git/refs/tags/v{__version__}",
        f"PATCH /git/refs/tags/v{major}",
        "PATCH /releases/1",
    ]


@pytest.mark.node
def test_what_github_is_told_is_what_its_api_takes(mocked: responses.RequestsMock) -> None:
    for released_before in (False, True):
        side = GitHubSide(mocked, [f"v{__version__}"], released_before=released_before)
        side.publish()

    told = []
    for operation, body in side.told():
        path = re.sub(r"/refs/tags/.*", "/refs/{ref}", operation).replace("/releases/1", "/releases/{release_id}")
        told.append((path.replace(" ", " /repos/{owner}/{repo}"), body))
    assert len({operation for operation, _ in told}) == 6
    check_bodies(told)


def test_no_workflow_is_changed_since_the_workflows_token_may_not() -> None:
    assert [name for name in release.USES_IMAGE if name.startswith(".github/")] == []


def steps() -> list[dict[str, Any]]:
    return [step for job in WORKFLOW["jobs"].values() for step in job["steps"]]


def test_the_workflow_calls_the_script_as_the_script_is_called() -> None:
    commands = [line for step in steps() for line in step.get("run", "").splitlines() if "scripts.release" in line]

    assert len(commands) == 2
    for line in commands:
        words = shlex.split(re.sub(r" >>.*", "", line).replace("$GITHUB_REF_NAME", "v1.2.3").replace("$DIGEST", DIGEST))
        given = release.parser().parse_args(words[words.index("scripts.release") + 1 :])
        assert given.version == "1.2.3"


def test_every_job_of_the_release_has_just_the_permissions_it_needs() -> None:
    assert WORKFLOW["permissions"] == {}
    assert {name: job["permissions"] for name, job in WORKFLOW["jobs"].items()} == {
        "test": {"contents": "read"},
        "image": {"contents": "read", "packages": "write", "id-token": "write", "attestations": "write"},
        "publish": {"contents": "write"},
        "major": {"packages": "write"},
    }
    assert "secrets." not in (ROOT / ".github" / "workflows" / "release.yml").read_text(encoding="utf-8")


def test_nothing_is_published_before_the_tests_passed() -> None:
    needs = {name: job.get("needs") for name, job in WORKFLOW["jobs"].items()}

    assert needs == {"test": None, "image": "test", "publish": "image", "major": ["image", "publish"]}
    assert WORKFLOW[True]["push"] == {"tags": ["v[0-9]+.[0-9]+.[0-9]+"]}
    runs = [step.get("run", "") for step in WORKFLOW["jobs"]["test"]["steps"]]
    assert "make test" in runs
    assert any("--is-ancestor" in run for run in runs)


def test_the_image_is_for_two_architectures_attested_and_signed_by_its_digest() -> None:
    image = WORKFLOW["jobs"]["image"]["steps"]
    (build,) = [step for step in image if step.get("uses", "").startswith("docker/build-push-action@")]
    (attest,) = [step for step in image if step.get("uses", "").startswith("actions/attest@")]
    (sign,) = [step for step in image if "cosign sign" in step.get("run", "")]

    assert build["with"]["platforms"] == "linux/amd64,linux/arm64"
    assert (build["with"]["provenance"], build["with"]["sbom"]) == ("mode=max", True)
    digest = "${{ steps.build.outputs.digest }}"
    assert attest["with"]["subject-digest"] == sign["env"]["DIGEST"] == WORKFLOW["jobs"]["image"]["outputs"]["digest"] == digest
    assert sign["run"] == 'cosign sign --yes "$IMAGE@$DIGEST"'
    assert WORKFLOW["env"]["IMAGE"] == release.IMAGE


def test_what_publishes_needs_only_what_its_job_installs() -> None:
    """The job has requirements/runtime.txt, not what tests need."""
    locked = re.findall(r"^([\w-]+)==", (ROOT / "requirements" / "runtime.txt").read_text(encoding="utf-8"), re.MULTILINE)
    tree = ast.parse((ROOT / "scripts" / "release.py").read_text(encoding="utf-8"))
    modules = {alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names}
    modules |= {str(node.module) for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}

    assert "pygithub" in locked
    others = {module.split(".", maxsplit=1)[0] for module in modules} - sys.stdlib_module_names
    assert others == {"github", "secuprobe_action"}


@pytest.mark.parametrize(("arguments", "code"), [([], 0), ([f"v{__version__}"], 0), (["v9.9.9"], 1)])
def test_the_check_is_a_command(arguments: list[str], code: int, capsys: pytest.CaptureFixture[str]) -> None:
    assert release.main(["check", *arguments]) == code

    assert ("names 1." in capsys.readouterr().out) is (code == 1)


@pytest.mark.parametrize("tag", ["1.0.0", "v1.0", "v1.0.0-rc.1", "main"])
def test_what_is_no_versions_tag_is_refused(tag: str) -> None:
    with pytest.raises(SystemExit):
        release.main(["check", tag])


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
