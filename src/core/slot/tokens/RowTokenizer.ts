/**
 * Reads a line that reports rows, as `test_decoding` prints it (versions 15 to 18), into the spans of its values.
 *
 * Source: contrib/test_decoding/test_decoding.c, functions `pg_decode_change`, `pg_decode_truncate`,
 * `tuple_to_stringinfo`. A value can contain anything, `x[type]:'y'` and newlines included, and so can a quoted name: only
 * reading from left to right is safe.
 */
import { FixedBytes } from "../../bytes/FixedBytes.ts"
import { ProjectedTuples } from "../../columns/ProjectedTuples.ts"
import type { Table } from "../Change.ts"
import type { MalformedText } from "../MalformedText.ts"
import type { SlotLine } from "../SlotLine.ts"
import { anyLine } from "../text/ControlLine.ts"
import type { Column } from "./Column.ts"
import { LineCursor } from "./LineCursor.ts"
import { readColumn, readTables } from "./NameTokens.ts"
import { KnownTable, mostColumns, type ProjectionOf, TableMemo } from "./TableMemo.ts"
import { TupleSpans } from "./TupleSpans.ts"
import { readValue } from "./ValueTokens.ts"

const tableWord = new FixedBytes("table ")
const insertWord = new FixedBytes(" INSERT:")
const updateWord = new FixedBytes(" UPDATE:")
const deleteWord = new FixedBytes(" DELETE:")
const truncateWord = new FixedBytes(" TRUNCATE:")
const oldKeyWord = new FixedBytes(" old-key:")
const newTupleWord = new FixedBytes(" new-tuple:")
const noTupleWord = new FixedBytes(" (no-tuple-data)")
const noFlagsWord = new FixedBytes(" (no-flags)")
const restartWord = new FixedBytes(" restart_seqs")
const cascadeWord = new FixedBytes(" cascade")

export type RowTag = "Insert" | "Update" | "Delete" | "Truncate"

const noTable = new KnownTable("", { schema: "", name: "" }, undefined)

/** Its results are valid until it reads the next line. Never throws; takes time in proportion to the line's length. */
export class RowTokenizer {
  readonly cursor = new LineCursor()
  readonly #memo: TableMemo
  tag: RowTag = "Insert"
  /** Of INSERT, UPDATE and DELETE. */
  table: KnownTable = noTable
  /** Of a TRUNCATE. */
  tables: ReadonlyArray<Table> = []
  restartSequences = false
  cascade = false
  /** The new row of an INSERT or UPDATE. */
  readonly row = new TupleSpans()
  /** The old row of a DELETE or UPDATE, NULLs left out. */
  readonly old = new TupleSpans()
  readonly #oldColumns: Array<Column> = []
  hasOld = false
  /** Up to here the line has only names and key words. */
  #namesEnd = 0
  readonly #projected = new ProjectedTuples()

  /** Projects the tuples of each line as soon as they are read. */
  constructor(projectionOf: ProjectionOf) {
    this.#memo = new TableMemo(projectionOf)
  }

  /** Reads a line. Returns false if the server does not print such a line; `malformed` says where and why. */
  read(line: SlotLine): boolean {
    return this.readHead(line) && this.readTuples()
  }

  /** Reads up to the values. */
  readHead(line: SlotLine): boolean {
    const { cursor } = this
    cursor.begin(line)
    this.#namesEnd = cursor.at
    return cursor.skip(tableWord) ? this.#readTable() && this.#readTag() : cursor.fail(anyLine)
  }

