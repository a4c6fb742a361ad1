import { readFileSync } from "node:fs"
import { assert, layer } from "@effect/vitest"
import { Effect } from "effect"
import { printName } from "../../src/core/PrintedName.ts"
import { captureLines, printGolden } from "../support/goldenLines.ts"
import { TestPostgres } from "../support/postgres.ts"
import { trapText } from "../support/printableChanges.ts"
import { goldenCases } from "../support/testDecodingCases.ts"

/** Transaction ids and commit times are new each time. */
const withoutXids = (file: string) =>
  file.replace(/^(BEGIN|COMMIT) \d+/gm, "$1 …").replace(/ \(at [-+:. \d]+\)$/gm, " (at …)")

const golden = (name: string) =>
  readFileSync(new URL(`../golden/test_decoding/${name}.txt`, import.meta.url), "latin1")

layer(TestPostgres.layer(), { excludeTestServices: true })("PostgreSQL prints", (it) => {
  for (const goldenCase of goldenCases) {
    it.effect(`what the golden holds: ${goldenCase.name}`, () =>
      Effect.gen(function* () {
        const printed = printGolden(yield* captureLines(goldenCase))
        assert.strictEqual(withoutXids(printed), withoutXids(golden(goldenCase.name)))
      }),
    )
  }

  it.effect("every keyword as printName does", () =>
    Effect.gen(function* () {
      const { sql } = yield* TestPostgres
      const rows = yield* sql("SELECT word, quote_ident(word) AS printed FROM pg_get_keywords()")
      assert.deepStrictEqual(
        rows.map(({ word }) => printName(word ?? "")),
        rows.map(({ printed }) => printed),
      )
    }),
  )

  it.effect.prop(
    "any name as printName does",
    [trapText],
    ([name]) =>
      Effect.gen(function* () {
        const { sql } = yield* TestPostgres
        const [row] = yield* sql("SELECT quote_ident($1) AS printed", [name])
        assert.strictEqual(printName(name), row?.["printed"])
      }),
    { arbitrary: { runs: 200 } },
  )
})
