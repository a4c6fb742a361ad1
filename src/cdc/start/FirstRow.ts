/** Reads the first row of an object of `inc`. */
import { Effect, Option, Stream } from "effect"
import { csvRecords, fieldText } from "../../core/csv/CsvRecords.ts"
import { parse } from "../../core/Lsn.ts"
import { metaColumns } from "../../core/row/IncRow.ts"
import { ObjectStore } from "../../services/lake/ObjectStore.ts"
import { RowFormat } from "../../services/lake/RowFormat.ts"

const lsnField = metaColumns.indexOf("_lsn")

/** Returns the `_lsn` of the first row; none if there is no row. Reads no more than it must. */
export const firstRowLsn = Effect.fn("FirstRow.firstRowLsn")(function* (key: string) {
  const store = yield* ObjectStore
  const { records } = yield* RowFormat
  let read = 0
  let lsn: string | null = null
  const reader = csvRecords((record) => {
    if (++read === 2) lsn = fieldText(record, lsnField)
  })
  yield* records(store, key).pipe(
    Stream.takeUntil((chunk) => {
      reader.push(chunk)
      return read > 1
    }),
    Stream.runDrain,
  )
  return Option.flatMap(Option.fromNullishOr(lsn), parse)
})
