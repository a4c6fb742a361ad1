/**
 * PostgreSQL refuses to run as root. A root process (usual in containers) therefore runs it as another account. Everything
 * that this account needs must be under folders that others may enter.
 */
import { lstat, stat } from "node:fs/promises"
import { tmpdir } from "node:os"
import { dirname } from "node:path"

export interface Account {
  readonly uid: number
  readonly gid: number
}

/** `nobody` on nearly every Linux (initdb needs an entry in /etc/passwd), so that no account must be created. */
export const nobody: Account = { uid: 65534, gid: 65534 }

export const isRoot = (): boolean => process.getuid?.() === 0

/** Returns the first folder from the root to `path` (included) that others cannot enter. */
export const closedFolder = async (path: string): Promise<string | undefined> => {
  const parent = dirname(path)
  const above = parent === path ? undefined : await closedFolder(parent)
  if (above !== undefined) return above
  return ((await stat(path)).mode & 0o001) === 0 ? path : undefined
}

/** Returns the owner of an existing folder if it is not root: only its owner may serve a cluster. */
export const ownerOf = async (path: string): Promise<Account | undefined> => {
  const stats = await lstat(path).catch(() => undefined)
  return stats === undefined || stats.uid === 0 ? undefined : { uid: stats.uid, gid: stats.gid }
}

/** Returns a folder for temporary files; as root one that others can enter, because TMPDIR is often root's own. */
export const temporaryFolder = async (): Promise<string> => {
  if (!isRoot()) return tmpdir()
  for (const folder of [tmpdir(), "/tmp", "/var/tmp"]) {
    if ((await closedFolder(folder).catch(() => folder)) === undefined) return folder
  }
  return tmpdir()
}
