/**
 * Divides a file of `query/` into the parts that are run one by one: a slot can only be created in a transaction of
 * its own, and the demo copies the table between the rows and the changes.
 *
 * A line `-- @section <name>` begins a part, and it ends where the next one begins. What stands before the first
 * concerns psql alone and is left out.
 */
import { Result } from "effect"

/** Of `query/demo_cdc_cliente_sync.sql`. */
export const shopSections = ["schema", "rows", "publication", "slot", "changes"] as const
/** Of `query/replay_cliente.sql`. */
export const replaySections = ["staging", "replay", "compare"] as const

/** The SQL of each part, as it stands in the file; a part may hold several statements and transactions. */
export type SqlSections<Name extends string> = Readonly<Record<Name, string>>

const marker = /^-- @section (.*)$/gm

/** The failure says in one sentence what is wrong with the file. Parts that nobody asked for are left out. */
export const parseSections = <const Name extends string>(
  text: string,
  names: ReadonlyArray<Name>,
): Result.Result<SqlSections<Name>, string> => {
  // Splitting on a capture gives: what precedes, name, part, name, part, …
  const [, ...pieces] = text.replaceAll("\r\n", "\n").split(marker)
  const parts = new Map<string, string>()
  for (let at = 0; at < pieces.length; at += 2) {
    const name = (pieces[at] ?? "").trim()
    if (parts.has(name)) return Result.fail(`the section "${name}" stands twice`)
    parts.set(name, (pieces[at + 1] ?? "").trim())
  }
  const missing = names.filter((name) => (parts.get(name) ?? "") === "")
  if (missing.length > 0) return Result.fail(`the section "${missing.join('", "')}" is missing or empty`)
  // Every name was found just now, so that the record has them all.
  return Result.succeed(Object.fromEntries(names.map((name) => [name, parts.get(name)])) as SqlSections<Name>)
}
