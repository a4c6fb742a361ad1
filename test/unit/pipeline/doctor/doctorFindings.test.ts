/** What `doctor` makes of facts, without a server. */
import { assert, describe, it } from "@effect/vitest"
import { Option, Result } from "effect"
import * as Lsn from "../../../../src/core/Lsn.ts"
import { certainDifference, clockFinding } from "../../../../src/doctor/ClockFinding.ts"
import type { Finding } from "../../../../src/doctor/Finding.ts"
import { lockFinding, sessionFindings, tempFileFinding } from "../../../../src/doctor/source/LimitFindings.ts"
import { retainedWalFinding } from "../../../../src/doctor/source/RetainedWalFinding.ts"
import {
  connection,
  notConnected,
  pooler,
  roleFindings,
  serverFindings,
} from "../../../../src/doctor/source/ServerFindings.ts"
import {
  lakeAndSlotFinding,
  missingSlot,
  type Start,
  slotFinding,
} from "../../../../src/doctor/source/SlotFindings.ts"
import { tableFindings } from "../../../../src/doctor/source/TableFindings.ts"
import { Refusal } from "../../../../src/services/Refusal.ts"
import { SourceError } from "../../../../src/services/source/SourceError.ts"
import { limits, look, server, type slot, table } from "../../../support/memory/fakeInspection.ts"

const marks = (findings: ReadonlyArray<Finding>) => findings.map(({ mark, check }) => `${mark} ${check}`)
const complaints = (findings: ReadonlyArray<Finding>) =>
  marks(findings).filter((row) => !/^(ok|note) /.test(row))

const local = { role: "afluente", database: "loja", isLocal: true }

describe("The server", () => {
  it("is well as the tests know it", () => {
    assert.deepStrictEqual(complaints(serverFindings(server, true)), [])
  })

  it("is noted where its version was not tested, and refused where it is too old", () => {
    const of = (versionNumber: number) => serverFindings({ ...server, versionNumber }, true)[0]?.mark
    assert.deepStrictEqual([of(180001), of(130000), of(120019)], ["ok", "note", "failed"])
  })

  it("is refused where it is a standby", () => {
    assert.deepStrictEqual(complaints(serverFindings({ ...server, inRecovery: true }, true)), [
      "failed server",
    ])
  })

  it("is warned of where its database says nothing about the encoding", () => {
    assert.deepStrictEqual(complaints(serverFindings({ ...server, encoding: "SQL_ASCII" }, true)), [
      "warning server",
    ])
  })

  it("needs a free slot only where ours is still to be made", () => {
    const full = { ...server, usedSlots: 10 }
    assert.deepStrictEqual(complaints(serverFindings(full, true)), [])
    const [finding] = serverFindings(full, false).filter(({ mark }) => mark === "failed")
    assert.deepStrictEqual(finding?.sql, ["ALTER SYSTEM SET max_replication_slots = 15;"])
  })
})

describe("The connection", () => {
  it("may be in clear on this machine and nowhere else", () => {
    assert.strictEqual(connection(server, local).mark, "ok")
    assert.strictEqual(connection(server, { ...local, isLocal: false }).mark, "warning")
    const encrypted = { ...server, tls: Option.some("TLSv1.3") }
    assert.strictEqual(connection(encrypted, { ...local, isLocal: false }).mark, "ok")
  })

  it("is granted to a name that needs quotes", () => {
    const denied = new SourceError({ reason: "Permission", subject: "loja", detail: "permission denied" })
    assert.deepStrictEqual(notConnected(denied, { ...local, role: 'the "reader"' })[0]?.sql, [
      'GRANT CONNECT ON DATABASE "loja" TO "the ""reader""";',
    ])
  })

  it("that fails otherwise has the advice of its error", () => {
    const silent = new SourceError({ reason: "Unreachable", subject: "loja", detail: "no answer" })
    const [finding] = notConnected(silent, local)
    assert.deepStrictEqual([finding?.sql, finding?.advice], [[], silent.advice])
  })
})

describe("A role", () => {
  it("is given the rights to slots and to functions that it does not have", () => {
    const bare = { name: "reader", mayReplicate: false, mayNotCall: ["pg_control_system()"] }
    assert.deepStrictEqual(
      roleFindings(bare).flatMap(({ sql }) => sql),
      ['ALTER ROLE "reader" REPLICATION;', 'GRANT EXECUTE ON FUNCTION pg_control_system() TO "reader";'],
    )
  })
})

