/** Spill files in the system's folder for temporary files; `TMPDIR` chooses another. */

import { randomUUID } from "node:crypto"
import { type FileHandle, open, rm, unlink } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { Effect, Layer, Option, Stream } from "effect"
import { counted } from "../../src/core/text/CountedNoun.ts"
import { Spool, type SpoolFile } from "../../src/services/Spool.ts"
import { ownerMark } from "./FileOwner.ts"
import { removeLeftTemporary } from "./LeftFiles.ts"
import { temporaryError, temporaryFileError } from "./TemporaryFileErrors.ts"

const readBytes = 256 * 1024

const subject = () => `temporary files in ${tmpdir()}`

/** Uninterruptible: an abandoned write would land in the next content of the file. */
const attempt = <A>(action: () => Promise<A>) =>
  Effect.uninterruptible(
    Effect.tryPromise({ try: action, catch: (cause) => temporaryError(cause, subject()) }),
  )

/** The error if somebody else has truncated the file: the rest is not the whole content. */
const cutShort = (at: number, end: number) =>
  temporaryFileError({
    reason: "Broken",
    subject: subject(),
    detail: `a file ends after ${at} of the ${counted(end, "byte")} that were written into it`,
  })

/** A spill file over a file handle. `end` is the offset of the next byte. */
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
    read: (buffer, offset) =>
      Effect.flatMap(
        attempt(() => file.read(buffer, 0, Math.min(buffer.length, end - offset), offset)),
        ({ bytesRead }) => (bytesRead > 0 ? Effect.succeed(bytesRead) : cutShort(offset, end)),
      ),
    replay: Stream.suspend(() => {
      // One buffer for all chunks: garbage collection was too slow for a new one each.
      const buffer = Buffer.allocUnsafe(readBytes)
      return Stream.paginate(0, (offset) =>
        Effect.gen(function* () {
          const { bytesRead } = yield* attempt(() => file.read(buffer, 0, readBytes, offset))
          const next = offset + bytesRead
          if (bytesRead === 0 && offset < end) return yield* cutShort(offset, end)
          return [[buffer.subarray(0, bytesRead)], next < end ? Option.some(next) : Option.none()] as const
        }),
      )
    }),
  }
}

/** Opens a new file for reading and writing; tests replace it. */
export type OpenFile = (path: string, flags: string, mode: number) => Promise<FileHandle>

/**
 * Opens a file without a name: it disappears with the process. If an open file keeps its name (Windows), it is deleted at the
 * end, or by a later start (`LeftFiles.ts`).
 */
const openNameless = async (openFile: OpenFile): Promise<{ handle: FileHandle; path: string }> => {
  const path = join(tmpdir(), `afluente-spool-${ownerMark()}-${randomUUID()}`)
  const handle = await openFile(path, "wx+", 0o600)
  await unlink(path).catch(() => {})
  return { handle, path }
}

/** When it is built, deletes the files that killed processes have left, of this spool and of `verify`. */
export const layerWith = (openFile: OpenFile): Layer.Layer<Spool> =>
  Layer.effect(
    Spool,
    Effect.as(
      Effect.promise(() => removeLeftTemporary(tmpdir())),
      Spool.of({
        open: Effect.acquireRelease(
          attempt(() => openNameless(openFile)),
          ({ handle, path }) =>
            Effect.ignore(
              attempt(async () => {
                await handle.close()
                await rm(path, { force: true })
              }),
            ),
        ).pipe(Effect.map(({ handle }) => spoolFile(handle))),
      }),
    ),
  )

export const layer: Layer.Layer<Spool> = layerWith(open)
