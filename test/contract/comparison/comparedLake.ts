/** A lake of one table as texts, read by the code of `verify` and compared by a layer. */
import { Effect, Stream } from "effect"
import { csvRow } from "../../../src/core/csv/Csv.ts"
import * as Lsn from "../../../src/core/Lsn.ts"
import { printFinding } from "../../../src/core/lake/LakeFinding.ts"
import { metaColumns } from "../../../src/core/row/IncRow.ts"
import type { ComparedTable } from "../../../src/services/lake/ComparedRows.ts"
import { LakeComparison } from "../../../src/services/lake/LakeComparison.ts"
import { ObjectStore } from "../../../src/services/lake/ObjectStore.ts"
import { readCopy } from "../../../src/verify/rows/FullReading.ts"
import { beforeEverything, type IncChange, readInc } from "../../../src/verify/rows/IncReading.ts"

/** The columns are named by one character each. */
export const tableOf = (
  columns: string,
  key: string,
  followsChanges: ComparedTable["followsChanges"] = true,
): ComparedTable => ({
  columns: [...columns],
  key: [...key].map((column) => columns.indexOf(column)),
  followsChanges,
  isPartitioned: false,
})

type Values = ReadonlyArray<string | null>
type Change = readonly [
  op: string,
  /** Number of the transaction: its id, and its place in the WAL. */
  xid: number,
  values: Values,
  old?: { readonly before?: Readonly<Record<string, string>>; readonly unchanged?: string },
]

const bytes = (text: string) => Buffer.from(text, "utf8")

/** A copy: header and rows. */
export const copy = (columns: string, ...rows: ReadonlyArray<Values>): Buffer =>
  bytes([[...columns], ...rows].map(csvRow).join(""))

const lsnOf = (xid: number) => Lsn.printSortable(Lsn.Lsn.make(BigInt(xid)))

/** An object of `inc`. Each change is a transaction of its own. */
export const inc = (columns: string, ...changes: ReadonlyArray<Change>): Buffer =>
  bytes(
    [
      [...metaColumns, ...columns],
      ...changes.map(([op, xid, values, { before, unchanged } = {}]) => [
        op,
        lsnOf(xid),
        "1",
        `${xid}`,
        "2025-11-03 10:15:30+00",
        before === undefined ? null : JSON.stringify(before),
        unchanged === undefined ? null : `{${[...unchanged].join()}}`,
        ...values,
      ]),
    ]
      .map(csvRow)
      .join(""),
  )

export interface ComparedLake {
  readonly table: ComparedTable
  readonly live: Buffer
  readonly copied: Buffer
  readonly incs: ReadonlyArray<Buffer>
  readonly counts?: (change: IncChange) => boolean
}

/** Returns the differences as `verify` prints them, without the dataset; or how many changes do not identify their row. */
export const comparedIn = Effect.fnUntraced(function* (
  { rows, changes, replay }: Effect.Success<LakeComparison["Service"]["open"]>,
  { table, live, copied, incs, counts = () => true }: ComparedLake,
) {
  const store = yield* ObjectStore
  const [ofTable, ofCopy, stored] = [yield* rows("live"), yield* rows("copied"), yield* changes("changes")]
  yield* readCopy(Stream.make(live), table, ofTable)
  yield* readCopy(Stream.make(copied), table, ofCopy)
  let last = beforeEverything
  let mayRepeat = false
  for (const [i, text] of incs.entries()) {
    const key = `inc/date=20251103/cdc_20251103_10153${i}.csv`
    yield* store.put(key, text)
    const read = yield* readInc(store, key, i, last, { table, stored, counts, onBytes: () => {} })
    if (read.findings.length > 0) return yield* Effect.die(new Error(JSON.stringify(read.findings)))
    last = read.last
    mayRepeat ||= read.disordered
  }
  const found = yield* replay({ table, live: ofTable, copied: ofCopy, changes: stored, mayRepeat })
  if (found.unidentified > 0) return found.unidentified
  const differences = yield* Stream.runCollect(found.differences)
  return differences.map((one) => printFinding("", one).trim().replace(/ +/g, " "))
}, Effect.scoped)

export const compared = (lake: ComparedLake) =>
  Effect.flatMap(LakeComparison, ({ open }) =>
    Effect.scoped(Effect.flatMap(open, (workbench) => comparedIn(workbench, lake))),
  )
