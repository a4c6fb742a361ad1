/**
 * The lake as a folder: the key is the path below it. An object is written to a hidden file, synced to disk, and then given
 * its name in one step. So readers see it complete or not at all, also after a power failure.
 */

import { createReadStream } from "node:fs"
import * as fs from "node:fs/promises"
import { dirname, join, resolve } from "node:path"
import * as NodeStream from "@effect/platform-node/NodeStream"
import { Context, Effect, Layer, Option, Stream } from "effect"
import { ObjectStore } from "../../src/services/lake/ObjectStore.ts"
import { StoreAdmin } from "../../src/services/lake/StoreAdmin.ts"
import { errno } from "../node/FileFailures.ts"
import { removeLeftParts } from "../node/LeftFiles.ts"
import { isKey, keyRefused, notFound, outside } from "../store/StoreKeys.ts"
import { readError, writeError } from "./FolderErrors.ts"
import { statFile, walk } from "./FolderListing.ts"
import { createFolder, defaultUmask } from "./FolderModes.ts"
import { readFileVersion, replaceFileVersion } from "./FolderVersions.ts"
import { type FolderFiles, hiddenFile, syncFolders } from "./HiddenFile.ts"

/** In bytes. Large enough that a call costs less than the work on its bytes, small enough to hold a few in memory. */
const readBytes = 256 * 1024

const make = (folder: string, files: FolderFiles, umask: number) => {
  const root = resolve(folder)
  const location = `file:${root}`
  const pathOf = (key: string) => join(root, key)
  const subjectOf = (key: string) => `file:${pathOf(key)}`

  const reading = <A>(key: string, call: () => Promise<A>) =>
    Effect.tryPromise({ try: call, catch: (cause) => readError(cause, subjectOf(key)) })
  const writing = <A>(key: string, call: () => Promise<A>) =>
    Effect.uninterruptible(
      Effect.tryPromise({ try: call, catch: (cause) => writeError(cause, subjectOf(key)) }),
    )
  const begin = (key: string) =>
    isKey(key) ? hiddenFile(files, pathOf(key), subjectOf(key), umask) : Effect.fail(keyRefused(key))

  const prepare = writing("", async () => {
    const topmostCreated = await createFolder(root, umask)
    if (topmostCreated !== undefined) await syncFolders(dirname(root), topmostCreated)
    return topmostCreated !== undefined
  })

  const store = ObjectStore.of({
    location,
    check: Effect.fn("FolderObjectStore.check")(function* (area) {
      yield* prepare
      // The folder may belong to another user than the root. It is not created for the probe, which would leave it behind.
      const target = (yield* reading(area, () => isFolder(pathOf(area)))) ? `${area}/check` : "check"
      const probe = yield* hiddenFile(files, pathOf(target), subjectOf(dirname(target)), umask)
      yield* probe.write(new Uint8Array(1))
      yield* probe.sync
      // Runs in the background, because it takes a while in a large lake.
      yield* Effect.forkDetach(Effect.promise(() => removeLeftParts(root, ["full", "inc"])))
    }, Effect.scoped),
    create: Effect.fn("FolderObjectStore.create")(function* (key) {
      const file = yield* begin(key)
      let bytes = 0
      return {
        write: (chunk) => Effect.tap(file.write(chunk), () => Effect.sync(() => (bytes += chunk.length))),
        commit: Effect.map(file.publish("new"), () => ({ bytes })),
      }
    }),
    put: Effect.fn("FolderObjectStore.put")(function* (key, body) {
      const file = yield* begin(key)
      yield* file.write(body)
      yield* file.publish("replacement")
    }, Effect.scoped),
    read: (key) =>
      isKey(key)
        ? NodeStream.fromReadable({
            evaluate: () => createReadStream(pathOf(key), { highWaterMark: readBytes }),
            onError: (cause) => readError(cause, subjectOf(key)),
            // One chunk per pull: with a slow reader the rest of the file must not fill memory.
            chunkSize: 1,
          })
        : Stream.fail(notFound(key)),
    readRange: Effect.fn("FolderObjectStore.readRange")(function* (key, offset, length) {
      if (!isKey(key)) return yield* notFound(key)
      const bytes = yield* reading(key, () => readPart(pathOf(key), offset, length))
      return bytes ?? (yield* outside(subjectOf(key), offset))
    }),
    list: (prefix, after) =>
      Stream.fromAsyncIterable(walk(root, prefix, after), (cause) => readError(cause, location)).pipe(
        Stream.flatMap(Stream.fromIterable),
      ),
    honoursConditions: Effect.fn("FolderObjectStore.honoursConditions")(function* (probe) {
      const file = yield* begin(probe)
      yield* Effect.catchIf(
        file.publish("new"),
        ({ reason }) => reason === "Exists",
        () => Effect.void,
      )
      const second = yield* begin(probe)
      return yield* second.refusesTaken
    }, Effect.scoped),
    readVersion: (key) => (isKey(key) ? readFileVersion(pathOf(key), subjectOf(key)) : Effect.succeedNone),
    replace: (key, body, version) =>
      isKey(key)
        ? replaceFileVersion(files, pathOf(key), subjectOf(key), umask, body, version)
        : Effect.fail(keyRefused(key)),
  })
  const admin = StoreAdmin.of({
    prepare,
    stat: (key) =>
      isKey(key)
        ? Effect.map(
            reading(key, () => statFile(root, key)),
            Option.fromUndefinedOr,
          )
        : Effect.succeedNone,
    remove: Effect.fn("FolderObjectStore.remove")(function* (key) {
      if (isKey(key)) yield* writing(key, () => removeFile(pathOf(key)))
    }),
  })
  return Context.make(ObjectStore, store).pipe(Context.add(StoreAdmin, admin))
}

const isFolder = (path: string): Promise<boolean> =>
  fs.stat(path).then(
    (stats) => stats.isDirectory(),
    (cause) => {
      if (["ENOENT", "ENOTDIR"].includes(errno(cause))) return false
      throw cause
    },
  )

/** Reads a part of a file; undefined if the file ends before `offset`. */
const readPart = async (path: string, offset: number, length: number): Promise<Uint8Array | undefined> => {
  const file = await fs.open(path, "r")
  try {
    const { size } = await file.stat()
    if (offset >= size) return undefined
    const bytes = new Uint8Array(Math.min(length, size - offset))
    let done = 0
    while (done < bytes.length) {
      const { bytesRead } = await file.read(bytes, done, bytes.length - done, offset + done)
      if (bytesRead === 0) break
      done += bytesRead
    }
    return bytes.subarray(0, done)
  } finally {
    await file.close()
  }
}

const removeFile = async (path: string): Promise<void> => {
  try {
    await fs.unlink(path)
  } catch (cause) {
    if (["ENOENT", "ENOTDIR"].includes(errno(cause))) return
    throw cause
  }
  await syncFolders(dirname(path))
}

/** An object store in `folder` (relative to the working directory), which is created at the first use. `umask` is LAKE_UMASK. */
export const layer = (
  folder: string,
  files: FolderFiles = fs,
  umask = defaultUmask,
): Layer.Layer<ObjectStore | StoreAdmin> => Layer.succeedContext(make(folder, files, umask))
