/** The columns that never leave the source as they are: COLUMNS_EXCLUDE, COLUMNS_HASH and COLUMNS_HASH_KEY. */
import { Effect, Option, Redacted } from "effect"
import { parseColumnList } from "../../core/columns/ColumnEntry.ts"
import type { ColumnRules, ValueHashing } from "../../core/columns/Projection.ts"
import { choice, parsedIfSet, problem, type Reading, secret, text, together } from "../SettingReading.ts"
import { settingTable } from "../SettingTable.ts"
import { hashingUnder } from "./KeyedHash.ts"

/** Without COLUMNS_HASH nothing is hashed. */
const withoutKey: ValueHashing = {
  hash: () => {
    throw new Error("a value is to be hashed, and there is no key")
  },
  begin: () => {
    throw new Error("a value is to be hashed, and there is no key")
  },
}

const keyProblem = (why: string) =>
  Effect.fail(problem("COLUMNS_HASH_KEY", settingTable.COLUMNS_HASH_KEY.example, why))

/** Fails if COLUMNS_HASH, right or wrong, is set without a key. */
const hashing: Reading<ValueHashing> = Effect.gen(function* () {
  const read = yield* together({ list: text("COLUMNS_HASH"), key: secret("COLUMNS_HASH_KEY") })
  if (Option.isNone(read.key)) {
    return Option.isNone(read.list) ? withoutKey : yield* keyProblem("COLUMNS_HASH needs it")
  }
  const key = Redacted.value(read.key.value)
  return key.trim() === "" ? yield* keyProblem("it is empty, and must be a secret") : hashingUnder(key)
})

export const columnRules: Reading<ColumnRules> = Effect.map(
  together({
    excluded: parsedIfSet("COLUMNS_EXCLUDE", parseColumnList),
    hashed: parsedIfSet("COLUMNS_HASH", parseColumnList),
    hashing,
    onNewColumn: choice("ON_NEW_COLUMN"),
  }),
  ({ excluded, hashed, hashing, onNewColumn }) => ({
    excluded: Option.getOrElse(excluded, () => []),
    hashed: Option.getOrElse(hashed, () => []),
    hashing,
    onNewColumn: Option.getOrElse(onNewColumn, () => settingTable.ON_NEW_COLUMN.fallback),
  }),
)
