import { assert, describe, it } from "@effect/vitest"
import { Option, Result } from "effect"
import type { PlanFacts } from "../../../../src/cdc/tables/PlannedTable.ts"
import {
  changedSince,
  type DatasetLines,
  isChange,
  linesAfter,
  unchangedMarks,
} from "../../../../src/cdc/tables/TablePlan.ts"
import { planTables } from "../../../../src/cdc/tables/TablePlanning.ts"
import * as Lsn from "../../../../src/core/Lsn.ts"
import { printInSql, type TableName } from "../../../../src/core/source/SourceTable.ts"
import type { CatalogMark } from "../../../../src/core/tables/TableMark.ts"
import { rulesOf } from "../../../support/slot/projectedChange.ts"

const [a, b] = [
  { schema: "s", name: "a" },
  { schema: "s", name: "b" },
]
const lsn = (value: bigint) => Lsn.Lsn.make(value)
const mark = { table: 700, schema: 600, endedBelow: 710n }
const relation = (table: TableName, oid: number, changed: Partial<CatalogMark> = {}) => ({
  table,
  oid,
  ancestors: [],
  isMatchable: true,
  keys: [],
  notFollowed: Option.none(),
  mark: { ...mark, ...changed },
  file: { file: `${oid}`, columns: "c0" },
  details: "",
})
const lines = (tables: Record<string, readonly [TableName, number]>, left = {}): DatasetLines => ({
  tables: new Map(
    Object.entries(tables).map(([dataset, [table, oid]]) => [dataset, { name: printInSql(table), oid }]),
  ),
  catalog: new Map(Object.keys(tables).map((dataset) => [dataset, mark])),
  from: new Map(),
  files: new Map(),
  masks: new Map(),
  masked: new Map(),
  leaves: new Map(),
  left: new Map(Object.entries(left)),
})
const configured = (tables: Record<string, TableName>) =>
  Object.entries(tables).map(([dataset, table]) => ({ dataset, table }))

const facts: PlanFacts = {
  configured: configured({ as: a, bs: b }),
  rules: rulesOf([], []),
  lines: lines({ as: [a, 1], bs: [b, 2] }),
  position: lsn(100n),
  followed: new Set(),
  withObjects: new Set(),
  catalog: [relation(a, 1), relation(b, 2)],
  isRunning: false,
  isCaughtUp: false,
}

/** `before` and `after` as `dataset: name, name`. */
const plan = (changed: Partial<PlanFacts>) => {
  const all = { ...facts, ...changed }
  const made = Result.getOrThrow(planTables(all))
  const names = (followed: typeof made.before) =>
    followed.map((one) => `${one.dataset}: ${one.names.map(({ name }) => name).join(", ")}`)
  return {
    before: names(made.before),
    after: names(made.after),
    anew: Object.fromEntries(made.anew),
    leaving: made.leaving,
    warned: [...made.warnings.keys()],
    isChange: isChange(all.lines, made),
    made,
  }
}

const told = (changed: Partial<PlanFacts>) => {
  const { made: _, ...rest } = plan(changed)
  return rest
}
const nothingNew = { anew: {}, leaving: [], warned: [], isChange: false }

describe("a plan of tables", () => {
  it("changes nothing where nothing has changed", () => {
    assert.deepStrictEqual(told({}), { ...nothingNew, before: ["as: a", "bs: b"], after: ["as: a", "bs: b"] })
  })

  it("reads a renamed table under both names, then under the new one", () => {
    const c = { schema: "s", name: "c" }
    assert.deepStrictEqual(told({ catalog: [relation(c, 1), relation(b, 2)] }), {
      ...nothingNew,
      before: ["as: a, c", "bs: b"],
      after: ["as: c", "bs: b"],
      warned: ["as"],
      isChange: true,
    })
  })

  it("goes on with a dropped table and with the others", () => {
    assert.deepStrictEqual(told({ catalog: [relation(b, 2)] }), {
      ...nothingNew,
      before: ["as: a", "bs: b"],
      after: ["as: a", "bs: b"],
      warned: ["as"],
      isChange: true,
    })
  })

  it("needs a new copy of both tables that have exchanged their names, while WAL waits", () => {
    const exchanged = { configured: configured({ as: b, bs: a }), catalog: [relation(b, 1), relation(a, 2)] }
    assert.deepStrictEqual(told(exchanged), {
      before: ["as: a", "bs: b"],
      after: ["as: b", "bs: a"],
      anew: { as: "replaced", bs: "replaced" },
      leaving: [],
      warned: ["as", "bs"],
      isChange: true,
    })
    assert.deepStrictEqual(told({ ...exchanged, isCaughtUp: true }).anew, {})
  })

  it("refuses entries that were swapped", () => {
    const failure = Result.getOrThrow(
      Result.flip(planTables({ ...facts, configured: configured({ as: b, bs: a }) })),
    )
    assert.strictEqual(failure.reason, "OtherTable")
    assert.match(failure.message, /"as" belongs to "s"\."a" \(OID 1\).* gives it "s"\."b" \(OID 2\)/)
  })

  it("follows a table that leaves up to where the plan takes effect", () => {
    assert.deepStrictEqual(told({ configured: configured({ as: a }) }), {
      ...nothingNew,
      before: ["as: a", "bs: b"],
      after: ["as: a"],
      leaving: ["bs"],
      isChange: true,
    })
  })

  it("follows a new table from where it takes effect", () => {
    assert.deepStrictEqual(told({ lines: lines({ as: [a, 1] }) }), {
      before: ["as: a"],
      after: ["as: a", "bs: b"],
      anew: { bs: "new" },
      leaving: [],
      warned: ["bs"],
      isChange: true,
    })
  })

  it("does not give a table to two datasets where one took the other's name", () => {
    assert.deepStrictEqual(told({ catalog: [relation(b, 1)] }).after, ["as: a", "bs: b"])
  })
})

