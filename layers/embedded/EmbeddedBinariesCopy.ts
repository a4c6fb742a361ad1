/** Copies the binaries if `node_modules` is read-only, or under a folder that the server's account cannot enter. */
import { constants } from "node:fs"
import {
  chmod,
  copyFile,
  lstat,
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  readlink,
  rename,
  rm,
  symlink,
} from "node:fs/promises"
import { join } from "node:path"
import { Effect, Schema } from "effect"
import { EmbeddedPostgresError, fileFailure } from "./EmbeddedPostgresError.ts"

const Manifest = Schema.fromJsonString(Schema.Struct({ version: Schema.String }))
const decodeManifest = Schema.decodeSync(Manifest)

/** Sets modes instead of copying them: the package may have been unpacked under a umask that closes it. */
const copyTree = async (from: string, to: string): Promise<void> => {
  await mkdir(to)
  await chmod(to, 0o755)
  for (const entry of await readdir(from, { withFileTypes: true })) {
    const source = join(from, entry.name)
    const target = join(to, entry.name)
    if (entry.isDirectory()) await copyTree(source, target)
    else if (entry.isSymbolicLink()) await symlink(await readlink(source), target)
    else {
      await copyFile(source, target, constants.COPYFILE_FICLONE)
      await chmod(target, ((await lstat(source)).mode & 0o100) === 0 ? 0o644 : 0o755)
    }
  }
}

const countFiles = async (folder: string): Promise<number> =>
  (await readdir(folder, { recursive: true, withFileTypes: true })).filter((entry) => entry.isFile()).length

/** True if we own the folder and others cannot change it: in a shared folder anybody could have created the name. */
const isOurs = async (folder: string): Promise<boolean> => {
  const stats = await lstat(folder)
  return stats.isDirectory() && stats.uid === (process.getuid?.() ?? stats.uid) && (stats.mode & 0o022) === 0
}

/**
 * Returns the `native` folder of a linked copy under `parent`, created once per version and user. Safe in two processes at
 * once: each fills a folder of its own, and the first rename wins.
 */
export const copyOfBinaries = (
  folder: string,
  link: (folder: string) => Promise<void>,
  parent: string,
): Effect.Effect<string, EmbeddedPostgresError> =>
  Effect.tryPromise({
    try: async () => {
      const manifest = await readFile(join(folder, "package.json"), "utf8")
      const { version } = decodeManifest(manifest)
      const target = join(parent, `afluente-postgres-${version}-${process.getuid?.() ?? "user"}`)
      if (!(await isUsable(target, folder))) await createCopy(folder, target, link)
      return join(target, "native")
    },
    catch: fileFailure("Binaries", `${folder} could not be copied`),
  })

const isUsable = async (target: string, folder: string): Promise<boolean> => {
  if ((await lstat(target).catch(() => undefined)) === undefined) return false
  if (!(await isOurs(target))) {
    throw new EmbeddedPostgresError({
      reason: "Binaries",
      detail: `${target} belongs to another user or can be changed by one, and is not run`,
    })
  }
  // Cleaners of temporary folders delete old files one by one.
  const there = await countFiles(join(target, "native")).catch(() => 0)
  if (there >= (await countFiles(join(folder, "native")))) return true
  await rm(target, { recursive: true, force: true })
  return false
}

const createCopy = async (
  folder: string,
  target: string,
  link: (folder: string) => Promise<void>,
): Promise<void> => {
  const draft = await mkdtemp(`${target}.`)
  try {
    await copyTree(join(folder, "native"), join(draft, "native"))
    await link(draft)
    await chmod(draft, 0o755)
    await rename(draft, target)
  } catch (cause) {
    await rm(draft, { recursive: true, force: true })
    // Another process was faster: its copy is as good as ours.
    if (!(await isOurs(target).catch(() => false))) throw cause
  }
}
