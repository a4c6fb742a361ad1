/** Reads the table's columns in the header of an object of `inc`. */
import { Effect, Stream } from "effect"
import { type CsvRecord, csvRecords, fieldText } from "../../src/core/csv/CsvRecords.ts"
import { type Columns, metaColumnsOf } from "../../src/core/row/IncRow.ts"
import type { StoreError } from "../../src/services/lake/StoreError.ts"

/** Removes the `_` that the header appends to a column with one of our names. */
const asTheTable = (name: string, head: ReadonlyArray<string>): string =>
  head.some((ours) => name.startsWith(`${ours}_`) && /^_+$/.test(name.slice(ours.length)))
    ? name.replace(/_+$/, "")
    : name

const columnsOf = (header: CsvRecord, head: ReadonlyArray<string>): Columns =>
  Array.from({ length: header.fields - head.length }, (_, i) =>
    asTheTable(fieldText(header, head.length + i) ?? "", head),
  )

/** Returns the table's columns as byte strings. Reads only the header. */
export const headerColumns = (csv: Stream.Stream<Uint8Array, StoreError>, isPartitioned: boolean) =>
  Effect.gen(function* () {
    let columns: Columns | undefined
    const reader = csvRecords((record) => {
      columns ??= columnsOf(record, metaColumnsOf(isPartitioned))
    })
    yield* csv.pipe(
      Stream.takeUntil((chunk) => {
        reader.push(chunk)
        return columns !== undefined
      }),
      Stream.runDrain,
    )
    return columns ?? []
  })
