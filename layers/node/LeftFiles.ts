/**
 * Deletes files that killed processes have left: temporary files of this program, which hold rows, and hidden files of a lake
 * in a folder. A file is deleted if its owner is dead, or if its owner is unknown and it was not written for a day. Never
 * fails: a file that cannot be deleted now is left to the next start.
 */
import { lstat, readdir, rm } from "node:fs/promises"
import { join } from "node:path"
import { ownerState } from "./FileOwner.ts"

const dayMillis = 24 * 60 * 60 * 1000

/** Match the names `afluente-KIND-…` and `.afluente-….part`. */
const temporary = /^afluente-(spool|verify)-/
const part = /^\.afluente-.+\.part$/

/** Returns when a file, or anything in a folder, was last written. */
const lastWritten = async (path: string): Promise<number> => {
  const stats = await lstat(path)
  if (!stats.isDirectory()) return stats.mtimeMs
  const inside = await readdir(path)
  const times = await Promise.all(inside.map((name) => lastWritten(join(path, name))))
  return Math.max(stats.mtimeMs, ...times)
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
    // Another process was faster, or the file belongs to another user.
  }
}

/** Cleans the folder for temporary files, which others use too: deletes only files of this user. */
export const removeLeftTemporary = async (folder: string, now = Date.now()): Promise<void> => {
  const user = process.getuid?.()
  for (const name of (await readdir(folder).catch(() => [])).filter((name) => temporary.test(name))) {
    const stats = await lstat(join(folder, name)).catch(() => undefined)
    if (user === undefined || stats?.uid === user) await removeIfLeft(folder, name, now)
  }
}

/**
 * Cleans a lake: its folder, and everything below `areas`. Begins with the newest days, where the last process has written.
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
