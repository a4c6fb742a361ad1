/**
 * Replaces a file of a folder lake under a condition. Its versions are hidden files beside it, numbered from 1:
 * `inc/._watermark.txt.7`. A version is created by `link()`, which succeeds for one of several processes, and the newest
 * number counts. The visible file is another name of the newest version.
 *
 * All writers share one numbering: two that read the same version must create the same name.
 */
import { randomUUID } from "node:crypto"
import * as fs from "node:fs/promises"
import { basename, dirname, join } from "node:path"
import { Effect, Option } from "effect"
import type { Versioned } from "../../src/services/lake/ObjectStore.ts"
import type { StoreError } from "../../src/services/lake/StoreError.ts"
import { errno, folderExistsError } from "../node/FileFailures.ts"
import { ownerMark } from "../node/FileOwner.ts"
import { taken } from "../store/StoreKeys.ts"
import { readError, writeError } from "./FolderErrors.ts"
import { type FolderFiles, hiddenFile, syncFolders } from "./HiddenFile.ts"

/** Returns undefined if there is no file. A folder of that name is an error, because no writer could replace it. */
const orMissing = <A>(call: Promise<A>): Promise<A | undefined> =>
  call.catch((cause: unknown) => {
    if (errno(cause) !== "EISDIR" && readError(cause, "").reason === "NotFound") return undefined
    throw cause
  })

const versionPath = (path: string, number: number): string =>
  join(dirname(path), `.${basename(path)}.${number}`)

/** True if a file exists. Throws if a folder has the name. */
const fileExists = async (path: string): Promise<boolean> => {
  const stats = await orMissing(fs.lstat(path))
  if (stats?.isDirectory() === true) throw folderExistsError(path)
  return stats !== undefined
}

/** Returns the numbers of the existing versions, ascending. */
const numbersOf = async (path: string): Promise<ReadonlyArray<number>> => {
  const prefix = `.${basename(path)}.`
  const names = (await orMissing(fs.readdir(dirname(path)))) ?? []
  return names
    .filter((name) => name.startsWith(prefix) && /^[1-9]\d*$/.test(name.slice(prefix.length)))
    .map((name) => Number(name.slice(prefix.length)))
    .sort((a, b) => a - b)
}

const read = async (path: string): Promise<Option.Option<Versioned>> => {
  const numbers = await numbersOf(path)
  const [older, newest] = numbers.length > 1 ? numbers.slice(-2) : [undefined, ...numbers]
  const visible = await orMissing(fs.readFile(path))
  if (newest === undefined) {
    return Option.map(Option.fromUndefinedOr(visible), (body) => ({ body, version: "0" }))
  }
  const body = await orMissing(fs.readFile(versionPath(path, newest)))
  // It was deleted meanwhile, because there are newer ones.
  if (body === undefined) return read(path)
  const differs = visible !== undefined && !visible.equals(body)
  const before = older === undefined ? undefined : await orMissing(fs.readFile(versionPath(path, older)))
  return Option.some({
    body,
    version: String(newest),
    ...(differs && { visible }),
    ...(before !== undefined && { before }),
  })
}

/** Reads a file with its version. A file without one, from another program, has version `0`. */
export const readFileVersion = (
  path: string,
  subject: string,
): Effect.Effect<Option.Option<Versioned>, StoreError> =>
  Effect.tryPromise({ try: () => read(path), catch: (cause) => writeError(cause, subject) })

/** Publishes a version under the visible name, in one step. */
const publishVersion = async (files: FolderFiles, path: string, number: number): Promise<void> => {
  const between = join(dirname(path), `.afluente-${ownerMark()}-${randomUUID()}.part`)
  await files.link(versionPath(path, number), between)
  await fs.rename(between, path)
  await syncFolders(dirname(path))
}

/** Deletes all but the newest two: a writer that is late by one version must meet its name taken. */
const removeOlder = async (path: string, numbers: ReadonlyArray<number>): Promise<void> => {
  for (const number of numbers.slice(0, -2)) await fs.rm(versionPath(path, number), { force: true })
}

/** Writes the next version. Fails with `Exists` if `version` is not the newest any more. */
export const replaceFileVersion = Effect.fnUntraced(function* (
  files: FolderFiles,
  path: string,
  subject: string,
  umask: number,
  body: Uint8Array,
  version: Option.Option<string>,
) {
  const io = <A>(call: () => Promise<A>) =>
    Effect.uninterruptible(Effect.tryPromise({ try: call, catch: (cause) => writeError(cause, subject) }))
  const known = Number(Option.getOrElse(version, () => "0"))
  const next = known + 1
  // A file that another program put there has no version whose name could be taken.
  const exists = yield* io(async () =>
    known > 0 ? (await numbersOf(path)).includes(known) : await fileExists(path),
  )
  if (Option.isSome(version) !== exists) return yield* taken(subject)
  const file = yield* hiddenFile(files, versionPath(path, next), subject, umask)
  yield* file.write(body)
  yield* file.publish("new")
  const numbers = yield* io(() => numbersOf(path))
  // Names of deleted versions are free again: only the newest number proves that no other writer came between.
  if ((numbers.at(-1) ?? next) > next) {
    yield* io(() => fs.rm(versionPath(path, next), { force: true }))
    return yield* taken(subject)
  }
  // Others may have deleted it while this process was stopped: then they have written two newer ones.
  yield* Effect.catchIf(
    io(() => publishVersion(files, path, next)),
    ({ reason }) => reason === "NotFound",
    () => Effect.fail(taken(subject)),
  )
  yield* io(() => removeOlder(path, numbers))
  return String(next)
}, Effect.scoped)