describe("A limit of temporary files", () => {
  const of = (bytes: number) => tempFileFinding({ ...limits, tempFileLimit: Option.some(bytes) }, "reader")

  it("is well where there is none, and a note where a whole batch fits", () => {
    assert.strictEqual(tempFileFinding(limits, "reader").mark, "ok")
    assert.strictEqual(of(2 ** 30).mark, "note")
  })

  it("that a batch may exceed is a warning, with the statement that lifts it", () => {
    const { mark, finding, sql } = of(1024 * 1024)
    assert.strictEqual(mark, "warning")
    assert.include(finding, "1 MiB: `cdc` stops at a transaction")
    assert.deepStrictEqual(sql, ['ALTER ROLE "reader" SET temp_file_limit = -1;'])
  })
})

describe("Free connections", () => {
  const names = { role: "reader", database: "loja" }
  const of = (sessions: typeof limits.sessions, needs = { isFollowed: false, readers: 1 }) =>
    sessionFindings({ ...limits, sessions }, names, needs).map(({ mark, sql }) => [mark, ...sql])

  it("are enough for cdc, standby, full and verify at once", () => {
    assert.deepStrictEqual(of([{ scope: "role", limit: 10, used: 1 }]), [["ok"]])
    assert.deepStrictEqual(of([{ scope: "role", limit: 9, used: 1 }]), [
      ["warning", 'ALTER ROLE "reader" CONNECTION LIMIT 10;'],
    ])
  })

  it("that do not suffice for cdc alone are a failure, each limit with the statement that raises it", () => {
    const used = (scope: "server" | "role" | "database") => ({ scope, limit: 10, used: 9 })
    assert.deepStrictEqual(of([used("server"), used("role"), used("database")]), [
      ["failed", "ALTER SYSTEM SET max_connections = 108;"],
      ["failed", 'ALTER ROLE "reader" CONNECTION LIMIT 18;'],
      ["failed", 'ALTER DATABASE "loja" CONNECTION LIMIT 18;'],
    ])
  })

  it("are not asked for again by a cdc that runs, and are by each further reader of full", () => {
    assert.deepStrictEqual(of([{ scope: "role", limit: 6, used: 1 }], { isFollowed: true, readers: 1 }), [
      ["ok"],
    ])
    assert.deepStrictEqual(of([{ scope: "role", limit: 6, used: 1 }], { isFollowed: true, readers: 2 }), [
      ["warning", 'ALTER ROLE "reader" CONNECTION LIMIT 7;'],
    ])
  })
})

describe("Room for locks", () => {
  it("leaves half to others, and fails where the tables do not fit", () => {
    const of = (relations: number) => lockFinding(limits, relations)
    assert.deepStrictEqual(
      [3200, 3201, 6401].map((relations) => of(relations).mark),
      ["ok", "warning", "failed"],
    )
    assert.deepStrictEqual(of(6400).sql, ["ALTER SYSTEM SET max_locks_per_transaction = 128;"])
  })
})

describe("A clock", () => {
  const reading = { before: 10_000, after: 10_200, precision: 1 }

  it("differs by as much as the journey cannot explain", () => {
    const of = (other: number) => certainDifference({ ...reading, other })
    assert.deepStrictEqual([of(10_100), of(10_200), of(13_200), of(8_999)], [0, 0, 3000, -1000])
  })

  it("that tells whole seconds is not behind for its fraction", () => {
    assert.strictEqual(certainDifference({ ...reading, other: 9_000, precision: 1000 }), 0)
  })

  it("is warned of from one second on, with its direction", () => {
    const of = (other: number) => clockFinding({ ...reading, other })
    assert.strictEqual(of(11_100).mark, "ok")
    assert.deepStrictEqual(
      [of(13_700), of(7_000)].map(({ mark, finding }) => [mark, finding]),
      [
        ["warning", "3.5 s ahead of this machine's"],
        ["warning", "3.0 s behind this machine's"],
      ],
    )
  })
})

