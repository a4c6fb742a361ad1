import { assert, describe, it } from "@effect/vitest"
import { Option } from "effect"
import { type TableCase, type TableCaseFacts, tableCase } from "../../../../src/cdc/tables/TableCase.ts"
import * as Lsn from "../../../../src/core/Lsn.ts"

const cliente = { schema: "db_loja", name: "cliente" }
const pessoa = { schema: "db_loja", name: "pessoa" }
const known = (table = cliente, oid = 1) => Option.some({ table, oid })
const at = (lsn: bigint) => Lsn.Lsn.make(lsn)

const nothing: TableCaseFacts = {
  configured: cliente,
  known: Option.none(),
  left: Option.none(),
  position: at(100n),
  isRunning: false,
  isFollowed: false,
  hasObjects: false,
  oid: Option.none(),
  nameNow: Option.none(),
}

const cases: ReadonlyArray<readonly [string, Partial<TableCaseFacts>, TableCase]> = [
  ["the same name and OID", { known: known(), oid: Option.some(1) }, { _tag: "Same" }],
  [
    "the same OID under the new name of SOURCE_TABLES",
    { configured: pessoa, known: known(), oid: Option.some(1) },
    { _tag: "Same" },
  ],
  [
    "the old name stands for nothing, and the OID for another name",
    { known: known(), nameNow: Option.some(pessoa) },
    { _tag: "Renamed", to: pessoa },
  ],
  [
    "the old name, after the watermark has noted the rename",
    { known: known(pessoa), nameNow: Option.some(pessoa) },
    { _tag: "Renamed", to: pessoa },
  ],
  ["another OID under the same name", { known: known(), oid: Option.some(2) }, { _tag: "Replaced" }],
  [
    "another OID under the same name, and the first table under another one",
    { known: known(), oid: Option.some(2), nameNow: Option.some(pessoa) },
    { _tag: "Replaced" },
  ],
  [
    "another OID under another name",
    { configured: pessoa, known: known(), oid: Option.some(2), nameNow: Option.some(cliente) },
    { _tag: "OtherTable", oid: 2 },
  ],
  [
    "another OID under the name that it had before a rename which this process saw",
    { known: known(pessoa), isRunning: true, oid: Option.some(2), nameNow: Option.some(pessoa) },
    { _tag: "Replaced" },
  ],
  [
    "the same, and nobody knows whether SOURCE_TABLES was changed",
    { known: known(pessoa), oid: Option.some(2), nameNow: Option.some(pessoa) },
    { _tag: "OtherTable", oid: 2 },
  ],
  ["neither its name nor its OID is there", { known: known() }, { _tag: "Dropped" }],
  ["it is not there, and the lake has changes of it", { hasObjects: true }, { _tag: "Dropped" }],
  ["it is not there, and the lake does not know it", {}, { _tag: "Unknown" }],
  ["it is not there, and was left", { known: known(), left: Option.some(at(9n)) }, { _tag: "Unknown" }],
  ["the lake does not know it", { oid: Option.some(1) }, { _tag: "New" }],
  ["an older version has followed it", { oid: Option.some(1), isFollowed: true }, { _tag: "Same" }],
  [
    "it was left before the watermark",
    { known: known(), oid: Option.some(1), left: Option.some(at(99n)) },
    { _tag: "Again" },
  ],
  [
    "it was left at the watermark",
    { known: known(), oid: Option.some(1), left: Option.some(at(100n)) },
    { _tag: "Back" },
  ],
  [
    "it was left, and comes again with another table",
    { configured: pessoa, known: known(), oid: Option.some(2), left: Option.some(at(99n)) },
    { _tag: "OtherTable", oid: 2 },
  ],
]

describe("what became of a dataset's table", () => {
  for (const [facts, given, expected] of cases) {
    it(`${expected._tag}: ${facts}`, () => {
      assert.deepStrictEqual(tableCase({ ...nothing, ...given }), expected)
    })
  }
})
