"""Stands in for docker/build-push-action: builds the image of one architecture, pushes it, and prints its digest."""

import json
import os
import secrets
import subprocess
import sys


def docker(*arguments: str) -> str:
    return subprocess.run(["docker", *arguments], stdout=subprocess.PIPE, text=True, check=True).stdout


def main(inputs: dict[str, str]) -> None:
    output = dict(part.split("=", 1) for part in inputs["outputs"].split(","))
    if "," in inputs["platforms"]:
        sys.exit("::error::Multi-platform build is not supported for the docker driver")
    if (output["type"], output["push"], output["push-by-digest"]) != ("image", "true", "true") or inputs["tags"]:
        sys.exit("::error::This stand-in pushes by digest only")
    name = f"{output['name']}:untagged-{secrets.token_hex(4)}"
    base = os.environ.get("BASE")
    arguments = [inputs["build-args"], *([f"PYTHON_IMAGE={base}"] if base else [])]
    options = [part for argument in arguments for part in ("--build-arg", argument)]
    docker("build", "--network", "host", "--file", inputs["file"], *options, "--tag", name, inputs["context"])
    docker("push", name)
    (reference,) = json.loads(docker("image", "inspect", "--format", "{{json .RepoDigests}}", name))
    print(f"digest={reference.partition('@')[2]}")


if __name__ == "__main__":
    main(json.loads(os.environ["INPUTS"]))
