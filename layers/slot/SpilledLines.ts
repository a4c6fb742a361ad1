/** Holds the lines of one large transaction after the other in a temporary file until its COMMIT. */
import { Effect, Stream } from "effect"
import type { SlotLine } from "../../src/core/slot/SlotLine.ts"
import { linePacker, lineUnpacker } from "../../src/core/slot/SpooledLine.ts"
import type { StoreError } from "../../src/services/lake/StoreError.ts"
import type { SpoolFile } from "../../src/services/Spool.ts"
import type { ReadLines } from "../../src/services/source/Transaction.ts"

/** `open` opens the file, once. Lines are packed in one buffer that only this module uses. */
export const spilledLines = (open: Effect.Effect<SpoolFile, StoreError>) => {
  const pack = linePacker()
  const read: ReadLines = (use) =>
    Effect.flatMap(open, (file) =>
      Stream.runForEachWhile(
        Stream.suspend(() => Stream.map(file.replay, lineUnpacker())),
        use,
      ),
    )
  return {
    /** Appends lines. The first ones of a transaction replace those of the one before. */
    append: Effect.fnUntraced(function* (lines: ReadonlyArray<SlotLine>, areFirst: boolean) {
      const file = yield* open
      if (areFirst) yield* file.clear
      yield* Effect.forEach(pack(lines), file.append, { discard: true })
    }),
    read,
  }
}
