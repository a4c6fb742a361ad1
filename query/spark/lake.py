"""Asks a lake a question with Spark, and prints the rows as JSON lines.

    spark-submit query/spark/lake.py lake clientes query/spark/current_state.sql

The lake is a folder or a bucket (s3a://raw), the dataset is that of SOURCE_TABLES. In the layout `datasets` the paths
below are full/DATASET/*/... and inc/DATASET/*/...; in a SQL file change the lines marked KEY and the columns.
Every column is text, as in the lake; NULL and '' stay apart, and line breaks inside values whole. Run on Spark 4.3.
"""

import json
import sys
from functools import reduce

from pyspark.sql import DataFrame, SparkSession
from pyspark.sql.functions import lit


def objects(spark: SparkSession, pattern: str) -> list[str]:
    """The paths that fit, the oldest first. Spark's own listing leaves out names that begin with "_"."""
    path = spark.sparkContext._jvm.org.apache.hadoop.fs.Path(pattern)
    files = path.getFileSystem(spark.sparkContext._jsc.hadoopConfiguration())
    found = sorted(status.getPath().toString() for status in files.globStatus(path) or [])
    if not found:
        sys.exit(f"nothing fits {pattern}")
    return found


def text(spark: SparkSession, path: str) -> str:
    jvm = spark.sparkContext._jvm
    place = jvm.org.apache.hadoop.fs.Path(path)
    stream = place.getFileSystem(spark.sparkContext._jsc.hadoopConfiguration()).open(place)
    try:
        return jvm.org.apache.commons.io.IOUtils.toString(stream, "UTF-8")
    finally:
        stream.close()


def csv(spark: SparkSession, paths: list[str]) -> DataFrame:
    return (
        spark.read.option("header", True)
        .option("multiLine", True)
        .option("quote", '"')
        .option("escape", '"')
        .option("lineSep", "\n")
        # By default Spark takes "" for NULL; a text that no value can hold prevents that.
        .option("nullValue", "\u0000")
        # Spark applies one header to all objects: objects of other columns are an error, and not a mix-up.
        .option("enforceSchema", False)
        .csv(paths)
    )


def padded(lsn: str) -> str:
    """As _lsn in `inc`: text order is WAL order."""
    return "/".join(half.zfill(8) for half in lsn.split("/"))


def main(lake: str, dataset: str, question: str) -> None:
    spark = SparkSession.builder.appName("lake").getOrCreate()
    # Written last: where it stands, its objects are complete. Older ones name one object and no list.
    manifest = json.loads(text(spark, objects(spark, f"{lake}/full/*/_full_{dataset}_*.json")[-1]))
    xmin, xmax, xip = manifest["snapshot"].split(":")
    seen = [(padded(manifest["lsn"]), int(xmin), int(xmax), [int(xid) for xid in xip.split(",") if xid])]
    spark.createDataFrame(
        seen, "lsn string, xmin bigint, xmax bigint, xip array<bigint>"
    ).createOrReplaceTempView("lake_manifest")
    copies = manifest.get("objects") or [{"object": manifest["object"]}]
    if any("partition" in one for one in copies):
        # The rows of a partitioned table get its column `_partition`, as in `inc`.
        parts = [
            csv(spark, [f"{lake}/{one['object']}"]).withColumn("_partition", lit(one.get("partition")))
            for one in copies
        ]
        reduce(DataFrame.unionByName, parts).createOrReplaceTempView("lake_full")
    else:
        csv(spark, [f"{lake}/{one['object']}" for one in copies]).createOrReplaceTempView("lake_full")
    csv(spark, objects(spark, f"{lake}/inc/*/cdc_*.csv*")).createOrReplaceTempView("lake_inc")
    with open(question, encoding="utf-8") as file:
        answer = spark.sql(file.read().rstrip().rstrip(";"))
    for row in answer.toLocalIterator():
        print(json.dumps(row.asDict(), default=str, ensure_ascii=False))
    spark.stop()


if __name__ == "__main__":
    main(*sys.argv[1:])
