/** The lines of one large transaction after the other, in a temporary file until its COMMIT. */
import { Effect, Stream } from "effect"
import type { SlotLine } from "../../core/slot/SlotLine.ts"
import { linePacker, lineUnpacker } from "../../core/slot/SpooledLine.ts"
import type { StoreError } from "../../services/lake/StoreError.ts"
import type { SpoolFile } from "../../services/Spool.ts"

/**
 * Runs `use` for some lines after the other, as long as it returns true. The lines hold until `use` is done: the room that
 * they lie in takes the next ones.
 */
export type ReadLines = <E, R>(
  use: (lines: ReadonlyArray<SlotLine>) => Effect.Effect<boolean, E, R>,
) => Effect.Effect<void, E | StoreError, R>

/** `open` opens the file, once. Lines are packed in one room, which nothing outside of here sees. */
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
    /** Appends lines. The first ones of a transaction take the place of those of the one before. */
    append: Effect.fnUntraced(function* (lines: ReadonlyArray<SlotLine>, areFirst: boolean) {
      const file = yield* open
      if (areFirst) yield* file.clear
      yield* Effect.forEach(pack(lines), file.append, { discard: true })
    }),
    read,
  }
}
