/** Scripts of transactions and faults for `cdc.fault.test.ts`: plain data, so that a failure shows all of it. */
import { Arbitrary, Schema } from "effect"
import { durableSteps, faults, steps } from "./faults.ts"

type Of<T> = T extends Arbitrary.Arbitrary<infer A> ? A : never

const oneOf = <const L extends ReadonlyArray<string | number | boolean>>(values: L) =>
  Arbitrary.schema(Schema.Literals(values))

const operation = Arbitrary.all({
  table: oneOf(["clientes", "pedidos", "other"]),
  kind: oneOf(["put", "put", "put", "update", "update key", "delete", "truncate", "truncate all", "message"]),
  key: oneOf([1, 2, 3, 4]),
  value: oneOf(["NULL", "", "a", 'x,"y"', '"\nI,00000000/FFFFFFFF,1,1,', "ção", "long"]),
})
export type Operation = Of<typeof operation>

const work = Arbitrary.all({
  kind: oneOf([
    "plain",
    "plain",
    "plain",
    "crossed",
    "rolled back",
    "unflushed",
    "elsewhere",
    "checkpoint",
    "new column",
  ]),
  operations: Arbitrary.array(operation, { minLength: 1, maxLength: 6 }),
})
export type Work = Of<typeof work>

const trouble = Arbitrary.all({
  step: oneOf([...durableSteps, ...durableSteps, ...steps]),
  /** Calls of the step that go well before. */
  after: oneOf([0, 0, 1, 2]),
  what: oneOf([...faults, "meanwhile"]),
})

const round = Arbitrary.all({
  works: Arbitrary.array(work, { maxLength: 5 }),
  meanwhile: Arbitrary.array(work, { maxLength: 2 }),
  troubles: Arbitrary.array(trouble, { maxLength: 5 }),
  once: oneOf([true, false]),
  /** The bound of one peek. */
  maxChanges: oneOf([1, 3, 8, 1_000_000]),
  /** How the clock moves before the next round. */
  clockSeconds: oneOf([0, 1, 90_000, -1, -90_000]),
})
export type Round = Of<typeof round>

export const rounds = Arbitrary.array(round, { minLength: 1, maxLength: 5 })
