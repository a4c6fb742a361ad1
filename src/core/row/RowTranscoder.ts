/**
 * From the slot's bytes straight into CSV, for lines that look like the row before them: same table, same columns, same
 * types, which is nearly every line there is.
 *
 * The codec (`TestDecoding.ts`) and `IncRow.ts` say what a line means and how its row reads. They take some 3 µs for a
 * row of ten columns, and PostgreSQL collects its whole answer before it sends the first byte of it, so that all of
 * this time is added to the server's. This takes a third of it. It is a memory, not a second opinion: what is not
 * exactly as expected is left to the codec. That is the first row of each table, and then old keys, values that were not
 * sent, NaN and exponents. A property test holds both to the same bytes.
 */

import type { Table, Tuple } from "../slot/Change.ts"
import type { SlotLine } from "../slot/SlotLine.ts"
import { type Literal, literalOf } from "../slot/text/PrintedLiteral.ts"
import { printName } from "../slot/text/PrintedName.ts"
import { ByteTransfer } from "./ByteTransfer.ts"
import { FixedBytes } from "./FixedBytes.ts"
import type { CommitFields } from "./IncRow.ts"
import type { RowBuffer } from "./RowBuffer.ts"

/** What the rows of one transaction share, as it stands around `_seq`. One for all transactions, told of each before its rows. */
export class CommitBytes {
  readonly before = new FixedBytes()
  /** Up to the comma before the first column: `_before` and `_unchanged` are NULL in all rows that are made here. */
  readonly after = new FixedBytes()

  set({ lsn, xid, at }: CommitFields): this {
    this.before.set(`,${lsn},`)
    this.after.set(`,${xid},${at},,`)
    return this
  }
}

/** More than a row has beside its values and their commas: the columns that tell the commit. In bytes. */
const headBytesMax = 128

const newline = 0x0a
const comma = 0x2c

const forms = (["Insert", "Update", "Delete"] as const).map((tag) => ({
  tag,
  printed: new FixedBytes(`${tag.toUpperCase()}:`),
  operation: tag.charCodeAt(0),
}))
type RowTag = (typeof forms)[number]["tag"]

const nullWord = new FixedBytes("null")

interface PrintedColumn {
  readonly name: string
  readonly type: string
  /** As it stands before its value: ` nome[character varying]:`. */
  readonly printed: FixedBytes
  readonly literal: Literal
}

export class RowTranscoder {
  readonly #table: FixedBytes
  readonly #columns: ReadonlyArray<PrintedColumn>
  readonly #transfer = new ByteTransfer()

  /** `row` is that of an INSERT or UPDATE: all columns of the table. */
  constructor(table: Table, row: Tuple) {
    this.#table = new FixedBytes(`table ${printName(table.schema)}.${printName(table.name)}: `)
    this.#columns = row.map(({ name, type }) => ({
      name,
      type,
      printed: new FixedBytes(` ${printName(name)}[${type}]:`),
      literal: literalOf(type),
    }))
  }

  /** Whether it was made for rows of these columns. */
  fits(row: Tuple): boolean {
    return (
      row.length === this.#columns.length &&
      this.#columns.every(({ name, type }, i) => row[i]?.name === name && row[i]?.type === type)
    )
  }

  /** Appends the line's row and says what it was; appends nothing where the line is not of a known form. */
  append(line: SlotLine, seq: number, commit: CommitBytes, rows: RowBuffer): RowTag | undefined {
    const transfer = this.#transfer
    transfer.readFrom(line.bytes, line.start, line.end)
    if (!transfer.skip(this.#table)) return undefined
    const form = forms.find(({ printed }) => transfer.skip(printed))
    if (form === undefined) return undefined
    // Quotes are doubled at most, and of a NULL nothing but its comma is left.
    rows.reserve(headBytesMax + 2 * line.length + this.#columns.length)
    transfer.writeTo(rows.bytes, rows.length)
    transfer.putByte(form.operation)
    transfer.put(commit.before)
    transfer.putNumber(seq)
    transfer.put(commit.after)
    if (!this.#copyColumns(form.tag === "Delete") || !transfer.atEnd) return undefined
    transfer.putByte(newline)
    rows.length = transfer.written
    return form.tag
  }

  /** The old row of a DELETE names some columns only, in the order of the table. */
  #copyColumns(someOnly: boolean): boolean {
    const transfer = this.#transfer
    const columns = this.#columns
    for (let i = 0; i < columns.length; i++) {
      const column = columns[i]
      transfer.putByte(comma)
      if (column === undefined || !transfer.skip(column.printed)) {
        if (!someOnly) return false
      } else if (!transfer.skip(nullWord) && !this.#copyLiteral(column.literal)) return false
    }
    return true
  }

  #copyLiteral(literal: Literal): boolean {
    switch (literal) {
      case "text":
        return this.#transfer.copyText()
      case "number":
        return this.#transfer.copyNumber()
      case "boolean":
        return this.#transfer.copyBoolean()
      case "bits":
        return this.#transfer.copyBits()
    }
  }
}
