import { assert, describe, it } from "@effect/vitest"
import { Option } from "effect"
import { type CatalogNumber, columnNumbers, withXid } from "../../../../src/core/columns/ColumnNumbers.ts"
import { Random } from "../../../support/Random.ts"

/** The numbers of a table after each ALTER TABLE, and the catalog's rows at the end. A rename changes no number. */
const history = (random: Random, moves: number) => {
  const catalog = new Map<number, CatalogNumber>()
  const first = random.between(1, 4)
  for (let attnum = 1; attnum <= first; attnum++) catalog.set(attnum, { attnum, isDropped: false, xid: 10 })
  const live = () => [...catalog.values()].filter((one) => !one.isDropped).map(({ attnum }) => attnum)
  const moments = [{ numbers: live(), xid: 15 }]
  for (let move = 1; move <= moves; move++) {
    const xid = 10 + 10 * move
    const drop = () => {
      if (live().length < 2) return
      const attnum = random.pick(live())
      catalog.set(attnum, { attnum, isDropped: true, xid })
    }
    const add = () => catalog.set(catalog.size + 1, { attnum: catalog.size + 1, isDropped: false, xid })
    const rename = () => {
      const attnum = random.pick(live())
      catalog.set(attnum, { attnum, isDropped: false, xid })
    }
    const kind = random.pick(["add", "drop", "rename", "drop and add"] as const)
    if (kind === "add") add()
    else if (kind === "rename") rename()
    else drop()
    if (kind === "drop and add") add()
    moments.push({ numbers: live(), xid: xid + 5 })
  }
  return { moments, catalog: [...catalog.values()] }
}

const live = (attnum: number, xid = 10): CatalogNumber => ({ attnum, isDropped: false, xid })
const dropped = (attnum: number, xid = 20): CatalogNumber => ({ attnum, isDropped: true, xid })

const numbers = (
  count: number,
  before: ReadonlyArray<number> | undefined,
  catalog: ReadonlyArray<CatalogNumber>,
  xid?: number,
) =>
  Option.getOrUndefined(
    columnNumbers({ count, before, catalog, xids: xid === undefined ? undefined : withXid(undefined, xid) }),
  )

describe("the numbers of the columns of an older header", () => {
  it("are right wherever they are given, for any history, moment and earlier moment", () => {
    let [given, open] = [0, 0]
    for (let seed = 1; seed <= 800; seed++) {
      const random = new Random(seed)
      const { moments, catalog } = history(random, random.between(0, 6))
      for (const [at, moment] of moments.entries()) {
        const earlier = random.is(0.8) ? moments[random.between(0, at)]?.numbers : undefined
        const xids = random.is(0.5) ? withXid(undefined, moment.xid) : undefined
        const found = columnNumbers({ count: moment.numbers.length, before: earlier, catalog, xids })
        assert.isTrue(Option.isSome(found), `seed ${seed}`)
        for (const [i, number] of Option.getOrElse(found, () => []).entries()) {
          if (number === null) open++
          else {
            given++
            assert.strictEqual(number, moment.numbers[i], `seed ${seed}, moment ${at}`)
          }
        }
      }
    }
    assert.isAbove(given, 2 * open)
  })

  it("are all given where the moment before is known and no column was dropped since", () => {
    for (let seed = 1; seed <= 500; seed++) {
      const random = new Random(seed)
      const { moments, catalog } = history(random, random.between(0, 6))
      const at = random.below(moments.length)
      const { numbers: before = [] } = moments[at] ?? {}
      const isKept = moments.slice(at).every((one) => before.every((attnum) => one.numbers.includes(attnum)))
      const hasGap = catalog.some(({ attnum, isDropped }) => isDropped && !before.includes(attnum))
      if (!isKept || hasGap) continue
      for (const later of moments.slice(at))
        assert.deepStrictEqual(numbers(later.numbers.length, before, catalog), [...later.numbers])
    }
  })

  it("are those before a rename, and of a column that was added before it", () => {
    assert.deepStrictEqual(numbers(2, [1, 2], [live(1), live(2, 20)]), [1, 2])
    assert.deepStrictEqual(numbers(3, [1, 2], [live(1), live(2, 30), live(3, 20)]), [1, 2, 3])
  })

  it("are open where a column was dropped and added again, unless the rows' ids are all on one side", () => {
    const catalog = [live(1), dropped(2), live(3, 20)]
    assert.deepStrictEqual(numbers(2, [1, 2], catalog), [1, null])
    assert.deepStrictEqual(numbers(2, [1, 2], catalog, 15), [1, 2])
    assert.deepStrictEqual(numbers(2, [1, 2], catalog, 25), [1, 3])
    const xids = withXid(withXid(undefined, 25), 15)
    const found = columnNumbers({ count: 2, before: [1, 2], catalog, xids })
    assert.deepStrictEqual(Option.getOrNull(found), [1, null])
  })

  it("compare ids across their wrap-around", () => {
    const catalog = [live(1), dropped(2, 5), live(3, 5)]
    assert.deepStrictEqual(numbers(2, [1, 2], catalog, 2 ** 32 - 7), [1, 2])
    assert.deepStrictEqual(withXid(withXid(undefined, 5), 2 ** 32 - 7), { least: 2 ** 32 - 7, greatest: 5 })
  })

  it("are none where the catalog is that of another table, or the header lacks columns", () => {
    assert.isUndefined(numbers(2, [1, 4], [live(1), live(2)]))
    assert.isUndefined(numbers(1, [1, 2], [live(1), live(2)]))
  })
})
