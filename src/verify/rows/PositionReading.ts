/** Reads the positions of an object's changes. */
import { createHash } from "node:crypto"
import { Effect } from "effect"
import { limitedRetry, retrying } from "../../retry/RetryPolicy.ts"
import type { RowFile } from "../../services/lake/LakeComparison.ts"
import type { ObjectStore } from "../../services/lake/ObjectStore.ts"
import { ComparableRows } from "./ComparableRows.ts"
import { changeOf } from "./IncReading.ts"
import { readObject } from "./RecordReading.ts"

/** Object, line, `_lsn`, `_seq`, digest. */
const positionValues = 5

/**
 * Writes the position of every change of an object to `file`, with a digest of its header and row: input for the search for
 * duplicates and disorder. `whole` is true if every row could be read.
 */
export const readPositions = Effect.fn("PositionReading.readPositions")(function* (
  store: ObjectStore["Service"],
  key: string,
  object: number,
  file: RowFile,
) {
  const start = yield* file.length
  return yield* retrying(
    limitedRetry,
    Effect.gen(function* () {
      yield* file.cut(start)
      const rows = new ComparableRows(positionValues)
      let line = -1
      let header = ""
      let unreadable = 0
      const read = yield* readObject(store, key, rows, file, (record) => {
        line++
        const text = record.bytes.subarray(record.bounds[0], record.bounds[2 * record.fields - 1])
        const digest = createHash("md5").update(header).update(text).digest("hex")
        if (line === 0) {
          header = digest
          return
        }
        const change = changeOf(record)
        if (change === undefined) {
          unreadable++
          return
        }
        for (const one of [`${object}`, `${line}`, change.lsn, `${change.seq}`, digest]) rows.plain(one)
        rows.endRow()
      })
      return { whole: read && unreadable === 0 }
    }),
  )
})
