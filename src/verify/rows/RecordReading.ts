/** Reads the records of an object or a copy into rows of the comparison, in bounded memory. */
import { Effect, Stream } from "effect"
import { type CsvRecord, csvRecords } from "../../core/csv/CsvRecords.ts"
import type { RowWriter } from "../../services/lake/ComparedRows.ts"
import type { ObjectStore } from "../../services/lake/ObjectStore.ts"
import { RowFormat } from "../../services/lake/RowFormat.ts"

/** Large enough that a write costs less than the rows. */
const writeBytes = 512 * 1024

/** Passes each record to `onRecord`, which adds rows. Returns true if the last record was complete. */
export const readRecords = Effect.fnUntraced(function* <E, R>(
  csv: Stream.Stream<Uint8Array, E, R>,
  writer: RowWriter,
  onRecord: (record: CsvRecord) => void,
) {
  const reader = csvRecords(onRecord)
  yield* Stream.runForEach(csv, (chunk) => {
    reader.push(chunk)
    return writer.pending < writeBytes ? Effect.void : writer.write
  })
  if (writer.pending > 0) yield* writer.write
  return reader.end()
})

/**
 * Like `readRecords`, for an object of the lake. `onBytes` is called with the stored bytes. An object that cannot be
 * decompressed counts as cut short.
 */
export const readObject = Effect.fnUntraced(function* (
  store: ObjectStore["Service"],
  key: string,
  writer: RowWriter,
  onRecord: (record: CsvRecord) => void,
  onBytes: (chunk: Uint8Array) => void = () => {},
) {
  const { records } = yield* RowFormat
  let storeFailed = false
  const noteFailure = Effect.sync(() => {
    storeFailed = true
  })
  const reader = {
    read: (read: string) =>
      store.read(read).pipe(
        Stream.tap((chunk) => Effect.sync(() => onBytes(chunk))),
        Stream.tapError(() => noteFailure),
      ),
    readRange: (...asked: Parameters<typeof store.readRange>) =>
      Effect.tapError(store.readRange(...asked), () => noteFailure),
  }
  return yield* readRecords(records(reader, key), writer, onRecord).pipe(
    Effect.catchIf(
      (error) => error._tag === "StoreError" && !storeFailed,
      () => Effect.succeed(false),
    ),
  )
})