describe("a table whose rows of the catalog are others than the watermark records", () => {
  const changed = (catalog: PlanFacts["catalog"]) =>
    plan({ catalog }).made.before.filter((one) => Option.isSome(changedSince(facts.lines, one)))
  const datasets = (catalog: PlanFacts["catalog"]) => changed(catalog).map(({ dataset }) => dataset)

  it("may have borne another name, as may one that has gone", () => {
    assert.deepStrictEqual(datasets(facts.catalog), [])
    assert.deepStrictEqual(datasets([relation(a, 1, { table: 720 }), relation(b, 2)]), ["as"])
    assert.deepStrictEqual(datasets([relation(a, 1, { schema: 720 }), relation(b, 2)]), ["as"])
    assert.deepStrictEqual(datasets([relation(b, 2)]), ["as"])
  })

  it("may not, where another table bears its name, which needs a new copy anyway", () => {
    assert.deepStrictEqual(datasets([relation(a, 3, { table: 720 }), relation(b, 2)]), [])
  })

  it("changes the watermark, and one that has gone is recorded no more", () => {
    const altered = plan({ catalog: [relation(a, 1, { table: 720 }), relation(b, 2)] })
    assert.isTrue(altered.isChange)
    const after = linesAfter(facts.lines, altered.made, lsn(200n), Option.none())
    assert.strictEqual(after.catalog.get("as")?.table, 720)
    const gone = plan({ catalog: [relation(b, 2)] })
    assert.deepStrictEqual(
      [...linesAfter(facts.lines, gone.made, lsn(200n), Option.none()).catalog.keys()],
      ["bs"],
    )
  })

  it("keeps what was recorded of it, while the others are seen again with newer transaction ids", () => {
    const catalog = [relation(a, 1, { table: 720, endedBelow: 730n }), relation(b, 2, { endedBelow: 730n })]
    const again = unchangedMarks(facts.lines, plan({ catalog }).made.before)
    assert.deepStrictEqual(
      [...again].map(([dataset, { endedBelow }]) => `${dataset} ${endedBelow}`),
      ["as 710", "bs 730"],
    )
  })
})

describe("the watermark's lines after a plan", () => {
  it("tell from where on a new dataset is in inc, and with which transaction id", () => {
    const known = lines({ as: [a, 1] })
    const after = linesAfter(known, plan({ lines: known }).made, lsn(200n), Option.some(77n))
    assert.deepStrictEqual(after.tables, facts.lines.tables)
    assert.deepStrictEqual(
      [...after.from],
      [["bs", { lsn: lsn(200n), since: Option.some({ xid: 77n, reason: "new" as const }) }]],
    )
  })

  it("tell how far a dataset was followed, and forget it when it is in again", () => {
    const gone = linesAfter(
      facts.lines,
      plan({ configured: configured({ as: a }) }).made,
      lsn(200n),
      Option.none(),
    )
    assert.deepStrictEqual([...gone.left], [["bs", lsn(200n)]])
    const back = plan({ lines: gone, position: lsn(200n) })
    assert.deepStrictEqual([back.before, back.anew], [["as: a", "bs: b"], {}])
    const again = linesAfter(gone, back.made, lsn(300n), Option.none())
    assert.deepStrictEqual({ ...again, files: new Map() }, facts.lines)
    assert.deepStrictEqual(plan({ lines: gone, position: lsn(201n) }).anew, { bs: "again" })
  })
})

describe("a mask", () => {
  const rules = rulesOf(["s.a.cpf"], ["*.email"])
  const masked = plan({ rules }).made

  it("that is new, changed or gone makes the dataset begin anew, and only that one", () => {
    assert.deepStrictEqual(plan({ rules: rulesOf(["s.a.cpf"], []) }).anew, { as: "masked" })
    const masks = new Map([["as", "ab"]])
    assert.deepStrictEqual(plan({ lines: { ...facts.lines, masks } }).anew, { as: "masked" })
    const known = linesAfter(facts.lines, masked, lsn(200n), Option.some(77n))
    assert.deepStrictEqual(plan({ rules, lines: known }).anew, {})
    assert.deepStrictEqual(plan({ rules: { ...rules, onNewColumn: "exclude" }, lines: known }).anew, {
      as: "masked",
      bs: "masked",
    })
  })

  it("is in the watermark's lines from where it takes effect", () => {
    const after = linesAfter(facts.lines, masked, lsn(200n), Option.some(77n))
    assert.deepStrictEqual([...after.masks.keys()], ["as", "bs"])
    assert.notStrictEqual(after.masks.get("as"), after.masks.get("bs"))
    assert.deepStrictEqual(after.from.get("as"), {
      lsn: lsn(200n),
      since: Option.some({ xid: 77n, reason: "masked" }),
    })
    const gone = linesAfter(after, plan({ lines: after }).made, lsn(300n), Option.some(78n))
    assert.strictEqual(gone.masks.size, 0)
  })

  it("of a dropped table stays, because nothing is written under another one", () => {
    const known = linesAfter(facts.lines, masked, lsn(200n), Option.some(77n))
    assert.deepStrictEqual(plan({ lines: known, catalog: [relation(b, 2)] }).anew, { bs: "masked" })
  })
})
