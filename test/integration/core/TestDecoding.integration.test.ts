import { existsSync, readFileSync } from "node:fs"
import { assert, layer } from "@effect/vitest"
import { Effect, Result } from "effect"
import { decodeChange } from "../../../src/core/slot/TestDecoding.ts"
import { printName } from "../../../src/core/slot/text/PrintedName.ts"
import { TestPostgres } from "../../support/postgres/postgres.ts"
import { captureLines, majorVersion, printGolden, withoutXids } from "../../support/slot/goldenLines.ts"
import { trapText } from "../../support/slot/printableChanges.ts"
import { goldenCases } from "../../support/slot/testDecodingCases.ts"

/** Where a newer server prints a case differently, its file bears the version: `messages.18.txt`. */
const golden = (name: string, version: string) => {
  const [own, usual] = [`${name}.${version}`, name].map(
    (file) => new URL(`../../golden/test_decoding/${file}.txt`, import.meta.url),
  ) as [URL, URL] // as many as there are names
  return readFileSync(existsSync(own) ? own : usual, "latin1")
}

/** Keywords that PostgreSQL 18 quotes in names and 15 does not know. */
const newerKeywords: Readonly<Record<string, ReadonlyArray<string>>> = {
  "18": [
    ..."json json_array json_arrayagg json_exists json_object json_objectagg json_query json_scalar".split(
      " ",
    ),
    ..."json_serialize json_table json_value merge_action system_user".split(" "),
  ],
}

layer(TestPostgres.shared, { excludeTestServices: true })("PostgreSQL prints", (it) => {
  for (const goldenCase of goldenCases) {
    it.effect(`what the golden holds: ${goldenCase.name}`, () =>
      Effect.gen(function* () {
        const printed = printGolden(yield* captureLines(goldenCase))
        const known = golden(goldenCase.name, yield* majorVersion)
        assert.strictEqual(withoutXids(printed), withoutXids(known))
      }),
    )
  }

  const keywords = Effect.gen(function* () {
    const { sql } = yield* TestPostgres
    const rows = yield* sql("SELECT word, quote_ident(word) AS printed FROM pg_get_keywords()")
    return rows.map(({ word, printed }) => ({ word: word ?? "", printed: printed ?? "" }))
  })

  it.effect("every keyword as printName does, save those that a newer version has added", () =>
    Effect.gen(function* () {
      const otherwise = (yield* keywords).filter(({ word, printed }) => printName(word) !== printed)
      assert.deepStrictEqual(
        otherwise.map(({ word }) => word),
        newerKeywords[yield* majorVersion] ?? [],
      )
    }),
  )

  it.effect("every keyword so that it is read as itself", () =>
    Effect.gen(function* () {
      const words = yield* keywords
      const read = words.map(({ printed }) => {
        const change = Result.getOrThrow(
          decodeChange(`table ${printed}.${printed}: INSERT: ${printed}[text]:'x'`),
        )
        return change._tag === "Insert" ? change.row[0]?.name : undefined
      })
      assert.deepStrictEqual(
        read,
        words.map(({ word }) => word),
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
