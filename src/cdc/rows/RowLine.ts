/** Lines of rows: the tables that they name, and what is wrong with one that cannot be read. */
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

/** Why `tokens` could not read the line. */
export const refusalOf = (line: SlotLine, tokens: RowTokenizer): Refusal =>
  malformedLine(
    line.lsn,
    !line.isMarked && line.text.includes("\0") ? zeroByte : printMalformed(tokens.malformed),
  )

/** The tables whose rows the line that was read reports: several for a TRUNCATE. */
export const tablesOf = (tokens: RowTokenizer): ReadonlyArray<Table> =>
  tokens.tag === "Truncate" ? tokens.tables : [tokens.table.table]

/** What belongs to tables, by the names as the catalog has them. The slot prints names as bytes. */
export class ByTable<A> {
  readonly #owners: ReadonlyMap<string, A>
  /** Of the line before: mostly also that of the next one. */
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

  /** That of the table of a line. Takes the same time however many tables there are. */
  of(table: KnownTable): A | undefined {
    if (table !== this.#latest) {
      this.#latest = table
      this.#owner = this.#owners.get(table.key)
    }
    return this.#owner
  }

  /** That of a table by its names as the slot prints them. */
  named(table: Table): A | undefined {
    return this.#owners.get(tableKey(table))
  }
}
