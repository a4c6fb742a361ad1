/** Types made of other types: arrays, ranges, composites, domains, enums. All of their texts are made of others' texts. */
import type { Random } from "../../../test/support/Random.ts"
import type { Room } from "./hostileText.ts"
import { type Kind, kind, oneOf } from "./Kind.ts"

const nullChance = 0.2

const escaped = (text: string): string => `"${text.replace(/["\\]/g, "\\$&")}"`

/** Empty, flat, with two dimensions, with bounds other than 1, with NULLs. */
export const arrayOf = (of: Kind): Kind => {
  const { delimiter = "," } = of
  const element = (dice: Random, room: Room) => (dice.is(nullChance) ? "NULL" : escaped(of.draw(dice, room)))
  const list = (count: number, member: () => string) =>
    `{${Array.from({ length: count }, member).join(delimiter)}}`
  const draw = (dice: Random, room: Room): string => {
    const [width, height] = [dice.between(1, 4), dice.between(1, 3)]
    const [x, y] = [dice.between(-3, 5), dice.between(-3, 5)]
    const flat = () => list(width, () => element(dice, room))
    switch (dice.weighted({ empty: 2, flat: 6, bounded: 1, square: 1, boundedSquare: 1 })) {
      case "empty":
        return "{}"
      case "flat":
        return flat()
      case "bounded":
        return `[${x}:${x + width - 1}]=${flat()}`
      case "square":
        return list(height, flat)
      case "boundedSquare":
        return `[${y}:${y + height - 1}][${x}:${x + width - 1}]=${list(height, flat)}`
    }
  }
  return kind(`${of.type}[]`, draw, of.isKey)
}

/** Of ascending bounds, because a range from the greater to the less is none. */
export const rangeOf = (type: string, bounds: ReadonlyArray<string>): Kind =>
  kind(
    type,
    (dice) => {
      if (dice.is(0.15)) return "empty"
      const low = dice.between(0, bounds.length - 2)
      const high = dice.between(low + 1, bounds.length - 1)
      const bound = (at: number) => (dice.is(0.15) ? "" : escaped(bounds[at] ?? ""))
      return `${dice.pick(["[", "("])}${bound(low)},${bound(high)}${dice.pick(["]", ")"])}`
    },
    true,
  )

export const multirangeOf = (type: string, range: Kind): Kind =>
  kind(
    type,
    (dice, room) => `{${Array.from({ length: dice.between(0, 3) }, () => range.draw(dice, room)).join(",")}}`,
    true,
  )

export const compositeOf = (type: string, fields: ReadonlyArray<Kind>): Kind =>
  kind(
    type,
    (dice, room) =>
      `(${fields.map((field) => (dice.is(nullChance) ? "" : escaped(field.draw(dice, room)))).join(",")})`,
  )

export const domainOver = (type: string, base: Kind): Kind => ({ ...base, type, delimiter: "," })

export const enumOf = (type: string, labels: ReadonlyArray<string>): Kind => oneOf(type, labels, true)

const integers = ["-100", "-1", "0", "7", "1000000"]
const days = ["0044-03-15 BC", "1970-01-01", "2025-11-03", "12025-01-01", "infinity"]
const moments = [
  "-infinity",
  "0001-01-01 00:00:00 BC",
  "1970-01-01 00:00:00.000001",
  "2025-11-03 23:59:59.999999",
  "infinity",
]
const momentsWithZone = moments.map((moment) =>
  moment.replace(/\d$/, "$&+00").replace(/(\d) BC$/, "$1-03 BC"),
)

export const builtInRanges = (): ReadonlyArray<Kind> => {
  const ranges = (
    [
      ["int4range", "int4multirange", integers],
      ["int8range", "int8multirange", [...integers, "9223372036854775806"]],
      ["numrange", "nummultirange", ["-Infinity", "-0.10", "0", "1e100"]],
      ["daterange", "datemultirange", days],
      ["tsrange", "tsmultirange", moments],
      ["tstzrange", "tstzmultirange", momentsWithZone],
    ] as const
  ).map(([range, multirange, bounds]) => [rangeOf(range, bounds), multirange] as const)
  return ranges.flatMap(([range, multirange]) => [range, multirangeOf(multirange, range)])
}
