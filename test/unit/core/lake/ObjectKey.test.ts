import { assert, describe, it } from "@effect/vitest"
import { Option } from "effect"
import {
  datasetPrefix,
  manifestKey,
  nextStamp,
  objectKey,
  parseKey,
  type Stamp,
} from "../../../../src/core/lake/ObjectKey.ts"

const at = (iso: string) => Date.parse(iso)

describe("names of objects", () => {
  it("follow the contract in both layouts", () => {
    const stamp: Stamp = { second: "20251103_101530", count: 1 }
    assert.deepStrictEqual(
      [
        objectKey("full", "single", "clientes", stamp),
        objectKey("inc", "single", "clientes", stamp),
        objectKey("full", "datasets", "clientes", stamp),
        objectKey("inc", "datasets", "clientes", { ...stamp, count: 2 }),
      ],
      [
        "full/date=20251103/full_clientes_20251103_101530.csv",
        "inc/date=20251103/cdc_20251103_101530.csv",
        "full/clientes/date=20251103/full_clientes_20251103_101530.csv",
        "inc/clientes/date=20251103/cdc_20251103_101530_0002.csv",
      ],
    )
  })

  it("tell the UTC second of writing", () => {
    assert.deepStrictEqual(nextStamp(Option.none(), at("2025-11-03T10:15:30.999Z")), {
      second: "20251103_101530",
      count: 1,
    })
  })

  it("never go backwards, whatever the clock does", () => {
    let previous = Option.none<Stamp>()
    let last = ""
    for (const shift of [0, 0, -3_600_000, 500, 86_400_000, -86_400_000 * 400, 0]) {
      const stamp = nextStamp(previous, at("2025-12-31T23:59:59Z") + shift)
      const key = objectKey("inc", "single", "clientes", stamp)
      assert.isTrue(key > last, `${key} after ${last}`)
      last = key
      previous = Option.some(stamp)
    }
  })

  it("step into the next second when one second holds 9999 objects", () => {
    const stamp = nextStamp(
      Option.some({ second: "20251231_235959", count: 9999 }),
      at("2025-12-31T23:59:59Z"),
    )
    assert.deepStrictEqual(stamp, { second: "20260101_000000", count: 1 })
  })

  it("are read back from keys, with their day, their ending and the dataset of a full", () => {
    const stamp: Stamp = { second: "20251103_101530", count: 12 }
    assert.deepStrictEqual(
      parseKey(objectKey("full", "datasets", "my-set_2", stamp, ".csv.gz")),
      Option.some({ stamp, ending: ".csv.gz", dataset: Option.some("my-set_2"), day: "20251103" }),
    )
    assert.deepStrictEqual(
      parseKey(objectKey("inc", "single", "x", stamp)),
      Option.some({ stamp, ending: ".csv", dataset: Option.none(), day: "20251103" }),
    )
  })

  it("are not read from manifests, the watermark or foreign files", () => {
    for (const key of [
      manifestKey("full/date=20251103/full_a_20251103_101530.csv"),
      "inc/_watermark.txt",
      "inc/date=20251103/notes.csv",
      // Numbers and times that no name has.
      "inc/date=20251103/cdc_20251103_101540_0000.csv",
      "inc/date=20251103/cdc_20251103_101540_0001.csv",
      "inc/date=20251103/cdc_20251103_101560.csv",
      "inc/date=20250229/cdc_20250229_101540.csv",
      "full/date=20251103/full_a_20251199_101540.csv",
      "inc/date=20251103/cdc_20251103_101540.csv\n",
      // No name comes after it.
      "inc/date=99991231/cdc_99991231_235959_9999.csv",
    ]) {
      assert.isTrue(Option.isNone(parseKey(key)), key)
    }
  })

  it("put the manifest beside its object, hidden from readers of the folder", () => {
    assert.strictEqual(
      manifestKey("full/date=20251103/full_a_20251103_101530.csv"),
      "full/date=20251103/_full_a_20251103_101530.json",
    )
  })

  it("keep the prefix of one dataset apart from that of another whose name it begins", () => {
    assert.isFalse(
      objectKey("inc", "datasets", "ab", { second: "20251103_101530", count: 1 }).startsWith(
        datasetPrefix("inc", "datasets", "a"),
      ),
    )
  })
})
