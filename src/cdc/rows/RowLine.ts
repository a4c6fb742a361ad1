/** Row lines: the tables that they name, and the refusal of a line that cannot be read. */
import { toBytes } from "../../core/bytes/Bytes.ts"
import type { Table } from "../../core/slot/Change.ts"
import { zeroByte } from "../../core/slot/LongLine.ts"
import { printMalformed } from "../../core/slot/MalformedText.ts"
import type { SlotLine } from "../../core/slot/SlotLine.ts"
import type { RowTokenizer } from "../../core/slot/tokens/RowTokenizer.ts"
import { type KnownTable, tableKey } from "../../core/slot/tokens/TableMemo.ts"
import type { TableName } from "../../core/source/SourceTable.ts"
import type { Refusal } from "../../services/Refusal.ts"
import { malformedLine } from "../../services/source/Transaction.ts"

/** Returns the refusal of a line that `tokens` could not read. */
export const refusalOf = (line: SlotLine, tokens: RowTokenizer): Refusal =>
  malformedLine(
    line.lsn,
    !line.isMarked && line.text.includes("\0") ? zeroByte : printMalformed(tokens.malformed),
  )

/** Returns the tables of the line that was read: several for a TRUNCATE. */
export const tablesOf = (tokens: RowTokenizer): ReadonlyArray<Table> =>
  tokens.tag === "Truncate" ? tokens.tables : [tokens.table.table]

/** A map from tables to values. Keys are names as the catalog has them; the slot prints names as bytes. */
export class ByTable<A> {
  readonly #owners: ReadonlyMap<string, A>
  /** The table of the line before: usually also that of the next one. */
  #latest: KnownTable | undefined
  #owner: A | undefined

  constructor(owners: ReadonlyArray<readonly [TableName, A]>) {
    this.#owners = new Map(
      owners.map(([{ schema, name }, owner]) => [
        tableKey({ schema: toBytes(schema), name: toBytes(name) }),
        owner,
      ]),
    )
  }

  /** Returns the value of a line's table, in the same time for any number of tables. */
  of(table: KnownTable): A | undefined {
    if (table !== this.#latest) {
      this.#latest = table
      this.#owner = this.#owners.get(table.key)
    }
    return this.#owner
  }

  /** Returns the value of a table by its names as the slot prints them. */
  named(table: Table): A | undefined {
    return this.#owners.get(tableKey(table))
  }
}
