/**
 * The data folder of an embedded server:
 *
 *     <folder>/cluster/    PostgreSQL's own data directory
 *     <folder>/password    the superuser's password, readable by the server's account alone
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
  /** Whose the cluster is, where that is not us. */
  readonly account: Account | undefined
}

export const user = "postgres"

/** C.UTF-8 is part of glibc; elsewhere only C is sure to be there (the encoding is UTF-8 all the same). */
const locale = process.platform === "linux" ? "C.UTF-8" : "C"

/** All that the server's processes see of our environment: settings and secrets in it are none of their business. */
export const environment: Readonly<Record<string, string>> = {
  ...Object.fromEntries(
    ["PATH", "TMPDIR", "TEMP", "TMP", "SystemRoot"].flatMap((name) => {
      const value = process.env[name]
      return value === undefined ? [] : [[name, value]]
    }),
  ),
  // The locale of the person who calls us may not exist for this C library, and initdb would fail.
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

/** A new, empty folder for a cluster that is thrown away. */
export const scratchFolder = (parent?: string): Effect.Effect<string, EmbeddedPostgresError> =>
  Effect.tryPromise({
    try: async () => mkdtemp(join(parent ?? (await temporaryFolder()), "afluente-pg-")),
    catch: fileFailure("Folder", "no temporary folder could be made"),
  })

/** Makes the folder where it is missing and decides who serves it. */
const openFolder = async (folder: string): Promise<Account | undefined> => {
  await mkdir(folder, { recursive: true, mode: 0o700 })
  if (!isRoot()) return undefined
  const account = (await ownerOf(join(folder, "cluster"))) ?? nobody
  const closed = await closedFolder(resolve(folder, ".."))
  if (closed !== undefined) {
    throw new EmbeddedPostgresError({
      reason: "Folder",
      detail: `PostgreSQL does not run as root, and the account it runs as (uid ${account.uid}) cannot pass ${closed}`,
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
  // What an interrupted attempt left behind.
  for (const name of await readdir(folder)) {
    if (name.startsWith("cluster.")) await rm(join(folder, name), { recursive: true, force: true })
  }
  const passwordFile = join(folder, "password")
  await writeFile(passwordFile, randomBytes(18).toString("base64url"), { mode: 0o600 })
  if (account !== undefined) await chown(passwordFile, account.uid, account.gid)
  // Renamed when whole: a folder with a `cluster` is one that can be started.
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

/** Opens the cluster in `folder`, and makes it first where there is none. */
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

/** As the last part of a path or the whole of a word; folders named so do not count. */
const serverProgram = /postgres(\.exe)?(\0|\s|:|$)/i

/** The command line of a process, or none where it cannot be told. */
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
 * After a crash `postmaster.pid` may name a number that a stranger bears by now (usual after a container restart,
 * where numbers are small). PostgreSQL would wait for that stranger for ever: the file is removed when it is certain
 * that the process is no PostgreSQL. A dead process and a live server are PostgreSQL's own to recognise.
 */
export const removeStaleLock = async (file: string): Promise<void> => {
  const text = await readFile(file, "utf8").catch(() => undefined)
  const pid = Number(text?.split("\n")[0])
  if (!Number.isInteger(pid) || pid <= 0) return
  const command = await commandOf(pid)
  if (command !== undefined && !serverProgram.test(command)) await rm(file, { force: true })
}
