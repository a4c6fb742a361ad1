/** Reads the records of an object or a copy into a file of rows, in bounded memory. */
import { Effect, Stream } from "effect"
import type { ComparableRows } from "./ComparableRows.ts"
import { type CsvRecord, csvRecords } from "./core/CsvRecords.ts"
import type { RowFile } from "./services/LakeComparison.ts"

/** Large enough that a write costs less than the rows. */
const writeBytes = 512 * 1024

/** Hands each record to `onRecord`, which makes rows of it; answers whether the last one was whole. */
export const readRecords = Effect.fnUntraced(function* <E, R>(
  csv: Stream.Stream<Uint8Array, E, R>,
  rows: ComparableRows,
  file: RowFile,
  onRecord: (record: CsvRecord) => void,
) {
  const reader = csvRecords(onRecord)
  yield* Stream.runForEach(csv, (chunk) => {
    reader.push(chunk)
    return rows.length < writeBytes ? Effect.void : file.append(rows.take())
  })
  if (rows.length > 0) yield* file.append(rows.take())
  return reader.end()
})
