/** A short round in which tables come and go, as `npm run test:oracle` plays them; and that it finds what is damaged. */
import { readdirSync, readFileSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { assert, layer } from "@effect/vitest"
import { Effect } from "effect"
import { runTableRound } from "../../../tools/oracle/tables/tableRound.ts"
import { TestPostgres } from "../../support/postgres/postgres.ts"

const timeout = 180_000

/** Takes the last row out of the newest object of the marks, which every round has. */
const removeRow = (folder: string) =>
  Effect.sync(() => {
    const names = readdirSync(join(folder, "inc/marcas"), { recursive: true, encoding: "utf8" })
    const newest =
      names
        .filter((name) => name.endsWith(".csv"))
        .sort()
        .at(-1) ?? ""
    const path = join(folder, "inc/marcas", newest)
    const rows = readFileSync(path, "utf8").trimEnd().split("\n")
    writeFileSync(path, `${rows.slice(0, -1).join("\n")}\n`)
  })

layer(TestPostgres.shared, { excludeTestServices: true })("a round of tables", (it) => {
  it.effect(
    "finds the lake to be the tables, whatever became of columns, leaves, lists and masks",
    () =>
      Effect.gen(function* () {
        const { differences, counts } = yield* runTableRound({ seed: 3, size: 25, without: [] })
        assert.deepStrictEqual(differences, [])
        assert.isTrue(counts.rows.some(([, done]) => typeof done === "number"))
      }),
    timeout,
  )

  it.effect(
    "finds a row that was taken out of the lake, by verify and by its own replay",
    () =>
      Effect.gen(function* () {
        const { differences } = yield* runTableRound({ seed: 4, size: 10, without: [], before: removeRow })
        assert.isTrue(differences.some((what) => what.startsWith("verify ended with 4")))
        assert.isTrue(differences.some((what) => what.startsWith("marcas, replayed: lacks")))
      }),
    timeout,
  )
})
