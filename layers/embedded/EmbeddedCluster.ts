/**
 * The data folder of an embedded server:
 *
 *     <folder>/cluster/    PostgreSQL's own data directory
 *     <folder>/password    the superuser's password, readable by the server's account only
 */
import { execFile } from "node:child_process"
import { randomBytes } from "node:crypto"
import { chown, mkdir, mkdtemp, readdir, readFile, rename, rm, stat, writeFile } from "node:fs/promises"
import { join, resolve } from "node:path"
import { promisify } from "node:util"
import { Effect } from "effect"
import { type Account, closedFolder, isRoot, nobody, ownerOf, temporaryFolder } from "./EmbeddedAccount.ts"
import { cannotRun, codeOf, EmbeddedPostgresError, fileFailure } from "./EmbeddedPostgresError.ts"

export interface Cluster {
  readonly folder: string
  /** PostgreSQL's data directory. */
  readonly directory: string
  readonly password: string
  /** The owner of the cluster, if it is another account. */
  readonly account: Account | undefined
}

export const user = "postgres"

/** C.UTF-8 is part of glibc; elsewhere only C is guaranteed (the encoding is still UTF-8). */
const locale = process.platform === "linux" ? "C.UTF-8" : "C"

/** The environment of the server's processes: without our settings and secrets. */
export const environment: Readonly<Record<string, string>> = {
  ...Object.fromEntries(
    ["PATH", "TMPDIR", "TEMP", "TMP", "SystemRoot"].flatMap((name) => {
      const value = process.env[name]
      return value === undefined ? [] : [[name, value]]
    }),
  ),
  // The caller's locale may not exist for this C library, and initdb would fail.
  LC_ALL: locale,
  LANG: locale,
  TZ: "UTC",
}

const existing = (path: string): Promise<boolean> =>
  stat(path).then(
    () => true,
    (cause) => {
      if (codeOf(cause) === "ENOENT") return false
      throw cause
    },
  )

/** Creates a new, empty folder for a temporary cluster. */
export const scratchFolder = (parent?: string): Effect.Effect<string, EmbeddedPostgresError> =>
  Effect.tryPromise({
    try: async () => mkdtemp(join(parent ?? (await temporaryFolder()), "afluente-pg-")),
    catch: fileFailure("Folder", "no temporary folder could be created"),
  })

/** Creates the folder if it is missing. Returns the account that serves it. */
const openFolder = async (folder: string): Promise<Account | undefined> => {
  await mkdir(folder, { recursive: true, mode: 0o700 })
  if (!isRoot()) return undefined
  const account = (await ownerOf(join(folder, "cluster"))) ?? nobody
  const closed = await closedFolder(resolve(folder, ".."))
  if (closed !== undefined) {
    throw new EmbeddedPostgresError({
      reason: "Folder",
      detail: `PostgreSQL does not run as root, and the account it runs as (uid ${account.uid}) cannot enter ${closed}`,
    })
  }
  await chown(folder, account.uid, account.gid)
  return account
}

const initialise = async (
  initdb: string,
  folder: string,
  account: Account | undefined,
  durable: boolean,
  signal: AbortSignal,
): Promise<void> => {
  // Left behind by an interrupted attempt.
  for (const name of await readdir(folder)) {
    if (name.startsWith("cluster.")) await rm(join(folder, name), { recursive: true, force: true })
  }
  const passwordFile = join(folder, "password")
  await writeFile(passwordFile, randomBytes(18).toString("base64url"), { mode: 0o600 })
  if (account !== undefined) await chown(passwordFile, account.uid, account.gid)
  // Renamed when it is complete: so a folder with a `cluster` can be started.
  const draft = join(folder, `cluster.${process.pid}`)
  const args = [
    `--pgdata=${draft}`,
    `--username=${user}`,
    `--pwfile=${passwordFile}`,
    "--auth=scram-sha-256",
    "--encoding=UTF8",
    `--locale=${locale}`,
    ...(durable ? [] : ["--no-sync"]),
  ]
  await promisify(execFile)(initdb, args, { cwd: folder, env: { ...environment }, signal, ...account }).catch(
    (cause: unknown) => {
      throw initFailure(initdb, cause)
    },
  )
  await rename(draft, join(folder, "cluster"))
}

const initFailure = (initdb: string, cause: unknown): EmbeddedPostgresError => {
  const code = codeOf(cause)
  if (code !== undefined) return cannotRun(initdb, code)
  const log = cause instanceof Error && "stderr" in cause ? String(cause.stderr).trim() : ""
  return new EmbeddedPostgresError({ reason: "Init", detail: "initdb failed", log, cause })
}

/** Opens the cluster in `folder`; creates it first if there is none. */
export const openCluster = (
  initdb: string,
  folder: string,
  durable: boolean,
): Effect.Effect<Cluster, EmbeddedPostgresError> =>
  Effect.tryPromise({
    try: async (signal) => {
      const account = await openFolder(folder)
      const directory = join(folder, "cluster")
      if (!(await existing(directory))) await initialise(initdb, folder, account, durable, signal)
      await removeStaleLock(join(directory, "postmaster.pid"))
      return {
        folder,
        directory,
        account,
        password: (await readFile(join(folder, "password"), "utf8")).trim(),
      }
    },
    catch: fileFailure("Folder", `the data folder ${folder} cannot be used`),
  })

/** Matches the last part of a path or a whole word; folders with this name do not count. */
const serverProgram = /postgres(\.exe)?(\0|\s|:|$)/i

/** Returns the command line of a process; undefined if it cannot be read. */
const commandOf = async (pid: number): Promise<string | undefined> => {
  const cmdline = await readFile(`/proc/${pid}/cmdline`, "utf8")
    .catch(async () => {
      const { stdout } = await promisify(execFile)("ps", ["-o", "command=", "-p", String(pid)])
      return stdout
    })
    .catch(() => "")
  return cmdline === "" ? undefined : cmdline
}

/**
 * Removes `postmaster.pid` if it names a process that is certainly no PostgreSQL. After a crash its process id may have been
 * reused (usual after a container restart, because ids are small there), and PostgreSQL would wait for that process without
 * end. PostgreSQL itself recognises a dead process and a live server.
 */
export const removeStaleLock = async (file: string): Promise<void> => {
  const text = await readFile(file, "utf8").catch(() => undefined)
  const pid = Number(text?.split("\n")[0])
  if (!Number.isInteger(pid) || pid <= 0) return
  const command = await commandOf(pid)
  if (command !== undefined && !serverProgram.test(command)) await rm(file, { force: true })
}
