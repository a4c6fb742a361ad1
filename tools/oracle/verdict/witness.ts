/** What PostgreSQL itself said of each change when it was made. */
import { Effect } from "effect"
import type { TestSession, TextRow } from "../../../test/support/postgres/pgClient.ts"
import { nameSql } from "../workload/sql.ts"
import type { Column, Look } from "./tableLook.ts"

export type Values = ReadonlyArray<string | null>

/** One change of one row, or a TRUNCATE of one table. */
export interface Witnessed {
  readonly op: "I" | "U" | "D" | "T"
  readonly dataset: string
  /** The table as it was at that moment. */
  readonly look: Look
  /** In table order. What the row became, or for a delete what it was. */
  readonly row: Values
  /** What it was before an update. */
  readonly old?: Values
  /** Columns that the statement gave a value to. */
  readonly assigned?: ReadonlySet<string>
}

/** A committed transaction. */
export interface WitnessedTransaction {
  readonly xid: string
  readonly changes: ReadonlyArray<Witnessed>
}

/** As the text of the type itself: for boolean the lake promises the words. */
const lakeText = ({ type }: Column, value: string | null): string | null =>
  type === "boolean" && value !== null ? (value === "t" ? "true" : "false") : value

/** The columns under plain names: some of the table's own cannot be the key of an object in JavaScript. */
export const columnList = (columns: ReadonlyArray<Column>, from: string): string =>
  columns.map(({ name }, i) => `, ${from}.${nameSql(name)} AS c${i}`).join("")

/** As the log has them. */
export const valuesOf = (columns: ReadonlyArray<Column>, row: TextRow): Values =>
  columns.map((column, i) => (column.isVirtual ? null : lakeText(column, row[`c${i}`] ?? null)))

/** The rows of a table as they are now. */
export const readRows = Effect.fn("readRows")(function* (
  session: TestSession,
  table: string,
  { columns }: Look,
) {
  const rows = yield* session.sql(`SELECT 1${columnList(columns, "t")} FROM ONLY ${table} AS t`)
  return rows.map((row) => valuesOf(columns, row))
})
