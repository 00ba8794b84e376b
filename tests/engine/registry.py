"""A container registry as ghcr.io is to a release: who pushes needs a token, and who pulls one where the package is private.

As much of the OCI distribution specification (github.com/opencontainers/distribution-spec) as docker and buildx ask.
"""

import base64
import hashlib
import json
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from fastapi import FastAPI, Request, Response
from fastapi.responses import JSONResponse

from secuprobe_action.local.background import running


@dataclass
class Registry:
    """What was pushed.

    Attributes:
        password: of whoever may push.
        private: the packages that nobody may pull without it.
        blobs: by their digest.
        manifests: content and media type, by package and digest.
        tags: digests, by package and tag.
    """

    password: str
    host: str = ""
    private: set[str] = field(default_factory=set)
    blobs: dict[str, bytes] = field(default_factory=dict)
    uploads: dict[str, bytes] = field(default_factory=dict)
    manifests: dict[tuple[str, str], tuple[bytes, str]] = field(default_factory=dict)
    tags: dict[tuple[str, str], str] = field(default_factory=dict)
    tokens: dict[str, str] = field(default_factory=dict)

    def image(self, name: str, tag: str) -> str:
        """Return the digest of the image that a tag leads to: buildx puts an index before a single image."""
        digest = self.tags[name, tag]
        listed = json.loads(self.manifests[name, digest][0]).get("manifests", [])
        return str(listed[0]["digest"]) if listed else digest

    def may(self, request: Request) -> bool:
        """Whether a request may be answered."""
        who = self.tokens.get(request.headers.get("Authorization", "").removeprefix("Bearer "))
        path = request.url.path.removeprefix("/v2/")
        reads = request.method in ("GET", "HEAD")
        hidden = any(path.startswith(f"{name}/") for name in self.private)
        return who == "owner" or (who == "anybody" and reads and not hidden)


def digest_of(content: bytes) -> str:
    return f"sha256:{hashlib.sha256(content).hexdigest()}"


def create(registry: Registry) -> FastAPI:
    """Return the registry as an ASGI application."""
    app = FastAPI()

    @app.middleware("http")
    async def guard(request: Request, call_next: Any) -> Any:
        if request.url.path == "/token" or registry.may(request):
            return await call_next(request)
        challenge = f'Bearer realm="http://{registry.host}/token",service="registry"'
        return JSONResponse({"errors": [{"code": "UNAUTHORIZED"}]}, 401, {"WWW-Authenticate": challenge})

    @app.get("/token")
    async def token(request: Request) -> Any:
        given = request.headers.get("Authorization", "").removeprefix("Basic ")
        password = base64.b64decode(given).decode().partition(":")[2]
        if given and password != registry.password:
            return JSONResponse({"errors": [{"code": "DENIED"}]}, 401)
        made = secrets.token_hex(8)
        registry.tokens[made] = "owner" if given else "anybody"
        return {"token": made, "access_token": made}

    @app.get("/v2/")
    async def version() -> Any:
        return {}

    _add_blobs(app, registry)
    _add_manifests(app, registry)
    return app


def _add_blobs(app: FastAPI, registry: Registry) -> None:
    @app.api_route("/v2/{name:path}/blobs/{digest}", methods=["GET", "HEAD"])
    async def blob(name: str, digest: str) -> Any:
        content = registry.blobs.get(digest)
        return Response(content, headers={"Docker-Content-Digest": digest}) if content is not None else Response(status_code=404)

    @app.post("/v2/{name:path}/blobs/uploads/")
    async def begin(name: str) -> Any:
        number = secrets.token_hex(8)
        registry.uploads[number] = b""
        return Response(status_code=202, headers=_upload(name, number))

    @app.patch("/v2/{name:path}/blobs/uploads/{number}")
    async def take(name: str, number: str, request: Request) -> Any:
        registry.uploads[number] += await request.body()
        return Response(status_code=202, headers={**_upload(name, number), "Range": f"0-{len(registry.uploads[number]) - 1}"})

    @app.put("/v2/{name:path}/blobs/uploads/{number}")
    async def end(name: str, number: str, digest: str, request: Request) -> Any:
        content = registry.uploads.pop(number) + await request.body()
        if digest_of(content) != digest:
            return JSONResponse({"errors": [{"code": "DIGEST_INVALID"}]}, 400)
        registry.blobs[digest] = content
        return Response(status_code=201, headers={"Docker-Content-Digest": digest, "Location": f"/v2/{name}/blobs/{digest}"})


def _upload(name: str, number: str) -> dict[str, str]:
    return {"Location": f"/v2/{name}/blobs/uploads/{number}", "Docker-Upload-UUID": number}


def _add_manifests(app: FastAPI, registry: Registry) -> None:
    @app.api_route("/v2/{name:path}/manifests/{reference}", methods=["GET", "HEAD"])
    async def manifest(name: str, reference: str) -> Any:
        digest = registry.tags.get((name, reference), reference)
        content, media_type = registry.manifests.get((name, digest), (None, ""))
        if content is None:
            return JSONResponse({"errors": [{"code": "MANIFEST_UNKNOWN"}]}, 404)
        return Response(content, media_type=media_type, headers={"Docker-Content-Digest": digest})

    @app.put("/v2/{name:path}/manifests/{reference}")
    async def push(name: str, reference: str, request: Request) -> Any:
        content = await request.body()
        digest = digest_of(content)
        json.loads(content)
        registry.manifests[name, digest] = content, request.headers["Content-Type"]
        if not reference.startswith("sha256:"):
            registry.tags[name, reference] = digest
        return Response(status_code=201, headers={"Docker-Content-Digest": digest, "Location": f"/v2/{name}/manifests/{digest}"})


@contextmanager
def serving(registry: Registry) -> Iterator[Registry]:
    """Serve it on loopback, where docker doesn't ask for TLS."""
    with running(create(registry)) as url:
        registry.host = url.removeprefix("http://")
        yield registry
