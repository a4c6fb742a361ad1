/**
 * PostgreSQL refuses to run as root. A root process (usual in containers) therefore runs it as another account, and
 * everything that account must reach has to lie under folders that are open to others.
 */
import { lstat, stat } from "node:fs/promises"
import { tmpdir } from "node:os"
import { dirname } from "node:path"

export interface Account {
  readonly uid: number
  readonly gid: number
}

/** `nobody` on nearly every Linux (initdb wants an entry in /etc/passwd): no account has to be made. */
export const nobody: Account = { uid: 65534, gid: 65534 }

export const isRoot = (): boolean => process.getuid?.() === 0

/** The first folder on the way from the root to `path` that others cannot pass, `path` included. */
export const closedFolder = async (path: string): Promise<string | undefined> => {
  const parent = dirname(path)
  const above = parent === path ? undefined : await closedFolder(parent)
  if (above !== undefined) return above
  return ((await stat(path)).mode & 0o001) === 0 ? path : undefined
}

/** Who owns an existing folder, where it is not root: a cluster is only ever served by its owner. */
export const ownerOf = async (path: string): Promise<Account | undefined> => {
  const found = await lstat(path).catch(() => undefined)
  return found === undefined || found.uid === 0 ? undefined : { uid: found.uid, gid: found.gid }
}

/** A folder for temporary files; as root one that others can pass, because TMPDIR is often root's own. */
export const temporaryFolder = async (): Promise<string> => {
  if (!isRoot()) return tmpdir()
  for (const folder of [tmpdir(), "/tmp", "/var/tmp"]) {
    if ((await closedFolder(folder).catch(() => folder)) === undefined) return folder
  }
  return tmpdir()
}
