/**
 * A file that is hidden until it is complete. It is in the folder of its target, under a name that begins with a dot, so that
 * publishing it is one step inside one file system. A killed process leaves it behind; its name has the owner's mark, and a
 * later start deletes it (`LeftFiles.ts`).
 */
import { randomUUID } from "node:crypto"
import * as fs from "node:fs/promises"
import { dirname, join } from "node:path"
import { Effect, type Scope } from "effect"
import type { StoreError } from "../../src/services/lake/StoreError.ts"
import { errno, folderExistsError } from "../node/FileFailures.ts"
import { ownerMark } from "../node/FileOwner.ts"
import { BufferPool } from "../store/BufferPool.ts"
import { taken } from "../store/StoreKeys.ts"
import { writeError } from "./FolderErrors.ts"
import { createFolder, setFileMode } from "./FolderModes.ts"
import { WriteBuffer } from "./WriteBuffer.ts"

/** The two calls whose failures cannot be provoked on every machine; tests replace them. */
export interface FolderFiles {
  readonly open: (path: string, flags: string, mode: number) => Promise<fs.FileHandle>
  readonly link: (existing: string, path: string) => Promise<void>
}

export interface HiddenFile {
  readonly write: (bytes: Uint8Array) => Effect.Effect<void, StoreError>
  /** True if the file system refuses an existing name; false without hard links. */
  readonly refusesTaken: Effect.Effect<boolean, StoreError>
  /** Syncs the file to disk; it stays hidden. */
  readonly sync: Effect.Effect<void, StoreError>
  /** Durably publishes the file: as `new`, which fails with `Exists` if there is one, or as a `replacement`. */
  readonly publish: (as: "new" | "replacement") => Effect.Effect<void, StoreError>
}

// Chunks of 64 KiB written one by one take about twice the time.
const bytesPerWrite = 1024 * 1024

const spareBuffersMax = 8

/** One for the process: all its files are in one folder. */
const bufferPool = new BufferPool(bytesPerWrite, spareBuffersMax)

// File systems without hard links: FAT and exFAT, some network and FUSE mounts.
const noHardLinks = new Set(["EPERM", "ENOTSUP", "EOPNOTSUPP", "ENOSYS", "EMLINK"])

/** Opens a hidden file beside `target`, and creates folders as needed, with modes by `umask`. Deleted when the scope closes. */
export const hiddenFile = (
  files: FolderFiles,
  target: string,
  subject: string,
  umask: number,
): Effect.Effect<HiddenFile, StoreError, Scope.Scope> =>
  Effect.gen(function* () {
    // A system call cannot be undone: an interruption waits for it.
    const io = <A>(call: () => Promise<A>) =>
      Effect.uninterruptible(Effect.tryPromise({ try: call, catch: (cause) => writeError(cause, subject) }))

    const folder = dirname(target)
    const path = join(folder, `.afluente-${ownerMark()}-${randomUUID()}.part`)
    const topmostCreated = yield* io(() => createFolder(folder, umask))
    const file = yield* Effect.acquireRelease(
      io(() => files.open(path, "wx", 0o600)),
      (opened) => Effect.promise(() => discard(opened, path)),
    )

    yield* io(() => setFileMode(file, umask))

    let failure: StoreError | undefined
    // After a failed call the content of the file is unknown: it must not be published.
    const unlessFailed = (call: () => Promise<void>) =>
      Effect.suspend(() => (failure === undefined ? io(call) : Effect.fail(failure))).pipe(
        Effect.tapError((error) => Effect.sync(() => (failure = error))),
      )

    const publishNew = async (): Promise<boolean> => {
      try {
        await files.link(path, target)
        return true
      } catch (cause) {
        if (errno(cause) !== "EEXIST" && !noHardLinks.has(errno(cause))) throw cause
        if (await isTaken(target)) return false
        if (errno(cause) === "EEXIST") return false
        await fs.rename(path, target)
        return true
      }
    }

    const refusesTaken = io(() =>
      files.link(path, target).then(
        () => false,
        (cause) => {
          if (errno(cause) === "EEXIST") return true
          if (noHardLinks.has(errno(cause))) return false
          throw cause
        },
      ),
    )

    const buffer = yield* Effect.acquireRelease(
      Effect.sync(() => new WriteBuffer(bufferPool)),
      (held) => Effect.sync(() => held.clear()),
    )
    const flush = async () => {
      await writeAll(file, buffer.content)
      buffer.clear()
    }
    const write = async (bytes: Uint8Array, done: number) => {
      for (let at = done; at < bytes.length; at += buffer.fill(bytes.subarray(at))) await flush()
    }

    const sync = unlessFailed(async () => {
      await flush()
      await file.sync()
    })

    return {
      write: (bytes) =>
        Effect.suspend(() => {
          const done = buffer.fill(bytes)
          if (done === bytes.length) return buffer.isOver ? unlessFailed(flush) : Effect.void
          return unlessFailed(() => write(bytes, done))
        }),
      sync,
      refusesTaken,
      publish: Effect.fnUntraced(function* (as) {
        yield* sync
        yield* unlessFailed(() => file.close())
        // In one uninterruptible call: an interruption must not leave a name that is visible and not on disk.
        const isNew = yield* io(async () => {
          if (as === "replacement") await fs.rename(path, target)
          else if (!(await publishNew())) return false
          await fs.rm(path, { force: true })
          await syncFolders(folder, topmostCreated)
          return true
        })
        if (!isNew) return yield* taken(subject)
      }),
    }
  })

const writeAll = async (file: fs.FileHandle, bytes: Uint8Array): Promise<void> => {
  let done = 0
  while (done < bytes.length) {
    done += (await file.write(bytes, done, bytes.length - done)).bytesWritten
  }
}

const discard = async (file: fs.FileHandle, path: string): Promise<void> => {
  await file.close().catch(() => {})
  await fs.rm(path, { force: true }).catch(() => {})
}

/** True if a file exists. Throws if a folder has the name: then no other writer created an object. */
const isTaken = (path: string): Promise<boolean> =>
  fs.lstat(path).then(
    (stats) => {
      if (stats.isDirectory()) throw folderExistsError(path)
      return true
    },
    (cause) => {
      if (errno(cause) === "ENOENT") return false
      throw cause
    },
  )

/** Syncs folders: a name is durable once its folder is on disk, and a new folder once its parent is. */
export const syncFolders = async (folder: string, topmostCreated?: string): Promise<void> => {
  // Windows cannot open a folder, and makes names durable by itself.
  if (process.platform === "win32") return
  const last = topmostCreated === undefined ? folder : dirname(topmostCreated)
  for (let path = folder; ; path = dirname(path)) {
    const opened = await fs.open(path, "r")
    await opened.sync().finally(() => opened.close())
    if (path === last || path === dirname(path)) return
  }
}
