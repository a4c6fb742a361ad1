/**
 * Divides `query/demo_cdc_cliente_sync.sql` into the parts that are run one by one: a slot can only be created in a
 * transaction of its own, and the demo copies the table between the rows and the changes.
 *
 * A line `-- @section <name>` begins a part, and it ends where the next one begins. What stands before the first
 * concerns psql alone and is left out.
 */
import { Result } from "effect"

const names = ["schema", "rows", "publication", "slot", "changes"] as const

/** The SQL of each part, as it stands in the file; a part may hold several statements and transactions. */
export type DemoScript = Readonly<Record<(typeof names)[number], string>>

const marker = /^-- @section (.*)$/m

/** The failure says in one sentence what is wrong with the file. */
export const parseDemoScript = (text: string): Result.Result<DemoScript, string> => {
  // Splitting on a capture gives: what precedes, name, part, name, part, …
  const [, ...pieces] = text.replaceAll("\r\n", "\n").split(new RegExp(marker, "gm"))
  const parts = new Map<string, string>()
  for (let at = 0; at < pieces.length; at += 2) {
    const name = (pieces[at] ?? "").trim()
    if (parts.has(name)) return Result.fail(`the section "${name}" stands twice`)
    parts.set(name, (pieces[at + 1] ?? "").trim())
  }
  const take = (name: (typeof names)[number]): string => parts.get(name) ?? ""
  const missing = names.filter((name) => take(name) === "")
  if (missing.length > 0) return Result.fail(`the section "${missing.join('", "')}" is missing or empty`)
  return Result.succeed({
    schema: take("schema"),
    rows: take("rows"),
    publication: take("publication"),
    slot: take("slot"),
    changes: take("changes"),
  })
}
