#!/bin/sh
# Anywhere with Docker: the exit code is the verdict (0 passed, 1 failed, 2 invalid input, 3 API or scan error).
exec docker run --rm \
  -e SECUPROBE_API_KEY \
  -e SECUPROBE_URL=https://your-app.com \
  -e SECUPROBE_FAIL_ON_SEVERITY=high \
  -e SECUPROBE_REPORTS=html=secuprobe.html \
  -v "$PWD:/work" -w /work \
  ghcr.io/garconposey/secuprobe-scan-action:1.0.0
