"""The contract for Spark, on a real cluster of two worker processes; run by `make test-spark`."""

from __future__ import annotations

import os
import sys
from datetime import timedelta
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

pytest.importorskip("pyspark", reason="Spark is in .venv-spark only: make test-spark")

from hypothesis import HealthCheck, given, settings
from pyspark.sql import SparkSession

from common.errors import DataError
from common.storage import open_store
from recs_batch.beginning import begin
from recs_batch.engines.names import engine
from recs_batch.engines.spark_sql import check_tables
from recs_batch.generate import write_network
from recs_batch.network import Network, NetworkSize
from recs_batch.night import Night
from recs_batch.parameters import KINDS, Filter, Parameters
from tests.recs_batch import filter_oracle, oracle
from tests.recs_batch.networks import DAY, networks, write_tables

pytestmark = pytest.mark.timeout(900)  # a cold JVM compiles for a minute before its first rows


@pytest.fixture(scope="module")
def cluster(tmp_path_factory):
    os.environ.update(PYSPARK_PYTHON=sys.executable, SPARK_LOCAL_IP="127.0.0.1")
    os.environ.setdefault("SPARK_HOME", str(Path(sys.modules["pyspark"].__file__).parent))
    session = (
        SparkSession.builder.master("local-cluster[2,1,1024]")
        .config("spark.sql.shuffle.partitions", 2)
        # The first job waits for both workers, however slowly they start.
        .config("spark.scheduler.minRegisteredResourcesRatio", 1.0)
        .config("spark.scheduler.maxRegisteredResourcesWaitingTime", "120s")
        .config("spark.ui.enabled", "false")
        .config("spark.sql.warehouse.dir", str(tmp_path_factory.mktemp("warehouse")))
        .getOrCreate()
    )
    yield session
    session.stop()


def test_the_cluster_has_worker_processes_of_its_own(cluster):
    cluster.range(100, numPartitions=4).count()
    executors = cluster.sparkContext._jsc.sc().getExecutorMemoryStatus().size()
    assert cluster.sparkContext.master.startswith("local-cluster")
    assert executors == 3  # the driver and two workers


@pytest.mark.parametrize(
    ("parameters", "rows_of"),
    [
        (Parameters(top=3), filter_oracle.recommend),
        (Parameters(top=3, half_life_days=1.5, filter_users=Filter(power=0.875)), filter_oracle.recommend),
        (Parameters(top=3, scorer="count", closest=3), oracle.recommend),
        (Parameters(top=3, scorer="count", second_hop="closest", half_life_days=1.5), oracle.recommend),
    ],
)
def test_spark_gives_the_rows_of_the_oracles(cluster, tmp_path_factory, parameters, rows_of):
    @settings(max_examples=2, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
    @given(networks())
    def agrees(network):
        folder = tmp_path_factory.mktemp("network")
        found = engine("spark")(write_tables(network, folder / "tables"), DAY, parameters, folder)
        for kind in KINDS:
            rows = [tuple(row.values()) for row in found[kind].to_arrow().to_pylist()]
            assert rows == rows_of(network, DAY, parameters)[kind]

    agrees()


def test_a_night_on_spark_publishes_the_bytes_of_the_compiled_engine(cluster, tmp_path):
    network = Network(NetworkSize(users=60, rooms=10, messages=100, likes=300), seed=3, until=DAY + timedelta(days=1))
    write_network(network, str(tmp_path / "tables"), shown=10)
    _spoil(tmp_path / "tables")
    published, dropped = {}, {}
    for name in ("spark", "compiled"):
        scratch = tmp_path / name
        scratch.mkdir()
        work, decided = open_store(str(scratch / "work")), {"day": DAY, "engine": name, "evaluation_days": None}
        places = {"store": open_store(str(scratch / "store")).uri}
        specification = begin(work, str(tmp_path / "tables"), scratch, **decided, **places)
        manifest = Night(specification, work, scratch).run()
        dropped[name] = {
            (table, reason): rows
            for table, reasons in manifest.metadata["dropped"].items()
            for reason, rows in reasons.items()
            if rows
        }
        published[name] = {
            (file.key.split("/")[0], file.key.split("/")[-1]): file.sha256
            for file in manifest.files
            if not file.key.endswith((".scaled.npy", "specification.json"))
        }
    assert published["spark"] == published["compiled"]
    assert ("model=filter-rooms", "users.targets.npy") in published["spark"]
    assert dropped["spark"] == dropped["compiled"]
    assert {("messages", "direct"), ("likes", "nulls"), ("dismissals", "unknown")} <= dropped["spark"].keys()
    assert check_tables(str(tmp_path / "tables"), tmp_path) == manifest.metadata["tables"]  # where they lie, as files


@pytest.mark.parametrize("table", ["users", "likes", "impressions"])
@pytest.mark.parametrize("damage", [lambda whole: whole[:-200], lambda whole: b"nonsense" * 100])
def test_a_damaged_file_is_one_clear_error(cluster, tmp_path, table, damage):
    network = Network(NetworkSize(users=20, rooms=5, messages=30, likes=60), seed=3, until=DAY + timedelta(days=1))
    write_network(network, str(tmp_path / "tables"), shown=5)
    path = tmp_path / f"tables/{table}.parquet"
    path.write_bytes(damage(path.read_bytes()))
    with pytest.raises(DataError, match="a table cannot be read: .*parquet"):
        check_tables(str(tmp_path / "tables"), tmp_path)


def test_a_damaged_page_is_one_clear_error_in_mid_work(cluster, tmp_path):
    network = Network(NetworkSize(users=60, rooms=10, messages=100, likes=300), seed=3, until=DAY + timedelta(days=1))
    write_network(network, str(tmp_path / "tables"))
    path = tmp_path / "tables/likes.parquet"
    body = bytearray(path.read_bytes())
    body[4:200] = bytes(255 - byte for byte in body[4:200])
    path.write_bytes(bytes(body))
    assert check_tables(str(tmp_path / "tables"), tmp_path)["likes"]
    with pytest.raises(DataError, match="a table cannot be read: .*likes"):
        engine("spark")(str(tmp_path / "tables"), DAY, Parameters(), tmp_path)


def _spoil(tables):
    """Make half of the messages direct, one like null, and one dismissal of nobody."""
    for name, column, change in (
        ("messages", "room_id", lambda place, value: None if place % 2 else value),
        ("likes", "message_id", lambda place, value: None if place == 0 else value),
        ("dismissals", "item_id", lambda place, value: 10**9 if place == 0 else value),
    ):
        rows = pq.read_table(tables / f"{name}.parquet")
        values = pa.array([change(*pair) for pair in enumerate(rows[column].to_pylist())], pa.int64())
        pq.write_table(rows.set_column(rows.schema.get_field_index(column), column, values), tables / f"{name}.parquet")
