"""A night becomes the latest publication, beside those before it, unless that is of a later day."""

from datetime import date

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from common.errors import DataError
from common.storage import Store, latest_publication, open_store
from recs_batch.publishing import PREFIX, check_rows, metadata_before, publish_night, specification_key
from recs_batch.specification import Specification, parse_specification


@pytest.fixture
def store(tmp_path) -> Store:
    return open_store(str(tmp_path / "store"))


@pytest.fixture
def publish(store, tmp_path):
    """Publish a night of a day in October, one of its own by its salt, that tells its name."""
    (tmp_path / "rows").write_text("rows")

    def published(day: int, salt: str) -> Specification:
        night = Specification(day=date(2026, 10, day), store="s", tables="t", salt=salt)
        files = {"kind=users/rows": tmp_path / "rows"}
        publish_night(store, night, files, {"date": str(night.day), "salt": salt})
        return night

    return published


def test_the_last_night_of_the_latest_day_is_the_latest(store, publish):
    for day, salt, latest in ((20, "a", "a"), (20, "b", "b"), (19, "c", "b"), (21, "d", "d")):
        publish(day, salt)
        assert latest_publication(store, PREFIX).metadata["salt"] == latest


def test_files_lie_by_what_they_are_and_then_by_night_beside_the_nights_specification(store, publish):
    night = publish(20, "a")
    assert store.get(f"{PREFIX}/kind=users/{night.run}/rows") == b"rows"
    assert parse_specification(store.get(f"{PREFIX}/{specification_key(night.run)}"), "") == night


def test_a_night_is_compared_with_the_last_one_of_its_day_or_the_days_before(store, publish):
    assert metadata_before(store, date(2026, 10, 20)) == {}
    for day, salt in ((18, "a"), (20, "b"), (20, "c"), (19, "d"), (22, "e")):
        publish(day, salt)
    found = [metadata_before(store, date(2026, 10, day)).get("salt") for day in (17, 18, 19, 20, 21, 22)]
    assert found == [None, "a", "d", "c", "c", "e"]


@pytest.mark.parametrize("counted", [2, 4])
def test_a_file_with_other_rows_than_were_counted_is_not_published(tmp_path, counted):
    pq.write_table(pa.table({"user_id": [1, 2, 3]}), tmp_path / "rows.parquet")
    check_rows(tmp_path / "rows.parquet", 3)
    with pytest.raises(DataError, match=f"has 3 rows, and the step that wrote it counted {counted}"):
        check_rows(tmp_path / "rows.parquet", counted)
