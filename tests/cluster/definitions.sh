#!/usr/bin/env bash
# Copies the definitions of the custom resources that our manifests use, from their projects' Go modules, to a folder:
# what a cluster needs to judge the overlays. Without Go it says so and leaves the folder as it is.
set -euo pipefail
target=$1
if ! command -v go >/dev/null; then
    echo "SKIPPED: Go is not installed, which fetches the definitions of custom resources" >&2
    exit 0
fi
copy() { # MODULE@VERSION FOLDER NAME…: the definitions of these resources
    local folder file
    folder=$(cd / && go mod download -json "$1" | sed -n 's/.*"Dir": "\(.*\)",/\1/p')/$2
    shift 2
    for file in "$@"; do
        install -D -m 644 "$folder/$file" "$target/$file"
    done
}
copy github.com/prometheus-operator/prometheus-operator@v0.85.0 example/prometheus-operator-crd \
    monitoring.coreos.com_{podmonitors,prometheusrules,servicemonitors}.yaml
copy github.com/external-secrets/external-secrets@v1.3.2 config/crds/bases \
    external-secrets.io_{externalsecrets,secretstores}.yaml
copy github.com/fluxcd/kustomize-controller@v1.7.3 config/crd/bases kustomize.toolkit.fluxcd.io_kustomizations.yaml
copy github.com/fluxcd/source-controller@v1.7.3 config/crd/bases source.toolkit.fluxcd.io_gitrepositories.yaml
