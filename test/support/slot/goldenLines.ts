/** Lets a real server print the lines of a golden case, and keeps them in a file: one line of the slot on each line. */
import { readdirSync, readFileSync } from "node:fs"
import { Effect } from "effect"
import { fromBytes } from "../../../src/core/bytes/Bytes.ts"
import { TestPostgres } from "../postgres/postgres.ts"
import type { GoldenCase } from "./testDecodingCases.ts"

/** As the program's own sessions have it: the same value prints the same. */
const settings = `SET TimeZone = 'UTC'; SET DateStyle = 'ISO, MDY'; SET IntervalStyle = 'postgres'; SET bytea_output = 'hex';
  SET extra_float_digits = 1; SET client_encoding = 'UTF8'; SET lc_monetary = 'C'; SET search_path = pg_catalog`

/** The lines as byte strings. `textsend`, because a message may hold bytes that are no UTF-8, zero bytes among them. */
export const captureLines = Effect.fn("captureLines")(function* ({
  name,
  setup,
  changes,
  withXids,
}: GoldenCase) {
  const { sql } = yield* (yield* TestPostgres).database(settings)
  const slot = `golden_${name.replaceAll("-", "_")}`
  for (const statement of setup) yield* sql(statement)
  yield* sql(`SELECT pg_create_logical_replication_slot('${slot}', 'test_decoding')`)
  for (const statement of changes) yield* sql(statement)
  const told = yield* sql(
    `SELECT encode(textsend(data), 'base64') AS bytes FROM pg_logical_slot_peek_changes('${slot}', NULL, NULL,
       'include-xids', '${withXids === true}', 'include-timestamp', '${withXids === true}', 'skip-empty-xacts', '1')`,
  )
  return told.map(({ bytes }) => Buffer.from(bytes ?? "", "base64").toString("latin1"))
}, Effect.scoped)

/** Of the server, as in `15`. */
export const majorVersion = Effect.gen(function* () {
  const { sql } = yield* TestPostgres
  const [row] = yield* sql("SELECT current_setting('server_version_num')::integer / 10000 AS major")
  return row?.["major"] ?? ""
})

/** Transaction ids and commit times are new each time. */
export const withoutXids = (file: string): string =>
  file.replace(/^(BEGIN|COMMIT) \d+/gm, "$1 …").replace(/ \(at [-+:. \d]+\)$/gm, " (at …)")

const escapes: Readonly<Record<string, string>> = {
  "\\": "\\\\",
  "\n": "\\n",
  "\r": "\\r",
  "\t": "\\t",
  "\0": "\\0",
}
const plain = new Map(Object.entries(escapes).map(([character, printed]) => [printed, character]))

/** Only what would break or hide in a line is escaped; the bytes stay. */
export const printGolden = (lines: ReadonlyArray<string>): string =>
  lines
    .map((line) => `${line.replace(/[\\\n\r\t\0]/g, (character) => escapes[character] ?? character)}\n`)
    .join("")

export const parseGolden = (file: string): ReadonlyArray<string> =>
  file
    .split("\n")
    .slice(0, -1)
    .map((line) => line.replace(/\\./g, (printed) => plain.get(printed) ?? printed))

/** What the file beside a golden holds: the changes in ordinary letters. A value that was not sent is missing. */
export const printExpected = (changes: ReadonlyArray<unknown>): string =>
  `[\n${changes.map((change) => `  ${fromBytes(JSON.stringify(change))}`).join(",\n")}\n]\n`

/** All that are kept, by their names. */
export const readGoldens = (): ReadonlyArray<{
  readonly name: string
  readonly lines: ReadonlyArray<string>
}> => {
  const folder = new URL("../../golden/test_decoding/", import.meta.url)
  return readdirSync(folder)
    .filter((file) => file.endsWith(".txt"))
    .sort()
    .map((file) => ({
      name: file.slice(0, -4),
      lines: parseGolden(readFileSync(new URL(file, folder), "latin1")),
    }))
}
