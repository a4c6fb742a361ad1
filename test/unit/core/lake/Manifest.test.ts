import { assert, describe, it } from "@effect/vitest"
import { Result } from "effect"
import * as Manifest from "../../../../src/core/lake/Manifest.ts"

const facts = {
  table: "public.a",
  dataset: "a",
  columns: [{ name: "id", type: "integer", nullable: false }],
  primary_key: ["id"],
  snapshot: "731:734:",
  lsn: "0/16B3748",
  slot: "data_sync_slot",
  database: "shop",
  system_identifier: "7300000000000000000",
  started_at: "2025-11-03T10:15:30.000Z",
  finished_at: "2025-11-03T10:15:31.000Z",
}
const first = { object: "full/a/date=20251103/full_a_20251103_101530.csv", rows: 2, bytes: 20, md5: "aa" }
const second = { ...first, object: "full/a/date=20251103/full_a_20251103_101530_0002.csv", rows: 3 }

/** What is read of a printed manifest with other values in it. */
const readWith = (objects: Manifest.Manifest["objects"], changed: Record<string, unknown>) => {
  const printed: Record<string, unknown> = JSON.parse(Manifest.print(Manifest.manifestOf(facts, objects)))
  return Manifest.parse(JSON.stringify({ ...printed, ...changed }))
}

describe("A manifest", () => {
  it("reads back as it was printed", () => {
    for (const objects of [[first], [first, second]] as const) {
      assert.deepStrictEqual(readWith(objects, {}), Result.succeed(Manifest.manifestOf(facts, objects)))
    }
  })

  it("of a version without `objects` has its one object in them", () => {
    const { object, bytes, md5 } = first
    const read = readWith([first], { objects: undefined, object, bytes, md5 })
    assert.deepStrictEqual(read, Result.succeed(Manifest.manifestOf(facts, [first])))
  })

  it("is refused where what it says of all objects is not what it says of each", () => {
    for (const changed of [
      { rows: 3 },
      { bytes: 21 },
      { md5: "bb" },
      { object: second.object },
      { md5: undefined },
    ]) {
      assert.isTrue(Result.isFailure(readWith([first], changed)), Object.keys(changed).join())
    }
    for (const changed of [{ rows: 4 }, { bytes: 40 }, { md5: "aa" }, { object: first.object }]) {
      assert.isTrue(Result.isFailure(readWith([first, second], changed)), Object.keys(changed).join())
    }
  })
})
