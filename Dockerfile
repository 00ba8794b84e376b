# The base by digest: the same image tomorrow as today. As an argument, so that a build without access to the registry can
# name a stand-in of its own.
ARG PYTHON_IMAGE=python:3.14-slim-trixie@sha256:51dafde81dbdb6ebde285137a295cf18a47ca95234fe388a343719cb97305b3d

FROM ${PYTHON_IMAGE} AS build

COPY requirements/runtime.txt /build/
RUN python3 -m pip install --disable-pip-version-check --no-cache-dir --no-compile --only-binary :all: --no-deps \
        --require-hashes --target /app/lib --requirement /build/runtime.txt \
    && rm -rf /app/lib/bin \
    && find /app/lib -type d -name tests -prune -exec rm -rf {} +
COPY entrypoint.py /app/
COPY secuprobe_action /app/lib/secuprobe_action
# The embedded SecuProbe has an image of its own (local/Dockerfile).
# unchecked-hash: the files don't change, so the start-up needn't look whether they did. no_debug_ranges: a traceback names
# the line, and what would mark the columns is a quarter of what there is to load.
RUN rm -rf /app/lib/secuprobe_action/local \
    && python3 -X no_debug_ranges -m compileall -q --invalidation-mode unchecked-hash /app

FROM ${PYTHON_IMAGE}

ARG VERSION=1.0.0
LABEL org.opencontainers.image.title="SecuProbe Security Scan" \
      org.opencontainers.image.description="Scan a web application with SecuProbe from a CI pipeline, and gate on what it finds." \
      org.opencontainers.image.source="https://github.com/Garconposey/secuprobe-scan-action" \
      org.opencontainers.image.licenses="MIT" \
      org.opencontainers.image.version="${VERSION}"

# pydantic needn't look for plugins among the installed packages: there are none.
ENV PYDANTIC_DISABLE_PLUGINS=__all__

COPY --from=build /app /app

# Without pip: nothing is installed here any more. GitLab and Bitbucket run scripts in the image, so the program has a name
# there, too. Then one import of all that a scan uses, so that the bytecode of the standard library, which the official image
# leaves out, is there from the first run.
#
# -I: a job's PYTHONPATH, PYTHONHOME and the like are its own programs' business, and the workspace's modules aren't ours: what
# gets in that way runs with the key. -S: there are no site-packages to look through; entrypoint.py finds what lies beside it.
# -B: no bytecode is written at run time, since the container is thrown away after it.
RUN pip="$(python3 -c 'import pip; print(*pip.__path__)')" \
    && ensurepip="$(python3 -c 'import ensurepip; print(*ensurepip.__path__)')" \
    && rm -rf "$pip" "$pip"-*.dist-info "$ensurepip" /usr/local/bin/pip* /usr/bin/pip* \
    && printf '#!/bin/sh\nexec /usr/local/bin/python3 -ISB /app/entrypoint.py "$@"\n' > /usr/local/bin/secuprobe-scan \
    && chmod 755 /usr/local/bin/secuprobe-scan \
    && PYTHONPATH=/app/lib python3 -c "import secuprobe_action.app, secuprobe_action.process, secuprobe_action.network.transport, secuprobe_action.platforms.github_forge, argparse, jinja2, yaml, encodings.idna"

# No USER: actions run as root, since GitHub mounts the workspace and the files of GITHUB_OUTPUT with the runner's owner
# and mode. No WORKDIR: GitHub sets its own, which is also why the paths are absolute.
# (docs.github.com, "Dockerfile support for GitHub Actions")
ENTRYPOINT ["/usr/local/bin/python3", "-ISB", "/app/entrypoint.py"]
