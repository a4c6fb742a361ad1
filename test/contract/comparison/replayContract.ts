/** What each layer of `LakeComparison` makes of a copy and the changes after it. */
import { createHash } from "node:crypto"
import { assert } from "@effect/vitest"
import { Effect, Option } from "effect"
import * as Lsn from "../../../src/core/Lsn.ts"
import { LakeComparison } from "../../../src/services/lake/LakeComparison.ts"
import type { ObjectStore } from "../../../src/services/lake/ObjectStore.ts"
import type { RowFormat } from "../../../src/services/lake/RowFormat.ts"
import { snapshotView } from "../../../src/verify/snapshot/SnapshotView.ts"
import { type ComparedLake, compared, comparedIn, copy, inc, tableOf } from "./comparedLake.ts"

type Case = readonly [
  behaviour: string,
  program: Effect.Effect<void, unknown, LakeComparison | ObjectStore | RowFormat>,
]

const t = tableOf("iv", "i")

/** The layer finds these differences; or so many changes that do not identify their row. */
const finds = (
  behaviour: string,
  lake: ComparedLake,
  expected: ReadonlyArray<string> | number = [],
): Case => [
  behaviour,
  Effect.gen(function* () {
    assert.deepStrictEqual(yield* compared(lake), expected)
  }),
]

const md5 = (text: string) => createHash("md5").update(text).digest("hex")

const kept = 'k,"q"'

/** 80 columns, each named by one character. */
const wide = Array.from({ length: 80 }, (_, n) => String.fromCharCode(0x100 + n)).join("")

/** Numbers of the columns; those after the 66th keep a value. */
const numbersOf = (columns: string, kept?: string): string =>
  [...columns].map((name, n) => `${name}=${n + 1}${kept !== undefined && n > 65 ? `:${kept}` : ""}`).join(" ")

const long = "x".repeat(10_000)
const awkward = ['a "b", c', "line\nbreak\r\n", "\u0002n", "\u0001\u0003", "\\.", "ção €", "\u{1f600}", long]

