/**
 * Writes `libpq/forms.json` again: what psql does with each form of `test/support/libpq/libpqForms.ts`. Needs psql (captured
 * with version 15), which the embedded server's package does not hold.
 *
 *     npx esbuild test/golden/captureLibpq.ts --bundle --platform=node --format=esm --packages=external --outfile=capture.mjs
 *     node capture.mjs
 *
 * in the repository's root (Node 24 runs `node test/golden/captureLibpq.ts` as it is).
 */
import { spawn } from "node:child_process"
import { mkdirSync, writeFileSync } from "node:fs"
import { Effect } from "effect"
import { type Form, forms } from "../support/libpq/libpqForms.ts"
import { formKey, libpqWorld, type LibpqWorld, type Outcome } from "../support/libpq/libpqWorld.ts"

const psql = (url: string, environment: Record<string, string>): Effect.Effect<boolean> =>
  Effect.callback((resume) => {
    const args = ["-X", "-w", "-q", "-c", "", ...(url === "" ? [] : [url])]
    const child = spawn("psql", args, {
      env: { PATH: process.env["PATH"] ?? "", LC_ALL: "C.UTF-8", PGCONNECT_TIMEOUT: "5", ...environment },
      stdio: ["ignore", "ignore", "inherit"],
    })
    child.once("close", (code) => resume(Effect.succeed(code === 0)))
  })

const capture = Effect.fnUntraced(function* (world: LibpqWorld, form: Form) {
  const { url, environment } = world.prepare(form)
  const isConnected = yield* psql(url, environment)
  return [formKey(form), world.outcome(isConnected, "psql")] as const
})

const all = Effect.gen(function* () {
  const world = yield* libpqWorld
  const found: Array<readonly [string, Outcome]> = []
  for (const form of forms) found.push(yield* capture(world, form))
  mkdirSync("test/golden/libpq", { recursive: true })
  writeFileSync("test/golden/libpq/forms.json", `${JSON.stringify(Object.fromEntries(found), null, 2)}\n`)
})

await Effect.runPromise(Effect.scoped(all))
