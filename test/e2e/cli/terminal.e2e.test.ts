/** What a terminal gets, one that moves its cursor and one that does not: `script` makes one, where it is util-linux's. */
import { spawn, spawnSync } from "node:child_process"
import { assert, layer } from "@effect/vitest"
import { Effect } from "effect"
import { eventually } from "../../support/eventually.ts"
import { TestPostgres } from "../../support/postgres/postgres.ts"
import { openPipeline, type Pipeline } from "../../support/program/pipeline.ts"
import { main, runProgram } from "../../support/program/program.ts"

const hasTerminal = spawnSync("script", ["--version"], { encoding: "utf8" }).stdout?.includes("util-linux")

const controlCode = "\u001b"

interface Person {
  readonly environment: Readonly<Record<string, string>>
  /** Typed when the program says `after`. */
  readonly types?: { readonly after: string; readonly keys: string }
}

/** Everything that came to the terminal, stdout and stderr alike. */
const onTerminal = Effect.fn("onTerminal")(function* (
  { environment }: Pipeline,
  command: string,
  { environment: more, types }: Person,
) {
  const child = yield* Effect.acquireRelease(
    Effect.sync(() =>
      spawn("script", ["-qec", `exec "${process.execPath}" "${main}" ${command}`, "/dev/null"], {
        env: { PATH: process.env["PATH"] ?? "", ...environment, ...more },
        stdio: ["pipe", "pipe", "inherit"],
      }),
    ),
    (made) => Effect.sync(() => made.kill("SIGKILL")),
  )
  let screen = ""
  let code: number | null | undefined
  child.stdout.setEncoding("utf8").on("data", (text: string) => {
    screen += text
  })
  child.on("close", (ended) => {
    code = ended
  })
  if (types !== undefined) {
    yield* eventually(
      `${command}: ${types.after}`,
      Effect.sync(() => screen.includes(types.after)),
    )
    child.stdin.write(types.keys)
  }
  yield* eventually(
    `${command} ends`,
    Effect.sync(() => code !== undefined),
  )
  return { screen, code }
}, Effect.scoped)

const shop = Effect.tap(
  openPipeline({
    setup: "CREATE TABLE public.t (id integer PRIMARY KEY); INSERT INTO public.t VALUES (1)",
    tables: "public.t",
  }),
  ({ createSlot }) => createSlot,
)

const interrupt = "\u0003"
const dumb = { TERM: "dumb" }
const colourless = { TERM: "xterm", NO_COLOR: "1" }

layer(TestPostgres.shared, { excludeTestServices: true })("a pipe", (it) => {
  it.effect("gets plain lines, whatever the terminal around it can do", () =>
    Effect.gen(function* () {
      const { environment } = yield* shop
      const { code, stdout, stderr } = yield* runProgram(["doctor"], { ...environment, TERM: "xterm" })
      assert.deepStrictEqual([code, (stdout + stderr).includes(controlCode)], [0, false])
    }),
  )
})

if (hasTerminal) {
  layer(TestPostgres.shared, { excludeTestServices: true, concurrent: true })("a terminal", (it) => {
    it.effect("that is dumb gets plain lines from every command", () =>
      Effect.gen(function* () {
        const pipeline = yield* shop
        for (const command of ["doctor", "full", "cdc --once", "status", "verify", "cdc --help"]) {
          const { screen, code } = yield* onTerminal(pipeline, command, { environment: dumb })
          assert.deepStrictEqual([command, code, screen.includes(controlCode)], [command, 0, false], screen)
        }
      }),
    )

    it.effect("that is dumb gets no line that is written over", () =>
      Effect.gen(function* () {
        const pipeline = yield* shop
        yield* pipeline.sql("INSERT INTO public.t VALUES (2)")
        const types = { after: "cdc: batch written", keys: interrupt }
        const cdc = yield* onTerminal(pipeline, "cdc", { environment: dumb, types })
        assert.deepStrictEqual([cdc.code, cdc.screen.includes(controlCode)], [0, false], cdc.screen)
        const watched = yield* onTerminal(pipeline, "status --watch", {
          environment: dumb,
          types: { after: "wal_status=reserved", keys: interrupt },
        })
        assert.deepStrictEqual(
          [watched.code, watched.screen.includes(controlCode)],
          [0, false],
          watched.screen,
        )
      }),
    )

    it.effect("gets colours, where nobody wants none", () =>
      Effect.gen(function* () {
        const pipeline = yield* shop
        const looks = yield* Effect.forEach([{ TERM: "xterm" }, colourless], (environment) =>
          onTerminal(pipeline, "doctor", { environment }),
        )
        assert.deepStrictEqual(
          looks.map(({ screen }) => screen.includes(`${controlCode}[32m`)),
          [true, false],
        )
      }),
    )

    for (const [keys, kept] of [
      ["n\n", true],
      ["\n", true],
      ["yes please\n", true],
      ["Y\n", false],
      ["yes\n", false],
    ] as const) {
      it.effect(
        `asks before it drops the slot, and takes ${JSON.stringify(keys)} for ${kept ? "no" : "yes"}`,
        () =>
          Effect.gen(function* () {
            const pipeline = yield* shop
            const types = { after: "(y/N)", keys }
            const { screen, code } = yield* onTerminal(pipeline, "drop-slot", {
              environment: colourless,
              types,
            })
            assert.deepStrictEqual([code, screen.includes(controlCode)], [0, false], screen)
            assert.include(screen, kept ? ": kept" : ": dropped")
            const left = yield* pipeline.sql("SELECT FROM pg_replication_slots WHERE slot_name = $1", [
              pipeline.slot,
            ])
            assert.lengthOf(left, kept ? 1 : 0)
          }),
      )
    }

    it.effect("that is left while it is asked keeps the slot", () =>
      Effect.gen(function* () {
        const pipeline = yield* shop
        for (const keys of [interrupt, "\u0004"]) {
          const types = { after: "(y/N)", keys }
          const { code } = yield* onTerminal(pipeline, "drop-slot", { environment: colourless, types })
          assert.strictEqual(code, 130)
        }
        assert.lengthOf(
          yield* pipeline.sql("SELECT FROM pg_replication_slots WHERE slot_name = $1", [pipeline.slot]),
          1,
        )
      }),
    )
  })
}
