/** What `query/spark` answers about a lake that the program wrote. Needs Java, and a `python3` with pyspark. */
import { execFile } from "node:child_process"
import { fileURLToPath } from "node:url"
import { promisify } from "node:util"
import { layer } from "@effect/vitest"
import { Effect } from "effect"
import { lakeServer } from "../integration/query/clientsLake.ts"
import { type Ask, queryContract } from "../integration/query/queryContract.ts"

const folder = fileURLToPath(new URL("../../query/spark/", import.meta.url))
const run = promisify(execFile)

/** For little data on few cores: Spark's 200 partitions would take most of the time. */
const environment = {
  ...process.env,
  SPARK_LOCAL_IP: "127.0.0.1",
  PYSPARK_SUBMIT_ARGS:
    "--master local[2] --conf spark.ui.enabled=false --conf spark.sql.shuffle.partitions=2 pyspark-shell",
}

const ask: Ask = ({ lake }, file) =>
  Effect.promise(async () => {
    const { stdout } = await run(
      "python3",
      [`${folder}lake.py`, lake.folder, "clientes", `${folder}${file}`],
      {
        env: environment,
        maxBuffer: 64 * 1024 * 1024,
      },
    )
    const lines = stdout.split("\n").filter((line) => line.startsWith("{"))
    return lines.map((line): Record<string, string | null> => {
      const row: Readonly<Record<string, unknown>> = JSON.parse(line)
      return Object.fromEntries(
        Object.entries(row).map(([name, value]) => [name, value === null ? null : String(value)]),
      )
    })
  })

layer(lakeServer, { excludeTestServices: true })("query/spark", (it) => {
  queryContract(it, ask)
})