describe("The log that is kept", () => {
  const mebibyte = 2 ** 20
  const limit = Option.some(1000 * mebibyte)

  it("without a limit is a note, and says how fast the disk fills", () => {
    const { mark, finding } = retainedWalFinding(Option.none(), mebibyte, Option.none())
    assert.strictEqual(mark, "note")
    assert.include(finding, "84.4 GiB a day at the present rate of 1 MiB/s")
  })

  it("with a limit lasts as long as the present rate lets what is left of it", () => {
    const half = Option.some(look({ safeBytes: Option.some(500 * mebibyte) }))
    const { mark, finding } = retainedWalFinding(limit, 1024, half)
    assert.strictEqual(mark, "ok")
    assert.include(finding, "1000 MiB, the slot has 500 MiB left: without `cdc` it lasts 5d 22h")
  })

  it("that lasts less than a night is a warning, with a limit for a day", () => {
    const { mark, finding, sql } = retainedWalFinding(limit, mebibyte, Option.none())
    assert.strictEqual(mark, "warning")
    assert.include(finding, "1000 MiB: without `cdc` it lasts 16m 40s at the present rate of 1 MiB/s")
    assert.deepStrictEqual(sql, [
      "ALTER SYSTEM SET max_slot_wal_keep_size = '85GB';",
      "SELECT pg_reload_conf();",
    ])
  })

  it("of a server that writes nothing lasts for no time that could be told", () => {
    assert.include(
      retainedWalFinding(limit, 0, Option.none()).finding,
      "nothing was written during the check",
    )
  })
})

describe("A slot", () => {
  const finding = (change: Parameters<typeof look>[0]) => slotFinding("s", look(change), "unknown")

  it("that is ours and reserved is well", () => {
    const { mark, finding: found } = finding({})
    assert.deepStrictEqual(
      [mark, found],
      ["ok", "test_decoding, reserved, 2 KiB of WAL retained, no `cdc` follows it now"],
    )
  })

  it("of another kind, plugin or database is refused, and no statement drops it", () => {
    const others = [
      finding({ plugin: Option.none() }),
      finding({ plugin: Option.some("pgoutput") }),
      finding({ isHere: false, database: Option.some("other") }),
    ]
    assert.deepStrictEqual(
      others.map((one) => [one.mark, one.sql.length, one.advice.includes("REPLICATION_SLOT")]),
      others.map(() => ["failed", 0, true]),
    )
  })

  it("is refused when it is lost, and warned of on the way there", () => {
    const of = (walStatus: string) => finding({ walStatus }).mark
    assert.deepStrictEqual([of("extended"), of("unreserved"), of("lost")], ["warning", "warning", "failed"])
  })

  it("may be read by the `cdc` that has its lock, and by nobody else", () => {
    const reader = { pid: 7, application: "afluente cdc" }
    const read = look({ reader: Option.some(reader) })
    assert.strictEqual(slotFinding("s", { ...read, writer: Option.some(reader) }, "unknown").mark, "ok")
    const { mark, finding: found } = slotFinding("s", read, "unknown")
    assert.deepStrictEqual([mark, found.includes("read by process 7 (afluente cdc)")], ["warning", true])
  })

  it("that is missing is made anew only where no lake was written from it", () => {
    const missing = { ...look(), slot: Option.none<typeof slot>() }
    const of = (why: Parameters<typeof slotFinding>[2]) => slotFinding("s", missing, why)
    assert.deepStrictEqual(of("not begun").sql, [
      "SELECT pg_create_logical_replication_slot('s', 'test_decoding');",
    ])
    for (const why of ["written from it", "not its lake", "unknown"] as const) {
      assert.deepStrictEqual([of(why).mark, of(why).sql], ["failed", []])
    }
  })
})

describe("Lake and slot", () => {
  const flushed = Lsn.Lsn.make(0x1800n)
  const refused = (reason: Refusal["reason"]): Option.Option<Start> =>
    Option.some({
      decided: Result.fail(new Refusal({ reason, problem: "Found", risk: "Risk", remedy: "Remedy" })),
      flushed,
    })
  const noSlot: Option.Option<Start> = Option.some({
    decided: Result.fail(new SourceError({ reason: "SlotMissing", subject: "s", detail: "" })),
    flushed,
  })

  it("that fit together tell where the next cdc begins", () => {
    const decided = Result.succeed(Lsn.Lsn.make(0x1400n))
    const { mark, finding } = lakeAndSlotFinding(Option.some({ decided, flushed }))
    assert.deepStrictEqual(
      [mark, finding],
      ["ok", "the next `cdc` begins at 0/1400, 1 KiB before the WAL's end"],
    )
  })

  it("fail where a start would be refused for what is between them", () => {
    for (const reason of ["SlotAhead", "SourceBehind", "ForeignWatermark"] as const) {
      const { mark, finding, advice } = lakeAndSlotFinding(refused(reason))
      assert.deepStrictEqual([mark, finding, advice], ["failed", "Found. Risk.", "Remedy."])
    }
  })

  it("are not checked where the slot alone is at fault, which is told there", () => {
    for (const start of [noSlot, refused("SlotGone"), refused("SlotLost"), Option.none()]) {
      assert.strictEqual(lakeAndSlotFinding(start).mark, "unchecked")
    }
  })

  it("tell what a missing slot means", () => {
    assert.deepStrictEqual(
      [noSlot, refused("SlotGone"), refused("ForeignWatermark"), Option.none()].map(missingSlot),
      ["not begun", "written from it", "not its lake", "unknown"],
    )
  })
})

