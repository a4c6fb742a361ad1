/**
 * What a second slot says of the same changes: where and when each transaction was committed. Read with a few regular
 * expressions, which is good enough for the plain values that tests put in, and shares no code with the decoder.
 */
import { Effect } from "effect"
import type { TestDatabase } from "../postgres/postgres.ts"

export interface ToldRow {
  /** As in `public.t`; a TRUNCATE may name several. */
  readonly table: string
  readonly _lsn: string
  readonly _seq: string
  readonly _xid: string
  readonly _commit_ts: string
}

/** `0/16B3748` as the lake has it: `00000000/016B3748`. */
export const sortable = (lsn: string): string =>
  lsn
    .split("/")
    .map((half) => half.padStart(8, "0"))
    .join("/")

/** A slot that begins at this moment. */
export const openOracle = Effect.fn("openOracle")(function* ({ name, sql }: TestDatabase) {
  const slot = `oracle_${name}`
  yield* sql("SELECT pg_create_logical_replication_slot($1, 'test_decoding')", [slot])
  const lines = sql(
    `SELECT lsn, data FROM pg_logical_slot_peek_changes($1, NULL, NULL,
       'include-xids', '1', 'include-timestamp', '1', 'skip-empty-xacts', '1')`,
    [slot],
  )
  /** The rows of every table, in the slot's order. */
  const rows = Effect.gen(function* () {
    // The time of a COMMIT is printed in the time zone of the session.
    yield* sql("SET TimeZone = 'UTC'")
    const told: Array<ToldRow> = []
    let open: Array<Pick<ToldRow, "table" | "_seq">> = []
    let seq = 0
    for (const line of yield* lines) {
      const data = line["data"] ?? ""
      const commit = /^COMMIT (\d+) \(at (.*)\)$/.exec(data)
      if (data.startsWith("BEGIN")) {
        open = []
        seq = 0
      } else if (commit === null) {
        seq++
        const table = /^table (.+?): (?:INSERT|UPDATE|DELETE|TRUNCATE):/.exec(data)?.[1]
        if (table !== undefined) open.push({ table, _seq: String(seq) })
      } else {
        const [, _xid = "", _commit_ts = ""] = commit
        told.push(...open.map((row) => ({ ...row, _lsn: sortable(line["lsn"] ?? ""), _xid, _commit_ts })))
      }
    }
    return told
  })
  return { rows }
})
