/** DuckDB as the independent reader of the lake: it shares no code with what wrote it. */
import { type DuckDBConnection, DuckDBInstance, type Json } from "@duckdb/node-api"
import { Effect } from "effect"

export interface CsvTable {
  readonly columns: ReadonlyArray<string>
  /** Every value as the text that stands in the file; null is NULL, which is not the empty string. */
  readonly rows: ReadonlyArray<ReadonlyArray<string | null>>
}

const textOf = (value: unknown): string | null => {
  if (value === null || typeof value === "string") return value
  throw new TypeError(`DuckDB answered a ${typeof value} where all is text`)
}

/**
 * DuckDB's own defaults would guess types, read `""` as NULL, add a column for the folder `date=…`, and take `\r\n` inside
 * a quoted name for the end of the line.
 */
const dialect =
  "all_varchar = true, hive_partitioning = false, allow_quoted_nulls = false, nullstr = '', delim = ',', quote = '\"', escape = '\"', new_line = '\\n'"

/** The largest row that the tests write; DuckDB refuses rows over its default of 2 MB. */
const maxRowBytes = 64 * 1024 * 1024

/** One for the process: to open it takes longer than to read most files. */
let database: Promise<DuckDBInstance> | undefined
const newConnection = async (): Promise<DuckDBConnection> => {
  database ??= DuckDBInstance.create(":memory:")
  return (await database).connect()
}
let connection: Promise<DuckDBConnection> | undefined
const connected = (): Promise<DuckDBConnection> => {
  connection ??= newConnection()
  return connection
}

/** Reads one CSV file. Without `header` its first line is a row as any other, which takes names that DuckDB takes for one. */
export const readCsv = (path: string, header = true): Effect.Effect<CsvTable> =>
  Effect.promise(async () => {
    const duckdb = await connected()
    const literal = `'${path.replaceAll("'", "''")}'`
    const read = await duckdb.runAndReadAll(
      `SELECT * FROM read_csv(${literal}, ${dialect}, header = ${header}, max_line_size = ${maxRowBytes})`,
    )
    return { columns: read.columnNames(), rows: read.getRowsJS().map((row) => row.map(textOf)) }
  })

/** Runs a file of statements, in a session of its own, and answers the last one's rows, each value as DuckDB prints it. */
export const runScript = (script: string): Effect.Effect<CsvTable> =>
  Effect.promise(async () => {
    const session = await newConnection()
    try {
      const read = await session.runAndReadAll(script)
      const printed = (value: Json) => (value === null ? null : String(value))
      return { columns: read.columnNames(), rows: read.getRowsJson().map((row) => row.map(printed)) }
    } finally {
      session.closeSync()
    }
  })

/** Rows by the names of their columns. */
export const asRecords = ({
  columns,
  rows,
}: CsvTable): ReadonlyArray<Readonly<Record<string, string | null>>> =>
  rows.map((row) => Object.fromEntries(columns.map((column, i) => [column, row[i] ?? null])))
