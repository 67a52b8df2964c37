"""Who we are to the database: a password that the address holds, a token of IAM's, or a secret that somebody rotates.

Both of the latter are asked for at every connection, so a password that was rotated an hour ago is no event.
"""

from __future__ import annotations

import json
from functools import cache
from typing import Any

from psycopg.conninfo import conninfo_to_dict

from common.aws import errors_of_aws
from common.errors import ConfigurationError
from common.settings import DatabaseSettings, load_settings

_PORT = 5432


def credentials(url: str, settings: DatabaseSettings | None = None) -> dict[str, str]:
    """Return the user and password to connect with, beside what the address says.

    IAM's token is signed here, without a call, and good for a quarter of an hour (AmazonRDS/latest/UserGuide/
    UsingWithRDS.IAMDBAuth.html). Raises `ConfigurationError`, and AWS's errors as ours.
    """
    kind = (settings or load_settings(DatabaseSettings)).database_credentials
    if kind == "url":
        return {}
    with errors_of_aws():
        return {"password": _token(url)} if kind == "iam" else _of_secret(kind)


def _token(url: str) -> str:
    address = conninfo_to_dict(url)
    if not (address.get("host") and address.get("user")):
        raise ConfigurationError("DATABASE_CREDENTIALS is 'iam': DATABASE_URL must name a user and a host")
    token: str = _client("rds").generate_db_auth_token(
        DBHostname=address["host"], Port=int(address.get("port") or _PORT), DBUsername=address["user"]
    )
    return token


def _of_secret(name: str) -> dict[str, str]:
    held = json.loads(_client("secretsmanager").get_secret_value(SecretId=name)["SecretString"])
    return {"user": held["username"], "password": held["password"]}


@cache
def _client(service: str) -> Any:
    import boto3  # noqa: PLC0415 (takes long to load, and most databases need none)

    return boto3.session.Session().client(service)
