/**
 * Removes what killed processes have left: temporary files of this program, which hold rows, and files of a lake in a folder
 * that never became visible. A file is removed when its owner is dead, or when its owner is unknown and it was not written
 * for a day. That of a living process stays. Nothing here fails: what cannot be removed now is left to the next start.
 */
import { lstat, readdir, rm } from "node:fs/promises"
import { join } from "node:path"
import { ownerState } from "./FileOwner.ts"

const dayMillis = 24 * 60 * 60 * 1000

/** Of the names `afluente-KIND-…` and `.afluente-….part`. */
const temporary = /^afluente-(spool|verify)-/
const part = /^\.afluente-.+\.part$/

/** When something in it was last written: of a folder all that it holds. */
const lastWritten = async (path: string): Promise<number> => {
  const found = await lstat(path)
  if (!found.isDirectory()) return found.mtimeMs
  const inside = await readdir(path)
  const times = await Promise.all(inside.map((name) => lastWritten(join(path, name))))
  return Math.max(found.mtimeMs, ...times)
}

const isLeft = async (path: string, name: string, now: number): Promise<boolean> => {
  const owner = ownerState(name)
  return owner === "dead" || (owner === "unknown" && now - (await lastWritten(path)) > dayMillis)
}

const removeIfLeft = async (folder: string, name: string, now: number): Promise<void> => {
  const path = join(folder, name)
  try {
    if (await isLeft(path, name, now)) await rm(path, { recursive: true, force: true })
  } catch {
    // Another process was faster, or it is another user's.
  }
}

/** Of the folder for temporary files, where others have theirs too: only those of this user. */
export const removeLeftTemporary = async (folder: string, now = Date.now()): Promise<void> => {
  const user = process.getuid?.()
  for (const name of (await readdir(folder).catch(() => [])).filter((name) => temporary.test(name))) {
    const found = await lstat(join(folder, name)).catch(() => undefined)
    if (user === undefined || found?.uid === user) await removeIfLeft(folder, name, now)
  }
}

/**
 * Of a lake: its folder, and all below the named ones. The newest days come first, for there the last process has ended.
 */
export const removeLeftParts = async (
  root: string,
  areas: ReadonlyArray<string>,
  now = Date.now(),
): Promise<void> => {
  await inFolder(root, now, (name) => areas.includes(name))
}

const inFolder = async (folder: string, now: number, goesInto: (name: string) => boolean): Promise<void> => {
  const entries = await readdir(folder, { withFileTypes: true }).catch(() => [])
  for (const entry of entries) {
    if (entry.isFile() && part.test(entry.name)) await removeIfLeft(folder, entry.name, now)
  }
  const folders = entries.filter((entry) => entry.isDirectory() && goesInto(entry.name))
  for (const { name } of folders.toSorted((a, b) => (a.name < b.name ? 1 : -1))) {
    await inFolder(join(folder, name), now, (inner) => !inner.startsWith("."))
  }
}
