"""The zip file for Managed Service for Apache Flink, and what the job says of wrong properties."""

from __future__ import annotations

import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from common.postgres import connect
from sentiment_minibatch.deliveries import read_deliveries
from sentiment_minibatch.generator import StreamSettings, deliveries
from sentiment_minibatch.streaming.application import RUN_OPTIONS, package_application, package_function
from sentiment_minibatch.streaming.flink_process import JAR, PYTHON, write_configuration
from sentiment_minibatch.streaming.properties import PropertyError, group, read_properties
from tests.sentiment_minibatch.streaming.databases import second_database
from tests.sentiment_minibatch.streaming.replays import (
    assert_identical,
    expected_minutes,
    minibatch,
    preprocess_file,
    properties,
    read_outputs,
    settings,
    streamed_minutes,
    write_deliveries,
)


def _package(directory: Path) -> Path:
    jar, out = directory / "job.jar", directory / "application.zip"
    with zipfile.ZipFile(jar, "w") as archive:
        archive.writestr("META-INF/MANIFEST.MF", "Manifest-Version: 1.0\n")
    package_application(jar, out)
    return out


def test_the_zip_has_the_layout_that_the_run_options_name(tmp_path: Path) -> None:
    names = zipfile.ZipFile(_package(tmp_path)).namelist()
    assert RUN_OPTIONS["python"] in names
    assert [name for name in names if name.endswith(".jar")] == [RUN_OPTIONS["jarfile"]]
    modules = {name for name in names if name.startswith(RUN_OPTIONS["pyFiles"])}
    assert set(names) == {RUN_OPTIONS["python"], RUN_OPTIONS["jarfile"], *modules}
    assert "dep/sentiment_minibatch/streaming/sql/revision.sql" in modules


def test_the_functions_zip_has_all_that_its_handler_needs(tmp_path: Path) -> None:
    out = tmp_path / "function.zip"
    package_function(out)
    # -S leaves out site-packages, -I the environment and the working directory.
    code = "import sys; sys.path.insert(0, sys.argv[1]); from sentiment_minibatch.streaming.preprocess import handler"
    done = subprocess.run(
        [sys.executable, "-I", "-S", "-c", f"{code}; print(handler({{'records': []}}))", out],
        capture_output=True,
        text=True,
    )
    assert done.stdout == "{'records': []}\n", done.stderr


def test_the_same_content_makes_the_same_zip(tmp_path: Path) -> None:
    assert _package(tmp_path).read_bytes() == _package(tmp_path).read_bytes()


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (None, "does not exist; name a file of property groups"),
        ("{", "holds no property groups"),
        ('[{"PropertyGroupId": "InputStream0"}]', "holds no property groups: 'PropertyMap'"),
        ('{"InputStream0": {}}', "holds no property groups"),
    ],
)
def test_a_wrong_property_file_is_told_by_its_name(tmp_path: Path, content: str | None, told: str) -> None:
    file = tmp_path / "application_properties.json"
    if content is not None:
        file.write_text(content)
    with pytest.raises(PropertyError, match=told) as error:
        read_properties(file)
    assert str(file) in str(error.value)


def test_a_missing_property_group_is_told_by_its_name() -> None:
    with pytest.raises(PropertyError, match="the property group OutputStream0 is missing; there are: InputStream0"):
        group({"InputStream0": {}}, "OutputStream0")


@pytest.mark.flink
@pytest.mark.slow
@pytest.mark.timeout(900)
def test_the_unpacked_zip_runs_by_itself(tmp_path: Path, database_url: str) -> None:
    delivered, unpacked = tmp_path / "delivered.ndjson", tmp_path / "unpacked"
    write_deliveries(delivered, deliveries(StreamSettings(messages=5_000, minutes=5, symbols=20)))
    preprocess_file(delivered, tmp_path / "scored")
    package_application(JAR, tmp_path / "application.zip")
    zipfile.ZipFile(tmp_path / "application.zip").extractall(unpacked)
    service = settings(tmp_path)  # what the service makes of the run options jarfile and pyFiles
    service["pipeline.jars"] = (unpacked / RUN_OPTIONS["jarfile"]).as_uri()
    service["python.files"] = str(unpacked / "dep")
    files = write_configuration(tmp_path, properties(tmp_path), service)
    environment = {**os.environ, "PYTHONPATH": str(unpacked / "dep")}
    subprocess.run([PYTHON, "main.py", *files], cwd=unpacked, env=environment, check=True, capture_output=True)

    with connect(database_url, autocommit=True) as connection:
        minibatch(connection, read_deliveries(delivered))
        expected = expected_minutes(connection)
    with second_database(database_url) as connection:
        read_outputs(connection, tmp_path)
        assert_identical(streamed_minutes(connection), expected)
