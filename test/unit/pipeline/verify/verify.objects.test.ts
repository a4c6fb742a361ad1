/** What `verify` says of objects that are not what a writer left. */
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { watermarkKey } from "../../../../src/core/lake/ObjectKey.ts"
import * as Pipeline from "../../../../src/Pipeline.ts"
import type { ObjectStore } from "../../../../src/services/lake/ObjectStore.ts"
import { StoreAdmin } from "../../../../src/services/lake/StoreAdmin.ts"
import {
  type ComparedShop,
  comparedShop,
  edited,
  fullKey,
  keyed,
  manifestKey,
} from "../../../support/memory/comparedShop.ts"
import { compared, comparedWith, comparedWorld } from "../../../support/memory/comparedWorld.ts"
import { put, textOf } from "../../../support/memory/memoryWorld.ts"

const remove = (key: string) => Effect.flatMap(StoreAdmin, (admin) => admin.remove(key))

type Damage = (shop: ComparedShop) => Effect.Effect<unknown, unknown, ObjectStore | StoreAdmin>

const otherDay = (key: string) => key.replace("date=20251103", "date=20251104")

const damages: ReadonlyArray<readonly [what: string, findings: ReadonlyArray<RegExp>, damage: Damage]> = [
  [
    "a copy whose bytes were changed",
    [/^manifest +full\S+ {2}its md5 is [0-9a-f]{32}, its manifest says [0-9a-f]{32}$/],
    () => edited(fullKey, (text) => text.replace("2,b", "2,x")),
  ],
  [
    "a copy of which a row is gone",
    [
      /^manifest +full\S+ {2}it has 9 bytes, its manifest says 13$/,
      /^manifest +full\S+ {2}its md5 is/,
      /^manifest +full\S+ {2}it has 1 row, its manifest says 2$/,
    ],
    () => edited(fullKey, (text) => text.replace("2,b\n", "")),
  ],
  [
    "a copy whose header has other columns",
    [
      /^manifest +full\S+ {2}its md5 is/,
      /^header +full\S+ {2}it does not name the columns that its manifest names$/,
    ],
    () => edited(fullKey, (text) => text.replace("id,v", "id,w")),
  ],
  [
    "a manifest that is no JSON",
    [/^manifest +full\S+json {2}it cannot be read$/],
    () => put(manifestKey, "{"),
  ],
  ["a manifest whose object is gone", [/^lost +full\S+ {2}its manifest \S+ exists/], () => remove(fullKey)],
  [
    "an object of inc without its header",
    [/^header +inc\S+ {2}it does not begin with _op,_lsn,/, /^missing +id=3$/],
    ({ first }) => edited(first, (text) => text.slice(text.indexOf("\n") + 1)),
  ],
  [
    "an object of inc whose last row is cut short",
    [/^row +inc\S+ {2}row 3 is not one of ours: it is cut short/, /^missing +id=3$/],
    ({ first }) => edited(first, (text) => text.slice(0, -3)),
  ],
  [
    "a row of inc with an operation that there is not",
    [/^row +inc\S+ {2}row 3 is not one of ours/, /^missing +id=3$/],
    ({ first }) => edited(first, (text) => text.replace(/\nI(.*,3,c\n)/, "\nX$1")),
  ],
  [
    "a row of inc whose old row is no JSON",
    [/^row +inc\S+ {2}row 1 is not one of ours/, /^different +id=1 {2}in v$/],
    ({ second }) => edited(second, (text) => text.replace(/(\nU,(?:[^,]*,){4}),/, "$1{,")),
  ],
  [
    "rows that stand after newer ones",
    [/^order +inc\S+ {2}row 2 comes after rows that were committed later$/],
    ({ second }) =>
      edited(second, (text) => {
        const [header, update, deletion] = text.split("\n")
        return [header, deletion, update, ""].join("\n")
      }),
  ],
  [
    "an object in the folder of another day",
    [/^name +inc\/date=20251104\S+ {2}it is in the folder of another day$/],
    ({ second }) =>
      Effect.gen(function* () {
        yield* put(otherDay(second), yield* textOf(second))
        yield* remove(second)
        yield* edited(watermarkKey, (text) => text.replace(second, otherDay(second)))
      }),
  ],
]

describe("verify", () => {
  for (const [what, findings, damage] of damages) {
    it.effect(`names ${what}`, () =>
      Effect.gen(function* () {
        yield* damage(yield* comparedShop())
        const { code, lines } = yield* compared
        const said = lines.map((line) => line.replace(/^t {2}/, ""))
        assert.strictEqual(code, 4, lines.join("\n"))
        for (const [i, finding] of findings.entries()) assert.match(said[i] ?? "", finding)
      }).pipe(Effect.provide(comparedWorld(keyed))),
    )
  }

  it.effect("notes a column of inc that nobody knows, which is no difference", () =>
    Effect.gen(function* () {
      const { first } = yield* comparedShop()
      yield* edited(first, (text) => text.replace(",id,v\n", ',id,v,"w x"\n').replace(/^(I.*)$/gm, "$1,9"))
      const { code, lines } = yield* compared
      assert.strictEqual(code, 0)
      assert.deepStrictEqual(lines[0], `t  unknown    "w x"  in ${first}`)
    }).pipe(Effect.provide(comparedWorld(keyed))),
  )

  it.effect("notes objects that no reader counts, which is no difference", () =>
    Effect.gen(function* () {
      yield* comparedShop()
      const stray = "full/date=20251103/full_t_20251103_101531.csv"
      yield* put(stray, "id,v\n")
      yield* put("inc/date=20251103/notes.txt", "mine")
      const { code, lines } = yield* compared
      assert.strictEqual(code, 0)
      assert.deepStrictEqual(lines.slice(0, 2), [
        `t  ignored    ${stray}`,
        "t  ignored    inc/date=20251103/notes.txt",
      ])
    }).pipe(Effect.provide(comparedWorld(keyed))),
  )

  it.effect("reads older copies only where it is asked to", () =>
    Effect.gen(function* () {
      yield* comparedShop()
      yield* Pipeline.full
      yield* edited(fullKey, (text) => text.replace("2,b", "2,x"))
      assert.strictEqual((yield* compared).code, 0)
      const { code, lines } = yield* comparedWith({ json: false, all: true })
      assert.strictEqual(code, 4)
      assert.isTrue(lines[0]?.startsWith(`t  manifest   ${fullKey}  its md5 is `), lines[0])
    }).pipe(Effect.provide(comparedWorld(keyed))),
  )
})
