import { assert, describe, it } from "@effect/vitest"
import { failed, ok, type Section, unchecked, warning } from "../../../src/doctor/Finding.ts"
import { printJson, printTable } from "../../../src/doctor/FindingTable.ts"

const sections: ReadonlyArray<Section> = [
  {
    name: "source",
    location: "loja on db:5432",
    findings: [
      ok("server", "PostgreSQL 15.18"),
      failed("role", "x may not use replication slots", {
        sql: ['ALTER ROLE "x" REPLICATION;', "SELECT 1;"],
        advice: "As a superuser.",
      }),
      warning('"a schema of some length"."and a table"', "no key", {}),
      unchecked("slot", "there is no connection"),
      unchecked("clock", "there is no connection"),
      unchecked("lake and slot", "the slot cannot be used"),
    ],
  },
]

const style = { colour: false, width: Number.POSITIVE_INFINITY }

describe("The table of findings", () => {
  it("has a row for each, statements and advice below it, and what was not checked for one reason together", () => {
    assert.strictEqual(
      printTable(sections, style),
      `source  loja on db:5432
  ok    server                            PostgreSQL 15.18
  FAIL  role                              x may not use replication slots
                                          ALTER ROLE "x" REPLICATION;
                                          SELECT 1;
                                          As a superuser.
  warn  "a schema of some length"."and a table"
                                          no key
  --    2 checks                          not checked: there is no connection
                                          slot, clock
  --    lake and slot                     not checked: the slot cannot be used
1 failed, 1 warning, 3 not checked`,
    )
  })

  it("says once what several checks failed for in the same words", () => {
    const refused = (check: string) => failed(check, "SignatureDoesNotMatch", { advice: "Check the keys." })
    const findings = [refused("bucket"), ok("clock", "agrees"), refused("write")]
    assert.strictEqual(
      printTable([{ name: "lake", location: "s3://raw", findings }], style),
      `lake  s3://raw
  FAIL  bucket  SignatureDoesNotMatch
                Check the keys.
  ok    clock   agrees
  FAIL  write   as bucket
2 failed, 0 warnings, 0 not checked`,
    )
  })

  it("wraps words at the terminal's width, and never a statement, which is to be copied", () => {
    const finding = failed("wal_level", "it is replica: the WAL does not hold the rows that a slot needs", {
      sql: ["ALTER SYSTEM SET wal_level = 'logical'; -- in one line"],
    })
    const table = printTable([{ name: "source", location: "", findings: [finding] }], { ...style, width: 60 })
    assert.deepStrictEqual(
      table
        .split("\n")
        .slice(1, -1)
        .map((line) => line.slice(19)),
      [
        "it is replica: the WAL does not hold the",
        "rows that a slot needs",
        "ALTER SYSTEM SET wal_level = 'logical'; -- in one line",
      ],
    )
  })

  it("is the same with and without colour, but for the colour", () => {
    const coloured = printTable(sections, { ...style, colour: true })
    assert.notStrictEqual(coloured, printTable(sections, style))
    // biome-ignore lint/suspicious/noControlCharactersInRegex: this is how a terminal is told a colour
    assert.strictEqual(coloured.replace(/\u001b\[[\d;]*m/g, ""), printTable(sections, style))
  })
})

describe("Findings as JSON", () => {
  it("keep each check by itself, and say in one word whether all is well", () => {
    const report = JSON.parse(printJson(sections))
    assert.deepStrictEqual(
      [report.ok, report.source.location, report.source.findings.length],
      [false, "loja on db:5432", 6],
    )
    assert.deepStrictEqual(report.source.findings[1], {
      mark: "failed",
      check: "role",
      finding: "x may not use replication slots",
      sql: ['ALTER ROLE "x" REPLICATION;', "SELECT 1;"],
      advice: "As a superuser.",
    })
  })

  it("are well with warnings", () => {
    const findings = [warning("clock", "3 s ahead", {})]
    assert.isTrue(JSON.parse(printJson([{ name: "lake", location: "", findings }])).ok)
  })
})

describe("Findings about a thousand tables", () => {
  const tables = Array.from({ length: 1000 }, (_, i) => `"db_loja"."t_${i}"`)
  const waiting = (name: string) => warning(name, `its dataset is waiting for full (new) ${name}`, {})
  const many = (findings: Section["findings"]): ReadonlyArray<Section> => [
    { name: "source", location: "loja on db:5432", findings },
  ]

  it("are folded into few rows, with their number", () => {
    const text = printTable(
      many([...tables.map((name) => ok(name, "3 columns")), ...tables.map(waiting)]),
      style,
    )
    assert.isBelow(text.split("\n").length, 120)
    assert.match(text, /^ {2}ok {4}980 more tables +also well; `doctor --json` lists them all$/m)
    assert.match(text, /^ {2}warn {2}980 more tables +the same; `doctor --json` lists them all$/m)
    assert.include(text, "1000 warnings")
  })

  it("are folded from the 21st of a kind on", () => {
    const rows = (count: number) =>
      printTable(many(tables.slice(0, count).map((name) => ok(name, "3 columns"))), style)
    assert.notInclude(rows(20), "more table")
    assert.match(rows(21), /^ {2}ok {4}1 more table +also well/m)
  })

  it("are never folded where they failed", () => {
    const text = printTable(
      many(tables.map((name) => failed(name, `${name} is missing`, { advice: "x" }))),
      style,
    )
    for (const name of tables) assert.include(text, name)
  })

  it("all stand in the JSON", () => {
    assert.strictEqual(JSON.parse(printJson(many(tables.map(waiting)))).source.findings.length, 1000)
  })
})