  /** Reads the rest of the line, after `readHead`. */
  readTuples(): boolean {
    if (!this.#readTuples()) return false
    const { projection } = this.table
    if (projection !== undefined && this.tag !== "Truncate") {
      const row = this.tag === "Delete" ? undefined : this.row
      this.#projected.apply(projection, this.cursor, row, this.hasOld ? this.old : undefined)
    }
    return true
  }

  #readTuples(): boolean {
    const { cursor } = this
    this.hasOld = false
    switch (this.tag) {
      case "Insert":
        return this.#readRow()
      case "Update":
        if (cursor.skip(oldKeyWord)) {
          if (!this.#readOld()) return false
          if (!cursor.skip(newTupleWord)) return cursor.fail("new-tuple:")
        }
        return this.#readRow()
      case "Delete":
        if (!cursor.skip(noTupleWord)) return this.#readOld() && this.#readEnd()
        this.old.clear()
        return this.#readEnd()
      case "Truncate":
        return this.#readFlags() && this.#readEnd()
    }
  }

  /** Why the line could not be read. */
  get malformed(): MalformedText {
    const { at, expected, start } = this.cursor
    const within = this.cursor.text(start, this.#namesEnd)
    return { _tag: "MalformedText", offset: at - start, expected, within }
  }

  #readEnd(): boolean {
    return this.cursor.atEnd || this.cursor.fail("the end of the line")
  }

  #readTable(): boolean {
    const { cursor } = this
    // Mostly the same table as in the line before.
    if (this.table.printed.length > 0 && cursor.skip(this.table.printed)) return true
    const { at } = cursor
    const tables = readTables(cursor)
    if (tables === undefined) return false
    this.tables = tables
    const [table] = tables
    const isOne = table !== undefined && tables.length === 1
    const printed = cursor.text(at, cursor.at)
    this.table = isOne ? (this.#memo.get(printed) ?? this.#memo.add(printed, table)) : noTable
    return true
  }

  #readTag(): boolean {
    const { cursor, table } = this
    const isOne = table !== noTable
    if (isOne && cursor.skip(insertWord)) this.tag = "Insert"
    else if (isOne && cursor.skip(updateWord)) this.tag = "Update"
    else if (isOne && cursor.skip(deleteWord)) this.tag = "Delete"
    else {
      this.#namesEnd = cursor.at
      if (!cursor.skip(truncateWord)) {
        return cursor.fail(isOne ? "INSERT:, UPDATE:, DELETE: or TRUNCATE:" : "TRUNCATE:")
      }
      this.tag = "Truncate"
      if (isOne) this.tables = [table.table]
      return true
    }
    this.#namesEnd = cursor.at
    return true
  }

  #readFlags(): boolean {
    const { cursor } = this
    this.restartSequences = false
    this.cascade = false
    if (cursor.skip(noFlagsWord)) return true
    this.restartSequences = cursor.skip(restartWord)
    this.cascade = cursor.skip(cascadeWord)
    return this.restartSequences || this.cascade || cursor.fail("restart_seqs, cascade or (no-flags)")
  }

  /** Reads a whole row, to the end of the line. */
  #readRow(): boolean {
    const { cursor, row } = this
    const { columns } = this.table
    row.clear()
    let i = 0
    for (; i < columns.length && !cursor.atEnd; i++) {
      const column = columns[i]
      if (column === undefined || !cursor.skip(column.printed)) break
      if (!readValue(cursor, column.literal, row)) return false
    }
    if (i < columns.length || !cursor.atEnd) return this.#learnRow(i)
    row.columns = columns
    return true
  }

  /** Continues a row whose columns differ from those of the row before. */
  #learnRow(from: number): boolean {
    const { cursor, row, table } = this
    const columns = table.columns.slice(0, from)
    while (!cursor.atEnd) {
      let column = table.columns[columns.length]
      if (column === undefined || !cursor.skip(column.printed)) column = readColumn(cursor)
      if (column === undefined || !readValue(cursor, column.literal, row)) return false
      columns.push(column)
    }
    row.columns = columns
    if (columns.length <= mostColumns) table.columns = columns
    return true
  }

  /** Reads an old row, to the end of the line or to `new-tuple:`. NULLs are left out, so that some columns are skipped. */
  #readOld(): boolean {
    const { cursor, old, table } = this
    const { columns } = table
    const named = this.#oldColumns
    named.length = 0
    old.clear()
    old.columns = named
    this.hasOld = true
    let isNew = false
    let next = 0
    while (!cursor.atEnd && !newTupleWord.isAt(cursor.view, cursor.at, cursor.end)) {
      let column = columns[next++]
      while (column !== undefined && !cursor.skip(column.printed)) column = columns[next++]
      if (column === undefined) {
        column = readColumn(cursor)
        isNew = true
      }
      if (column === undefined || !readValue(cursor, column.literal, old)) return false
      named.push(column)
    }
    if (isNew) table.addOld(named)
    return true
  }
}
