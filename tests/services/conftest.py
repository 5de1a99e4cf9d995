"""One Spark session for all tests that need it."""

import os
import shutil
import sys

import pytest

from headrace.adapters.spark_live import ROCKS_DB


@pytest.fixture(scope="session")
def spark(tmp_path_factory):
    """Two tasks at a time in 2 GB, in one process with the test."""
    pyspark = pytest.importorskip("pyspark.sql", reason="pip install 'headrace[spark]'")
    if shutil.which("java") is None:
        pytest.skip("Spark needs Java 17")
    os.environ["PYSPARK_PYTHON"] = sys.executable
    session = (
        pyspark.SparkSession.builder.master("local[2]")
        .config("spark.driver.memory", "2g")
        .config("spark.ui.enabled", "false")
        .config("spark.ui.showConsoleProgress", "false")
        .config("spark.sql.shuffle.partitions", "2")
        .config("spark.sql.adaptive.enabled", "false")  # small jobs: less to start
        .config("spark.sql.codegen.wholeStage", "false")  # the same
        .config("spark.sql.codegen.factoryMode", "NO_CODEGEN")
        .config("spark.driver.extraJavaOptions", "-XX:TieredStopAtLevel=1")
        .config("spark.sql.streaming.stateStore.providerClass", ROCKS_DB)
        .config("spark.sql.session.timeZone", "America/Sao_Paulo")  # no value may depend on it
        .config("spark.sql.warehouse.dir", str(tmp_path_factory.mktemp("warehouse")))
        .getOrCreate()
    )
    session.sparkContext.setLogLevel("ERROR")
    yield session
    session.stop()