export const replayContract: ReadonlyArray<Case> = [
  finds("follows inserts, updates and deletes", {
    table: t,
    live: copy("iv", ["1", "b"], ["3", "c"]),
    copied: copy("iv", ["1", "a"], ["2", "x"]),
    incs: [
      inc("iv", ["I", 10, ["3", "c"]], ["I", 11, ["4", "d"]]),
      inc("iv", ["U", 12, ["1", "b"]], ["D", 13, ["2", null]], ["D", 14, ["4", null]]),
    ],
  }),
  finds(
    "names the rows that differ with their columns, then those of the lake alone, then those of the table alone",
    {
      table: tableOf("ivw", "i"),
      live: copy("ivw", ["1", "a", "a"], ["10", "a", "a"], ["2", "a", "a"], ["8", "a", "a"], ["9", "a", "a"]),
      copied: copy("ivw", ["2", "b", "b"], ["1", "a", "b"], ["10", "a", "a"], ["4", "a", "a"]),
      incs: [inc("ivw", ["I", 10, ["3", "a", "a"]])],
    },
    ["different i=1 in w", "different i=2 in v, w", "extra i=3", "extra i=4", "missing i=8", "missing i=9"],
  ),
  finds("follows a row whose key changes, there and back", {
    table: t,
    live: copy("iv", ["1", "b"], ["3", "x"]),
    copied: copy("iv", ["1", "a"], ["2", "x"]),
    incs: [
      inc(
        "iv",
        ["U", 10, ["9", "a"], { before: { i: "1" } }],
        ["U", 11, ["3", "x"], { before: { i: "2" } }],
        ["U", 12, ["1", "b"], { before: { i: "9" } }],
      ),
    ],
  }),
  finds("identifies rows by a key of several columns in its own order", {
    table: tableOf("avb", "ba"),
    live: copy("avb", ["1", "x", "1"], ["1", "y", "2"]),
    copied: copy("avb", ["1", "x", "1"], ["2", "z", "1"]),
    incs: [inc("avb", ["U", 10, ["1", "y", "2"], { before: { a: "2", b: "1" } }])],
  }),
  finds(
    "compares a table whose columns are all in the key",
    {
      table: tableOf("ab", "ab"),
      live: copy("ab", ["1", "1"], ["1", "3"], ["1", "4"]),
      copied: copy("ab", ["1", "1"], ["1", "2"]),
      incs: [inc("ab", ["U", 10, ["1", "3"], { before: { a: "1", b: "2" } }], ["I", 11, ["1", "5"]])],
    },
    ["extra a=1 b=5", "missing a=1 b=4"],
  ),
  finds("begins with an empty table after a TRUNCATE", {
    table: t,
    live: copy("iv", ["3", "c"]),
    copied: copy("iv", ["1", "a"]),
    incs: [inc("iv", ["I", 10, ["2", "b"]], ["T", 11, [null, null]], ["I", 12, ["3", "c"]])],
  }),
  finds("keeps a value that was not sent: of the copy, of an earlier change, and under an earlier key", {
    table: tableOf("ivw", "i"),
    live: copy("ivw", ["1", "a", "3"], ["2", "d", "4"], ["33", "e", "6"], ["4", null, "8"]),
    copied: copy("ivw", ["1", "a", "1"], ["2", "b", "2"], ["3", "e", "5"], ["4", "f", "7"]),
    incs: [
      inc(
        "ivw",
        ["U", 10, ["1", null, "2"], { unchanged: "v" }],
        ["U", 11, ["1", null, "3"], { unchanged: "v" }],
        ["U", 12, ["2", "d", "3"]],
        ["U", 13, ["2", null, "4"], { unchanged: "v" }],
        ["U", 14, ["33", null, "5"], { before: { i: "3" }, unchanged: "v" }],
        ["U", 15, ["33", null, "6"], { unchanged: "v" }],
        ["U", 16, ["4", null, "7"]],
        ["U", 17, ["4", null, "8"], { unchanged: "v" }],
      ),
    ],
  }),
  finds("takes no value from an earlier row of the same key", {
    table: tableOf("ivw", "i"),
    live: copy("ivw", ["1", null, "3"]),
    copied: copy("ivw", ["1", "a", "1"]),
    incs: [
      inc(
        "ivw",
        ["D", 10, ["1", null, null]],
        ["I", 11, ["1", null, "2"]],
        ["U", 12, ["1", null, "3"], { unchanged: "v" }],
      ),
    ],
  }),
  finds("takes no value from a later row of an earlier key whose INSERT is lost", {
    table: tableOf("ivw", "i"),
    live: copy("ivw", ["1", "b", "3"], ["2", "a", "2"]),
    copied: copy("ivw"),
    incs: [
      inc(
        "ivw",
        ["U", 10, ["1", "a", "1"]],
        ["U", 11, ["2", null, "2"], { before: { i: "1" }, unchanged: "v" }],
        ["U", 12, ["1", "b", "3"]],
      ),
    ],
  }),
  finds(
    "tells NULL from the empty string",
    {
      table: t,
      live: copy("iv", ["1", null], ["2", ""], ["3", null], ["4", ""]),
      copied: copy("iv", ["1", null], ["2", ""], ["3", ""], ["4", null]),
      incs: [],
    },
    ["different i=3 in v", "different i=4 in v"],
  ),
  finds("counts a change that stands twice once, its first row", {
    table: t,
    live: copy("iv", ["1", "b"]),
    copied: copy("iv"),
    incs: [
      inc("iv", ["I", 10, ["1", "a"]], ["U", 11, ["1", "b"]]),
      inc("iv", ["I", 10, ["1", "a"]], ["U", 11, ["1", "x"]]),
    ],
  }),
  finds("replays changes in the order of their positions, wherever they stand", {
    table: t,
    live: copy("iv", ["1", "c"]),
    copied: copy("iv"),
    incs: [
      inc("iv", ["U", 12, ["1", "c"]], ["D", 14, ["2", null]]),
      inc("iv", ["I", 13, ["2", "x"]], ["I", 10, ["1", "a"]], ["U", 11, ["1", "b"]]),
    ],
  }),
  finds(
    "reads objects whose columns are others than today's: those that they lack are NULL",
    {
      table: tableOf("iwv", "i"),
      live: copy("iwv", ["1", null, "a"], ["2", null, "b"], ["3", "w", "c"], ["4", "w", "d"]),
      copied: copy("gvi", ["gone", "a", "1"]),
      incs: [
        inc("igv", ["I", 10, ["2", "gone", "b"]], ["I", 11, ["4", "gone", "d"]]),
        inc("ivw", ["I", 12, ["3", "c", "w"]]),
      ],
    },
    ["different i=4 in w"],
  ),
  finds("leaves out the changes that the copy contains, by snapshot and not by position alone", {
    table: t,
    live: copy("iv", ["1", "c"], ["2", "x"]),
    copied: copy("iv", ["1", "b"]),
    incs: [
      inc("iv", ["U", 10, ["1", "a"]], ["I", 11, ["2", "x"]], ["U", 12, ["1", "b"]], ["U", 13, ["1", "c"]]),
    ],
    // The copy was made while 11 was in progress.
    counts: ({ lsn, xid }) => !Option.getOrThrow(snapshotView("11:13:11", Lsn.Lsn.make(12n)))(lsn, xid),
  }),
  finds("compares values that quoting, line breaks or length make awkward", {
    table: t,
    live: copy("iv", ...awkward.map((value, i) => [`${i}`, value])),
    copied: copy("iv", ...awkward.slice(0, 4).map((value, i) => [`${i}`, value])),
    incs: [inc("iv", ...awkward.slice(4).map((value, i) => ["I", i + 10, [`${i + 4}`, value]] as const))],
  }),
  finds(
    "finds a difference at the end of a long value",
    {
      table: t,
      live: copy("iv", ["1", `${long}a`]),
      copied: copy("iv", ["1", `${long}b`]),
      incs: [],
    },
    ["different i=1 in v"],
  ),
  [
    "tells bytes apart that are no text",
    Effect.gen(function* () {
      const withByte = (byte: number) => {
        const csv = copy("iv", ["1", "%"])
        csv[csv.indexOf("%")] = byte
        return csv
      }
      const lake = { table: t, copied: withByte(0xe9), incs: [] }
      assert.deepStrictEqual(yield* compared({ ...lake, live: withByte(0xe9) }), [])
      assert.deepStrictEqual(yield* compared({ ...lake, live: withByte(0xea) }), ["different i=1 in v"])
    }),
  ],
  finds(
    "prints a key as it is, control characters escaped",
    {
      table: tableOf("ab", "ab"),
      live: copy("ab", ["é, x", "line\nbreak"]),
      copied: copy("ab"),
      incs: [],
    },
    ['missing a="é, x" b="line\\nbreak"'],
  ),
  finds("counts equal rows of a table without a key", {
    table: tableOf("ab", ""),
    live: copy("ab", ["1", "x"], ["1", "x"], ["2", null]),
    copied: copy("ab", ["1", "x"], ["2", ""], ["3", "y"]),
    incs: [
      inc(
        "ab",
        ["I", 10, ["1", "x"]],
        ["U", 11, ["2", null], { before: { a: "2", b: "" } }],
        ["D", 12, ["3", "y"]],
      ),
    ],
  }),
  finds(
    "says of rows without a key how many differ, with a digest of lengths and values",
    {
      table: tableOf("ab", ""),
      live: copy("ab", ["é", ""]),
      copied: copy("ab", ["é", null], ["é", null]),
      incs: [],
    },
    [`extra 2 rows (no key; md5 ${md5("1:é,")})`, `missing 1 row (no key; md5 ${md5("1:é,0:")})`],
  ),
  finds("compares a table of one column and no key", {
    table: tableOf("a", ""),
    live: copy("a", [null], ["1"]),
    copied: copy("a", [null], [null]),
    incs: [inc("a", ["D", 10, [null]], ["I", 11, ["1"]])],
  }),
  finds(
    "counts the changes whose key is missing",
    {
      table: t,
      live: copy("iv", ["1", "a"]),
      copied: copy("iv", ["1", "a"]),
      incs: [inc("iv", ["U", 10, [null, "b"]], ["D", 11, [null, null]], ["I", 12, ["2", "c"]])],
    },
    2,
  ),
  finds(
    "counts updates and deletes where the WAL does not identify rows",
    {
      table: tableOf("iv", "i", false),
      live: copy("iv", ["1", "a"]),
      copied: copy("iv", ["1", "a"]),
      incs: [inc("iv", ["U", 10, ["1", "b"]], ["D", 11, ["1", null]], ["I", 12, ["2", "c"]])],
    },
    2,
  ),
  finds(
    "counts updates without their old row where there is no key",
    {
      table: tableOf("ab", ""),
      live: copy("ab"),
      copied: copy("ab"),
      incs: [inc("ab", ["U", 10, ["1", "b"]], ["D", 11, ["1", null]])],
    },
    1,
  ),
  finds("passes over changes before a TRUNCATE that do not identify their row", {
    table: t,
    live: copy("iv"),
    copied: copy("iv", ["1", "a"]),
    incs: [inc("iv", ["D", 10, [null, null]], ["T", 11, [null, null]])],
  }),
  finds(
    "puts the kept value of a column into rows that are older than it, also into those that change later",
    {
      table: tableOf("ivx", "i"),
      live: copy("ivx", ["1", "a", "k"], ["2", "z", "k"], ["3", "c", "k"], ["4", "d", "n"], ["5", "e", null]),
      copied: copy("iv", ["1", "a"], ["2", "b"], ["4", "d"], ["5", "e"]),
      incs: [
        inc("iv", ["U", 10, ["2", "z"]], ["I", 11, ["3", "c"]]),
        inc("ivx", ["U", 12, ["4", "d", "n"]], ["U", 13, ["5", "e", null]]),
      ],
      numbers: { live: "i=1 v=2 x=3:k", copied: "i=1 v=2", incs: ["i=1 v=2", "i=1 v=2 x=3:k"] },
    },
  ),
  finds("follows a renamed column by its number", {
    table: tableOf("iw", "i"),
    live: copy("iw", ["1", "a"], ["2", "b"], ["3", "d"]),
    copied: copy("iv", ["1", "a"]),
    incs: [inc("iv", ["I", 10, ["2", "b"]], ["I", 11, ["3", "c"]]), inc("iw", ["U", 12, ["3", "d"]])],
    numbers: { live: "i=1 w=2", copied: "i=1 v=2", incs: ["i=1 v=2", "i=1 w=2"] },
  }),
  finds("follows a renamed key, and old values under its earlier name", {
    table: tableOf("kv", "k"),
    live: copy("kv", ["9", "a"]),
    copied: copy("iv", ["1", "a"]),
    incs: [inc("iv", ["U", 10, ["9", "a"], { before: { i: "1" } }])],
    numbers: { live: "k=1 v=2", copied: "i=1 v=2", incs: ["i=1 v=2"] },
  }),
  finds("fills unchanged values of a renamed column", {
    table: tableOf("iwx", "i"),
    live: copy("iwx", ["1", "a", "z"]),
    copied: copy("ivx", ["1", "a", "b"]),
    incs: [inc("ivx", ["U", 10, ["1", null, "z"], { unchanged: "v" }])],
    numbers: { live: "i=1 w=2 x=3", copied: "i=1 v=2 x=3", incs: ["i=1 v=2 x=3"] },
  }),
  finds("takes a column that was dropped and added again under its name for another", {
    table: tableOf("iv", "i"),
    live: copy("iv", ["1", null], ["2", "n"]),
    copied: copy("iv", ["1", "a"], ["2", "b"]),
    incs: [inc("iv", ["U", 10, ["2", "n"]])],
    numbers: { live: "i=1 v=3", copied: "i=1 v=2", incs: ["i=1 v=3"] },
  }),
  finds("knows rows without a key by their kept values, and by old values under earlier names", {
    table: tableOf("awx", ""),
    live: copy("awx", ["1", "c", "k"]),
    copied: copy("av", ["1", "b"], ["2", "b"]),
    incs: [
      inc("av", ["U", 10, ["1", "c"], { before: { a: "1", v: "b" } }]),
      inc("awx", ["D", 11, ["2", "b", "k"]]),
    ],
    numbers: { live: "a=1 w=2 x=3:k", copied: "a=1 v=2", incs: ["a=1 v=2", "a=1 w=2 x=3:k"] },
  }),
  finds("puts kept values into the shared cells of a wide table", {
    table: { columns: [...wide], key: [0], followsChanges: true, isPartitioned: false },
    live: copy(
      wide,
      [...wide].map((_, n) => (n === 0 ? "1" : n > 65 ? kept : "v")),
    ),
    copied: copy(
      wide.slice(0, 66),
      [...wide.slice(0, 66)].map((_, n) => (n === 0 ? "1" : "v")),
    ),
    incs: [],
    numbers: {
      live: numbersOf(wide, kept),
      copied: numbersOf(wide.slice(0, 66)),
      incs: [],
    },
  }),
  [
    "begins anew for each replay",
    Effect.gen(function* () {
      const workbench = yield* (yield* LakeComparison).open
      const lake = (v: string) => ({
        table: t,
        live: copy("iv", ["1", v]),
        copied: copy("iv"),
        incs: [inc("iv", ["I", 10, ["1", "a"]])],
      })
      assert.deepStrictEqual(yield* comparedIn(workbench, lake("b")), ["different i=1 in v"])
      assert.deepStrictEqual(yield* comparedIn(workbench, lake("a")), [])
    }).pipe(Effect.scoped),
  ],
]
