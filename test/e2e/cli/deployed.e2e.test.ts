/** What the Dockerfile copies out of a built project is the whole program but `demo`. */
import { readFileSync } from "node:fs"
import { cp } from "node:fs/promises"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import { assert, layer } from "@effect/vitest"
import { Effect } from "effect"
import { temporaryFolder } from "../../support/lake/lakeFolder.ts"
import { TestPostgres } from "../../support/postgres/postgres.ts"
import { openPipeline } from "../../support/program/pipeline.ts"
import { runProgram } from "../../support/program/program.ts"

const root = fileURLToPath(new URL("../../../", import.meta.url))

/** Of its last stage: from the built project into the folder where the program runs. */
const copied = readFileSync(join(root, "Dockerfile"), "utf8")
  .split(/^FROM /m)
  .slice(-1)
  .flatMap((stage) => [...stage.matchAll(/^COPY (?:--from=build \/app\/)?(\S+) (\S+)$/gm)])
  .map(([, from = "", to = ""]) => [from, to] as const)

layer(TestPostgres.shared, { excludeTestServices: true })("the deployed program", (it) => {
  it.effect("can do init, full, cdc, status, verify and drop-slot", () =>
    Effect.gen(function* () {
      const folder = yield* temporaryFolder
      for (const [from, to] of copied) {
        const target = to === "./" ? join(folder, from) : join(folder, to)
        yield* Effect.promise(() => cp(join(root, from), target, { recursive: true }))
      }
      const { environment, sql } = yield* openPipeline({
        setup: "CREATE TABLE public.t (id integer PRIMARY KEY)",
        tables: "public.t=t",
      })
      const ended: Array<readonly [string, number | null, string]> = []
      for (const command of [
        ["init"],
        ["full"],
        ["cdc", "--once"],
        ["status"],
        ["verify"],
        ["drop-slot", "--yes"],
      ]) {
        yield* sql("INSERT INTO public.t SELECT count(*) FROM public.t")
        const { code, stdout, stderr } = yield* runProgram(
          command,
          environment,
          folder,
          join(folder, "dist", "main.js"),
        )
        ended.push([command.join(" "), code, code === 0 ? "" : stdout + stderr])
      }
      assert.deepStrictEqual(
        ended.filter(([, code]) => code !== 0),
        [],
      )
      assert.lengthOf(ended, 6)
    }),
  )
})
