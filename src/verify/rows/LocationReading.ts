/** Reads where the changes of an object stand. */
import { createHash } from "node:crypto"
import { Effect } from "effect"
import { fieldText } from "../../core/csv/CsvRecords.ts"
import { limitedRetry, retrying } from "../../retry/RetryPolicy.ts"
import type { ChangeLocations } from "../../services/lake/ComparedRows.ts"
import type { ObjectStore } from "../../services/lake/ObjectStore.ts"
import { changeOf, partition } from "./IncReading.ts"
import { readObject } from "./RecordReading.ts"

/**
 * Adds the location of every change of an object, with a digest of its header and row: input for the search for duplicates and
 * disorder. `whole` is true if every row could be read.
 */
export const readLocations = Effect.fn("LocationReading.readLocations")(function* (
  store: ObjectStore["Service"],
  key: string,
  object: number,
  isPartitioned: boolean,
  stored: ChangeLocations,
) {
  const start = yield* stored.length
  return yield* retrying(
    limitedRetry,
    Effect.gen(function* () {
      yield* stored.cut(start)
      const writer = stored.writer()
      let line = -1
      let header = ""
      let unreadable = 0
      const read = yield* readObject(store, key, writer, (record) => {
        line++
        const text = record.bytes.subarray(record.bounds[0], record.bounds[2 * record.fields - 1])
        const digest = createHash("md5").update(header).update(text).digest("hex")
        if (line === 0) {
          header = digest
          return
        }
        const change = changeOf(record)
        if (change === undefined) unreadable++
        else {
          const { lsn, seq } = change
          const of = isPartitioned ? fieldText(record, partition) : null
          writer.add({ object, line, lsn, seq, partition: of, digest })
        }
      })
      return { whole: read && unreadable === 0 }
    }),
  )
})
