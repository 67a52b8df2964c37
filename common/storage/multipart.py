"""Create-only upload of large objects: boto3's managed transfer cannot send `If-None-Match`, so the parts are ours."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from itertools import count, islice
from typing import Any, BinaryIO

PART_BYTES = 16 << 20
_PARTS_AT_ONCE = 4  # bounds the memory: so many parts are held at a time


def create_in_parts(client: Any, target: dict[str, str], stream: BinaryIO, first: bytes) -> None:
    """Upload `first` and the rest of `stream` in parallel parts; the object appears whole, and only if it is new.

    Raises botocore's `ClientError` (412 if the object exists); unfinished parts are removed on any failure.
    """
    upload = target | {"UploadId": client.create_multipart_upload(**target)["UploadId"]}
    try:
        parts: list[dict[str, Any]] = []
        chunks = _chunks(stream, first)
        with ThreadPoolExecutor(_PARTS_AT_ONCE) as pool:
            while batch := list(islice(chunks, _PARTS_AT_ONCE)):
                parts += pool.map(partial(_upload_part, client, upload), count(len(parts) + 1), batch)
        client.complete_multipart_upload(**upload, MultipartUpload={"Parts": parts}, IfNoneMatch="*")
    except BaseException:
        client.abort_multipart_upload(**upload)
        raise


def _upload_part(client: Any, upload: dict[str, str], number: int, chunk: bytes) -> dict[str, Any]:
    response = client.upload_part(**upload, PartNumber=number, Body=chunk)
    return {"PartNumber": number, "ETag": response["ETag"]}


def _chunks(stream: BinaryIO, first: bytes) -> Iterator[bytes]:
    yield first
    while chunk := stream.read(PART_BYTES):
        yield chunk
