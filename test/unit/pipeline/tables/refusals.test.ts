/** Each refusal of `cdc`, provoked through the pipeline. */
import { describe } from "@effect/vitest"
import { Effect } from "effect"
import { MemoryPostgres } from "../../../../layers/memory/postgres/MemoryPostgres.ts"
import * as Lsn from "../../../../src/core/Lsn.ts"
import * as Pipeline from "../../../../src/Pipeline.ts"
import {
  bia,
  cdcForEver,
  cdcOnce,
  cliente,
  shop,
  slotName,
  started,
  twoTables,
} from "../../../support/memory/memoryWorld.ts"
import { type Malformed, malformedLines } from "./malformedLines.ts"
import {
  brokenWatermark,
  type Cases,
  check,
  foreign,
  otherDatabase,
  otherLayout,
  otherServer,
  rewrite,
  under,
  withNewest,
  withWatermark,
  writtenThen,
} from "./refusal.ts"

const ofCdc: Cases = {
  "a slot that is missing although a watermark stands": {
    given: writtenThen(({ server, lsn }) =>
      Effect.as(
        Effect.sync(() => server.slots.drop(slotName)),
        [lsn],
      ),
    ),
    reason: "SlotGone",
    says: [`"${slotName}" does not exist`, "choose an empty LAKE_URL", "`full`"],
  },
  "a slot that the server has invalidated": {
    given: writtenThen(({ server }) =>
      Effect.as(
        Effect.sync(() => server.slots.lose(slotName)),
        [],
      ),
    ),
    reason: "SlotLost",
    says: [`"${slotName}" is lost`, "max_slot_wal_keep_size", "drop the slot", "`full`"],
  },
  "a slot that another consumer has moved past the watermark": {
    given: writtenThen(({ server, clientes, lsn }) =>
      Effect.gen(function* () {
        const other = yield* server.transact((tx) => tx.insert(clientes, bia))
        yield* server.slots.advance(slotName, other)
        return [other, lsn]
      }),
    ),
    reason: "SlotAhead",
    says: ["Find that reader"],
  },
  "a server whose log ends before the watermark": {
    given: writtenThen(({ lsn }) => {
      const far = Lsn.Lsn.make(lsn + 0x1_0000_0000n)
      return Effect.as(rewrite(/^[0-9A-F]+\/[0-9A-F]+$/, Lsn.print(far)), [lsn, far])
    }),
    reason: "SourceBehind",
    says: ["To begin anew"],
  },
  "a lake whose watermark belongs to another server": otherServer,
  "a lake whose watermark belongs to another database": otherDatabase,
  "a lake whose watermark belongs to another slot": {
    ...foreign(/^slot=.*/, "slot=outro", ""),
    says: [
      'slot "outro" instead of "data_sync_slot"',
      "Set REPLICATION_SLOT=outro",
      "choose another LAKE_URL for this one",
    ],
  },
  "a watermark that cannot be read": brokenWatermark,
  "a watermark that was cut short": {
    given: withWatermark("0/16B3748\nslot=data_sy"),
    reason: "BrokenWatermark",
    says: ["cut short", "confirmed_flush_lsn"],
  },
  "a newest object that is not one of ours": {
    given: withNewest("id,nome\n1,Ana\n"),
    reason: "BrokenObject",
    says: ["cdc_20251103_235959.csv", "does not begin with _op,_lsn,_seq", "move it out of the lake"],
  },
  "a newest object that is empty": {
    given: withNewest(""),
    reason: "BrokenObject",
    says: ["it is empty", "restore it from a copy"],
  },
  "another layout than the lake was begun with": {
    ...otherLayout,
    run: under({ LAKE_LAYOUT: "datasets" }),
    says: ["begun with LAKE_LAYOUT=single", "LAKE_LAYOUT=datasets is set", "Set LAKE_LAYOUT=single"],
  },
  "several tables in the layout of one": {
    ...otherLayout,
    given: shop,
    variables: { ...twoTables, LAKE_LAYOUT: "single" },
    says: ["LAKE_LAYOUT=single begins with one table", "names 2", "Set LAKE_LAYOUT=datasets"],
  },
  "to write beside another writer, where it is told not to wait": {
    given: Effect.andThen(shop, started(cdcForEver)),
    run: Pipeline.cdc({ once: true, noWait: true }),
    reason: "AnotherWriter",
    says: [`Another process writes from the slot "${slotName}"`, "without --no-wait"],
  },
  "with 2 a slot that is missing where nothing has been written yet": {
    given: Effect.map(MemoryPostgres, (server) => void server.createTable(cliente)),
    reason: "SlotMissing",
    code: 2,
    says: [slotName, "main.js init"],
  },
}

/** A line that cannot be read, and behind it a change that must not be confirmed. */
const malformed = ({ line, says }: Malformed): Cases[string] => ({
  given: writtenThen(({ server, clientes }) =>
    Effect.gen(function* () {
      const lsn = server.wal.end
      yield* server.transact((tx) => tx.print(line))
      yield* server.transact((tx) => tx.insert(clientes, bia))
      return line.startsWith("COMMIT") ? [] : [lsn]
    }),
  ),
  reason: "MalformedLine",
  says: [...says, "Report this line"],
})

describe("cdc refuses", () => {
  for (const [title, one] of Object.entries(ofCdc)) check(title, { run: cdcOnce, ...one })
  for (const one of malformedLines) check(one.what, { run: cdcOnce, ...malformed(one) })
})
