/** Values of the columns of these tables, as SQL. What values can be is the other rounds' affair. */
import type { Random } from "../../../../test/support/Random.ts"
import { textSql } from "../../workload/sql.ts"

export const drawnTypes = ["text", "integer", "boolean", "numeric(10,2)", "date", "character varying(40)"]

const texts = ["", "a", 'vírgula, "aspas"', "linha 1\nlinha 2", "unchanged-toast-datum", "NULL", "{}", "t"]

/** A text that is stored apart where the column's storage says so. */
const large = (dice: Random): string => String(dice.between(1, 9)).repeat(2500)

export const drawValue = (dice: Random, type: string, isLarge = false): string => {
  if (dice.is(0.15)) return "NULL"
  if (isLarge) return textSql(dice.is(0.6) ? large(dice) : dice.pick(texts))
  if (/^(integer|bigint)$/.test(type)) return String(dice.between(-5, 99_999))
  if (type === "boolean") return dice.pick(["true", "false"])
  if (type.startsWith("numeric")) return `${dice.between(-999, 999)}.${dice.between(10, 99)}`
  if (type === "date") return `'2025-${10 + dice.below(3)}-${10 + dice.below(19)}'`
  return textSql(dice.pick(texts))
}
