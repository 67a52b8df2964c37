from __future__ import annotations

from pathlib import Path

import pytest

from common.errors import ConfigurationError
from common.storage import open_store


@pytest.mark.parametrize("uri", ["", "s3://", "gs://bucket/x", "https://example.org/x", "s3:///key"])
def test_an_address_that_is_no_store_is_refused_with_what_was_expected(uri: str) -> None:
    with pytest.raises(ConfigurationError, match="expected s3://bucket/prefix"):
        open_store(uri)


def test_a_directory_may_be_named_plainly_or_as_a_file_uri(tmp_path: Path) -> None:
    open_store(str(tmp_path / "a b")).put("key", b"1")
    assert open_store((tmp_path / "a b").as_uri()).get("key") == b"1"


def test_an_s3_address_may_have_a_prefix_or_not(bucket: str) -> None:
    open_store(f"s3://{bucket}/deep/prefix/").put("key", b"1")
    assert list(open_store(f"s3://{bucket}").list()) == ["deep/prefix/key"]
