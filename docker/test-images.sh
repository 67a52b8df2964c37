#!/usr/bin/env bash
# Builds every image but the training one (2 GB of TensorFlow), writes their SBOMs, and runs them as a hardened cluster
# would. Where neither docker nor podman works it says so and ends well. CONTAINERS_BUILD_CONF: podman's configuration
# while building, where that differs from running.
set -euo pipefail
cd "$(dirname "$0")/.."
export PATH="$PWD/.venv/bin:$PATH"

if ! { docker version || podman version; } >/dev/null 2>&1; then
    echo "SKIPPED: neither docker nor podman works here, so no image is built or run"
    exit 0
fi
images=()
for dockerfile in docker/*.Dockerfile; do
    image=$(basename "$dockerfile" .Dockerfile)
    [ "$image" = image-classifier-training ] || images+=("$image")
done
(
    [ -z "${CONTAINERS_BUILD_CONF:-}" ] || export CONTAINERS_CONF=$CONTAINERS_BUILD_CONF
    python -m operations images "${images[@]}"
)
python -m operations sbom "${images[@]}"
pytest -m images --durations 5 tests/docker tests/operations
