"""The certificates by which a database on RDS is known: Amazon's bundle for a region, as a ConfigMap for the pods."""

from __future__ import annotations

from typing import Any

import urllib3

from common.errors import DataError, UnavailableError
from operations.code import BUILD

# https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/UsingWithRDS.SSL.html
BUNDLE = "https://truststore.pki.rds.amazonaws.com/{region}/{region}-bundle.pem"
CONFIG_MAP = "database-certificates"  # k8s/base mounts it, if it is there, at /etc/database
KEY = "ca.pem"


def config_map(region: str, namespace: str) -> dict[str, Any]:
    """Return the ConfigMap with the region's bundle. Raises `UnavailableError`, or `DataError` if it is no bundle."""
    return {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": CONFIG_MAP, "namespace": namespace},
        "data": {KEY: bundle(region)},
    }


def bundle(region: str) -> str:
    """Return build/rds-<region>.pem, fetched from Amazon the first time."""
    kept, address = BUILD / f"rds-{region}.pem", BUNDLE.format(region=region)
    if not kept.exists():
        try:
            response = urllib3.request("GET", address, timeout=30, retries=2)
        except urllib3.exceptions.HTTPError as error:
            raise UnavailableError(f"cannot fetch {address} (or put it at {kept} yourself): {error}") from None
        if response.status != 200 or not response.data.startswith(b"-----BEGIN CERTIFICATE-----"):
            raise DataError(f"{address} answered {response.status} and no certificates")
        kept.parent.mkdir(parents=True, exist_ok=True)
        kept.write_bytes(response.data)
    return kept.read_text()
