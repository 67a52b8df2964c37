"""Every call that reaches the local AWS, as IAM sees it: who, which action, on which resource, under which conditions.

A component is known by its access key, so processes, containers and Flink's JVM are recorded alike, or by its code
(components.py). What a call needs beside itself is recorded too: keys of KMS for what is encrypted, and to be told 404
the permission to list.
https://docs.aws.amazon.com/service-authorization/latest/reference/reference_policies_actions-resources-contextkeys.html
"""

from __future__ import annotations

import io
import json
import re
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple
from urllib.parse import parse_qs, unquote

import moto.server
from moto.kinesis.utils import decompose_shard_iterator

from tests.aws.components import HEADER

ACCOUNT, REGION = "123456789012", "us-east-1"
_CREDENTIAL = re.compile(r"Credential=(?P<key>[^/]+)/\d+/(?P<region>[^/]+)/(?P<service>[^/]+)/")


_NOBODY_IN_PARTICULAR = {"testing", "local"}  # the keys of tests/conftest.py and of the demo's local AWS


class Call(NamedTuple):
    """One action on one resource; `context` holds IAM's condition keys."""

    action: str
    resource: str
    context: tuple[tuple[str, str], ...] = ()


_listening: list[dict[str, set[Call]]] = []


@contextmanager
def recorded() -> Iterator[dict[str, set[Call]]]:
    """Record the calls by component: the access key that signed them, or whose client it was; others are nobody's."""
    calls: dict[str, set[Call]] = {}
    _listening.append(calls)
    try:
        yield calls
    finally:
        _listening.pop()


def listen() -> None:
    """Let every local AWS of this process tell who asks it for what."""
    dispatcher: Any = moto.server.DomainDispatcherApplication
    answer = dispatcher.__call__

    def record(application: Any, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        signed = _CREDENTIAL.search(environ.get("HTTP_AUTHORIZATION", ""))
        component = _component(signed, environ)
        if signed is None or component is None:
            result: Iterable[bytes] = answer(application, environ, start_response)
            return result
        statuses: list[int] = []

        def start(status: str, *rest: Any) -> Any:
            statuses.append(int(status.split(maxsplit=1)[0]))
            return start_response(status, *rest)

        of_s3 = signed["service"] == "s3"
        body = b"" if of_s3 else _body(environ)
        result = answer(application, environ, start)
        made = set(_of_s3(environ, statuses[0]) if of_s3 else _of_json(signed["service"], environ, body))
        for calls in _listening:
            calls.setdefault(component, set()).update(made)
        return result

    dispatcher.__call__ = record


def _component(signed: re.Match[str] | None, environ: dict[str, Any]) -> str | None:
    if signed is not None and signed["key"] not in _NOBODY_IN_PARTICULAR:
        return signed["key"]
    return environ.get(f"HTTP_{HEADER.upper().replace('-', '_')}")


def _body(environ: dict[str, Any]) -> bytes:
    body: bytes = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
    environ["wsgi.input"] = io.BytesIO(body)
    return body


def _of_s3(environ: dict[str, Any], status: int) -> Iterator[Call]:
    bucket, _, key = unquote(environ["PATH_INFO"]).lstrip("/").partition("/")
    query = parse_qs(environ.get("QUERY_STRING", ""), keep_blank_values=True)
    method, arn = environ["REQUEST_METHOD"], f"arn:aws:s3:::{bucket}"
    if not key:
        assert method == "GET", f"not told apart yet: {method} {environ['PATH_INFO']}"
        if "uploads" in query:
            yield Call("s3:ListBucketMultipartUploads", arn)
        else:
            yield Call("s3:ListBucket", arn, (("s3:prefix", query.get("prefix", [""])[0]),))
        return
    actions = {"GET": "GetObject", "HEAD": "GetObject", "PUT": "PutObject", "POST": "PutObject"}
    actions["DELETE"] = "AbortMultipartUpload" if "uploadId" in query else "DeleteObject"
    yield Call(f"s3:{actions[method]}", f"{arn}/{key}")
    if status == 404:  # else S3 says 403: AmazonS3/latest/API/API_GetObject.html
        yield Call("s3:ListBucket", arn)
    if actions[method] == "GetObject":
        yield Call("kms:Decrypt", "key")
    if actions[method] == "PutObject":
        yield Call("kms:GenerateDataKey", "key")
        if method == "POST" or "uploadId" in query:
            yield Call("kms:Decrypt", "key")  # AmazonS3/latest/userguide/mpuoverview.html


def _of_json(service: str, environ: dict[str, Any], body: bytes) -> Iterator[Call]:
    operation = environ.get("HTTP_X_AMZ_TARGET", "").rpartition(".")[2]
    request = json.loads(body or b"{}")
    prefix = f"arn:aws:{service}:{REGION}:{ACCOUNT}"
    if service == "kinesis":
        if "ShardIterator" in request:  # the stream is in it
            request["StreamName"] = decompose_shard_iterator(request["ShardIterator"])[0]
        yield Call(f"kinesis:{operation}", request.get("StreamARN") or f"{prefix}:stream/{request['StreamName']}")
        yield Call("kms:GenerateDataKey" if operation.startswith("Put") else "kms:Decrypt", "key")
    elif service == "sqs":
        yield Call(f"sqs:{operation.removesuffix('Batch')}", f"{prefix}:{request['QueueUrl'].rpartition('/')[2]}")
        yield Call("kms:GenerateDataKey", "key")
        yield Call("kms:Decrypt", "key")
    elif service == "firehose":
        yield Call(f"firehose:{operation}", f"{prefix}:deliverystream/{request['DeliveryStreamName']}")
    elif service == "secretsmanager":
        yield Call(f"secretsmanager:{operation}", request["SecretId"])
        yield Call("kms:Decrypt", "key")
    else:
        raise AssertionError(f"not told apart yet: {service} {operation}")
