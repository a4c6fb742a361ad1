/** A lake of one table as texts, read by the code of `verify` and compared by a layer. */
import { Effect, Stream } from "effect"
import { toBytes } from "../../../src/core/bytes/Bytes.ts"
import { csvRow } from "../../../src/core/csv/Csv.ts"
import * as Lsn from "../../../src/core/Lsn.ts"
import { printFinding } from "../../../src/core/lake/LakeFinding.ts"
import { metaColumns } from "../../../src/core/row/IncRow.ts"
import type { DatasetSchema } from "../../../src/lake/SchemaFiles.ts"
import type { ComparedTable } from "../../../src/services/lake/ComparedRows.ts"
import { LakeComparison } from "../../../src/services/lake/LakeComparison.ts"
import { ObjectStore } from "../../../src/services/lake/ObjectStore.ts"
import { type ColumnMatching, columnMatching, matchesByName } from "../../../src/verify/rows/ColumnMatches.ts"
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
  /** Without them columns are known by their names alone. */
  readonly numbers?: ColumnNumbers
}

/** The columns of the table, of its copy and of each object of `inc`, as `id=1 v=2`, or `v=2:x` with a kept value. */
interface ColumnNumbers {
  readonly live: string
  readonly copied: string
  readonly incs: ReadonlyArray<string>
}

const numbered = (columns: string) =>
  columns.split(" ").map((column) => {
    const [, name = "", attnum = "", missing] = /^(.+)=(\d+)(?::(.*))?$/.exec(column) ?? []
    const kept = missing === undefined ? {} : { missing }
    return { name, type: "text", nullable: true, attnum: Number(attnum), ...kept }
  })

const keyOf = (object: number): string => `inc/date=20251103/cdc_20251103_10153${object}.csv`

const schemaOf = (columns: string, object: number): DatasetSchema => ({
  stamp: { second: `20251103_10153${object}`, count: 1 },
  schema: {
    dataset: "t",
    table: '"t"',
    lsn: "",
    columns: numbered(columns),
    primary_key: null,
    replica_identity: null,
  },
})

const matchingOf = ({ columns }: ComparedTable, numbers: ColumnNumbers | undefined): ColumnMatching => {
  if (numbers !== undefined) return columnMatching(numbered(numbers.live), numbers.incs.map(schemaOf))
  const byName = (header: ReadonlyArray<string>) => matchesByName(columns.map(toBytes), header)
  return { inFull: byName, inInc: byName }
}

/** Returns the differences as `verify` prints them, without the dataset; or how many changes do not identify their row. */
export const comparedIn = Effect.fnUntraced(function* (
  { rows, changes, replay }: Effect.Success<LakeComparison["Service"]["open"]>,
  { table, live, copied, incs, counts = () => true, numbers }: ComparedLake,
) {
  const store = yield* ObjectStore
  const [ofTable, ofCopy, stored] = [yield* rows("live"), yield* rows("copied"), yield* changes("changes")]
  yield* readCopy(Stream.make(live), ofTable, table)
  const matching = matchingOf(table, numbers)
  const columnsOfCopy = numbers === undefined ? [] : numbered(numbers.copied)
  yield* readCopy(Stream.make(copied), ofCopy, table, (header) => matching.inFull(header, columnsOfCopy))
  let last = beforeEverything
  let mayRepeat = false
  for (const [i, text] of incs.entries()) {
    const key = keyOf(i)
    yield* store.put(key, text)
    const read = yield* readInc(store, key, i, last, {
      table,
      matching,
      isInLake: true,
      stored,
      counts,
      onBytes: () => {},
    })
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
