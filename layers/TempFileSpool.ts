/** The spool as one file in the system's folder for temporary files; `TMPDIR` chooses another. */
import { type FileHandle, mkdtemp, open, rm } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { Effect, Layer, Option, Stream } from "effect"
import { Spool, type SpoolFile } from "../src/services/Spool.ts"
import { StoreError } from "../src/services/StoreError.ts"
import { writeError } from "./FolderErrors.ts"

const readBytes = 256 * 1024

const subject = () => `temporary files in ${tmpdir()}`

/** Waited for to its end: a write that nobody waits for would land in what the file is used for next. */
const attempt = <A>(action: () => Promise<A>) =>
  Effect.uninterruptible(Effect.tryPromise({ try: action, catch: (cause) => writeError(cause, subject()) }))

/** Somebody else has cut the file. What is left of it is not the transaction. */
const cutShort = (at: number, end: number) =>
  new StoreError({
    reason: "Broken",
    subject: subject(),
    detail: `a file ends after ${at} of the ${end} bytes that were written into it`,
  })

/** Opened for reading and writing; `end` is where the next bytes go. */
const spoolFile = (file: FileHandle): SpoolFile => {
  let end = 0
  return {
    append: (bytes) =>
      attempt(async () => {
        for (let done = 0; done < bytes.length; ) {
          done += (await file.write(bytes, done, bytes.length - done, end + done)).bytesWritten
        }
        end += bytes.length
      }),
    clear: attempt(async () => {
      end = 0
      await file.truncate(0)
    }),
    replay: Stream.suspend(() => {
      // One room for all pieces: a new one for each was dropped faster than it was collected.
      const room = Buffer.allocUnsafe(readBytes)
      return Stream.paginate(0, (offset) =>
        Effect.gen(function* () {
          const { bytesRead } = yield* attempt(() => file.read(room, 0, readBytes, offset))
          const next = offset + bytesRead
          if (bytesRead === 0 && offset < end) return yield* cutShort(offset, end)
          return [[room.subarray(0, bytesRead)], next < end ? Option.some(next) : Option.none()] as const
        }),
      )
    }),
  }
}

export const layer: Layer.Layer<Spool> = Layer.succeed(
  Spool,
  Spool.of({
    open: Effect.gen(function* () {
      const folder = yield* Effect.acquireRelease(
        attempt(() => mkdtemp(join(tmpdir(), "afluente-spool-"))),
        (made) => Effect.ignore(attempt(() => rm(made, { recursive: true, force: true }))),
      )
      const file = yield* Effect.acquireRelease(
        attempt(() => open(join(folder, "transaction"), "wx+", 0o600)),
        (handle) => Effect.ignore(attempt(() => handle.close())),
      )
      return spoolFile(file)
    }),
  }),
)
