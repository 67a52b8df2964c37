"""Whatever a test is about: what a component asks AWS for is recorded under its name, and held against its role."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from common.storage import open_store
from recs_batch.serving.app import create_app
from recs_batch.serving.settings import ServeSettings
from tests.aws.calls import Call, recorded
from tests.aws.roles import refused


def test_a_component_is_known_by_its_code_in_this_process_and_in_another(bucket: str, tmp_path: Path) -> None:
    latest = f"arn:aws:s3:::{bucket}/recs/latest.json"
    with recorded() as made:
        served = create_app(ServeSettings(STORE_URI=f"s3://{bucket}", poll_seconds=50, cache=tmp_path))
        served.extensions["recs"].refresh()
    assert Call("s3:GetObject", latest) in made.pop("recs-serving")
    assert made == {}

    with recorded() as made:
        show = [sys.executable, "-m", "recs_batch", "show", "--store", f"s3://{bucket}"]
        assert subprocess.run(show, capture_output=True, check=False).returncode == 66
    assert Call("s3:GetObject", latest) in made.pop("recs-batch")
    assert made == {}


def test_what_a_test_itself_asks_for_is_nobodys(bucket: str) -> None:
    with recorded() as made:
        open_store(f"s3://{bucket}").put("a", b"")
    assert made == {}


def test_what_a_role_lacks_is_told_with_the_component_and_the_resource() -> None:
    written = Call("s3:PutObject", "arn:aws:s3:::b/recs/latest.json")
    assert refused({"recs-batch": {written}, "somebody": {written}}) == []
    assert refused({"recs-serving": {written}}) == [f"recs-serving: s3:PutObject on {written.resource}"]
