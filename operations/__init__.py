"""From this repository to a registry, a cluster and AWS: what `make build-push`, `make deploy` and the like call."""