describe("A table", () => {
  const source = { table: table.description.table, dataset: "clientes" }
  const of = (change: Partial<typeof table>, description: Partial<typeof table.description> = {}) =>
    tableFindings(
      source,
      { ...table, ...change, description: { ...table.description, ...description } },
      "reader",
    )

  it("has one finding where all is well", () => {
    assert.deepStrictEqual(
      of({}).map(({ mark, finding }) => [mark, finding]),
      [["ok", "1 column, key id, replica identity DEFAULT"]],
    )
  })

  it("tells its replica identity, and where there is none the statement that costs least", () => {
    const told = (description: Partial<typeof table.description>) =>
      of({}, description).map(({ finding, sql, advice }) => [finding, ...sql, advice].join(" | "))
    const without = { identifiesDeletes: false, replicaKey: [] }
    const deletes = "its deletes do not say which row was deleted"
    const byDefault = 'ALTER TABLE "db_loja"."cliente" REPLICA IDENTITY DEFAULT;'
    const whole = 'ALTER TABLE "db_loja"."cliente" REPLICA IDENTITY FULL;'
    const key = "Or give it a primary key, which costs less WAL."
    assert.deepStrictEqual(
      [
        { replicaIdentity: "full", replicaKey: [] } as const,
        { replicaIdentity: "index", replicaKey: ["code", "region"] } as const,
        { ...without, replicaIdentity: "nothing" } as const,
        { ...without, replicaIdentity: "index" } as const,
        { ...without, primaryKey: [] },
        { ...without, replicaIdentity: "index", primaryKey: [] } as const,
      ].map((description) => told(description).join()),
      [
        "1 column, key id, replica identity FULL | ",
        "1 column, key id, replica identity USING INDEX (code, region) | ",
        `REPLICA IDENTITY NOTHING: ${deletes} | ${byDefault} | `,
        `the index of its replica identity was dropped: ${deletes} | ${byDefault} | `,
        `no primary key and no replica identity: ${deletes} | ${whole} | ${key}`,
        `no primary key, and the index of its replica identity was dropped: ${deletes} | ${whole} | ${key}`,
      ],
    )
  })

  it("has one finding with its statement for each right that is missing", () => {
    assert.deepStrictEqual(
      of({ mayUseSchema: false, mayRead: false, rowsAreHidden: true }).map(({ mark, sql }) => [mark, ...sql]),
      [
        ["failed", 'GRANT USAGE ON SCHEMA "db_loja" TO "reader";'],
        ["failed", 'GRANT SELECT ON "db_loja"."cliente" TO "reader";'],
        ["failed", 'ALTER ROLE "reader" BYPASSRLS;'],
      ],
    )
  })

  it("is refused where cdc cannot follow it, and its identity is not spoken of then", () => {
    const view = of({}, { notFollowed: Option.some("it is a view"), identifiesDeletes: false })
    assert.deepStrictEqual(
      view.map(({ mark, finding }) => [mark, finding]),
      [["failed", "it is a view"]],
    )
  })

  it("is warned of where the log will not tell all of it", () => {
    assert.deepStrictEqual(
      of({}, { identifiesDeletes: false, virtualColumns: ["v"] }).map(({ mark }) => mark),
      ["warning", "warning"],
    )
  })
})

describe("A pooler", () => {
  it("fails on a row of its own, with the advice of its error", () => {
    const shared = new SourceError({ reason: "Pooler", subject: "loja", detail: "a pooler answers" })
    const findings = notConnected(shared, local)
    assert.deepStrictEqual(
      [marks(findings), findings[1]?.advice],
      [["unchecked connection", "failed pooler"], shared.advice],
    )
  })

  it("is noted where it is vouched for", () => {
    assert.deepStrictEqual([pooler(server).mark, pooler({ ...server, isPooled: true }).mark], ["ok", "note"])
  })
})
