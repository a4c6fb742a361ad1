/**
 * The long lines of one transaction: their bytes go to a temporary file as they arrive, and only their text with marks
 * stays in memory (`LongLine.ts`).
 */
import { Effect, Result } from "effect"
import { LongLineReader } from "../../src/core/slot/LongLineReader.ts"
import { type LinePart, SlotLine } from "../../src/core/slot/SlotLine.ts"
import type { StoreError } from "../../src/services/lake/StoreError.ts"
import type { SpoolFile } from "../../src/services/Spool.ts"

/** The long lines of one transaction, while it is open and until its rows are written. */
export class LongBytes {
  #reader: LongLineReader | undefined
  /** Bytes that are not in the file yet. */
  #pending: Array<Uint8Array> = []
  #length = 0
  /** Their offset in the file; undefined while none of them is there. */
  #from: number | undefined

  /** True if none of them is in the file. */
  get isNew(): boolean {
    return this.#from === undefined
  }

  get from(): number {
    return this.#from ?? 0
  }

  /** Returns the line with marks after its last part, undefined before. Fails with the error in the line. */
  add({ bytes, isFirst, isLast, lsn, ordinal }: LinePart): Result.Result<SlotLine | undefined, string> {
    if (isFirst) this.#reader = new LongLineReader(this.#length)
    const reader = this.#reader
    if (reader === undefined) return Result.fail("its first part is missing")
    this.#pending.push(bytes)
    this.#length += bytes.length
    reader.push(bytes)
    const text = isLast ? reader.end() : undefined
    if (reader.failure !== undefined) return Result.fail(reader.failure)
    return Result.succeed(text === undefined ? undefined : SlotLine.of(lsn, ordinal, text, true))
  }

  /** Returns the bytes to write to the file, which ends at `end` now. */
  take(end: number): ReadonlyArray<Uint8Array> {
    this.#from ??= end
    const taken = this.#pending
    this.#pending = []
    return taken
  }
}

/** The file that one transaction after the other uses. `open` opens it, once. */
export const longBytesFile = (open: Effect.Effect<SpoolFile, StoreError>) => {
  let end = 0
  return {
    /** Writes the pending bytes. The bytes before it are dropped, unless they are `inUse`. */
    write: Effect.fnUntraced(function* (long: LongBytes, inUse: boolean) {
      const file = yield* open
      if (long.isNew && !inUse) {
        yield* file.clear
        end = 0
      }
      for (const chunk of long.take(end)) {
        yield* file.append(chunk)
        end += chunk.length
      }
    }),
    /** Reads bytes of one transaction: see `ReadLong` of `Transaction.ts`. */
    read: (long: LongBytes, buffer: Uint8Array, offset: number) =>
      Effect.flatMap(open, (file) => file.read(buffer, long.from + offset)),
  }
}
