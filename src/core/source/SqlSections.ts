/**
 * Splits a file of `query/` into sections that run one by one: a slot can only be created in a transaction of its own, and
 * the demo copies the table between the rows and the changes.
 *
 * A section begins with a line `-- @section <name>`, and ends before the next one. Lines before the first are for psql only
 * and are left out.
 */
import { Result } from "effect"

/** Sections of `query/demo_cdc_cliente_sync.sql`. */
export const shopSections = ["schema", "rows", "publication", "slot", "changes"] as const
/** Sections of `query/replay_cliente.sql`. */
export const replaySections = ["staging", "replay", "compare"] as const

/** The SQL of each section, unchanged. A section may hold several statements and transactions. */
export type SqlSections<Name extends string> = Readonly<Record<Name, string>>

const marker = /^-- @section (.*)$/gm

/** Returns the sections in `names`. Fails with one sentence about the file. */
export const parseSections = <const Name extends string>(
  text: string,
  names: ReadonlyArray<Name>,
): Result.Result<SqlSections<Name>, string> => {
  // Splitting on a capture gives: preamble, name, SQL, name, SQL, …
  const [, ...parts] = text.replaceAll("\r\n", "\n").split(marker)
  const sections = new Map<string, string>()
  for (let at = 0; at < parts.length; at += 2) {
    const name = (parts[at] ?? "").trim()
    if (sections.has(name)) return Result.fail(`the section "${name}" is there twice`)
    sections.set(name, (parts[at + 1] ?? "").trim())
  }
  const missing = names.filter((name) => (sections.get(name) ?? "") === "")
  if (missing.length > 0) return Result.fail(`the section "${missing.join('", "')}" is missing or empty`)
  // Every name was checked above, so that the record has them all.
  return Result.succeed(
    Object.fromEntries(names.map((name) => [name, sections.get(name)])) as SqlSections<Name>,
  )
}
