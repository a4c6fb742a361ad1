/**
 * Applies projections to the tuples of a line, in place, as soon as the line is read: columns that are dropped are not in its
 * tuples any more, and hashes stand for the values that are hashed. Whoever reads the tuples cannot see the original.
 */
import { apostrophe } from "../bytes/Ascii.ts"
import { fromBytes } from "../bytes/Bytes.ts"
import { hashedMark, isMark, markBytesMax } from "../slot/LongLine.ts"
import type { Column } from "../slot/tokens/Column.ts"
import type { LineCursor } from "../slot/tokens/LineCursor.ts"
import { nullForm, pairedFlag, plainForm, type TupleSpans, unsentForm } from "../slot/tokens/TupleSpans.ts"
import { type ColumnFate, hashBytes, type Projection, type ValueHashing } from "./Projection.ts"

const kept = 0
const dropped = 1
const hashed = 2
const codes: Readonly<Record<ColumnFate, number>> = { keep: kept, drop: dropped, hash: hashed }

/** What happens to the columns of a tuple. */
interface TupleFates {
  readonly fates: Uint8Array
  readonly isUnchanged: boolean
  readonly hashes: number
  readonly columns: ReadonlyArray<Column>
}

const fatesIn = (columns: ReadonlyArray<Column>, fateOf: (column: Column) => number): TupleFates => {
  const fates = Uint8Array.from(columns, fateOf)
  return {
    fates,
    isUnchanged: fates.every((fate) => fate === kept),
    hashes: fates.reduce((count, fate) => count + (fate === hashed ? 1 : 0), 0),
    columns: columns.filter((_, i) => fates[i] !== dropped),
  }
}

const noFates = fatesIn([], () => kept)

/** The projection of one table, with what was found out about its columns. */
export class TableProjection {
  readonly projection: Projection
  readonly #fates = new WeakMap<Column, number>()
  #rowColumns: ReadonlyArray<Column> | undefined
  #rowFates = noFates

  constructor(projection: Projection) {
    this.projection = projection
  }

  /** Successive whole rows share their array of columns, and get the same array of projected ones. */
  ofRow({ columns }: TupleSpans): TupleFates {
    if (columns !== this.#rowColumns) {
      this.#rowColumns = columns
      this.#rowFates = fatesIn(columns, this.#fateOf)
    }
    return this.#rowFates
  }

  /** The array of an old tuple's columns is reused for other columns. */
  ofOld({ columns, count }: TupleSpans): TupleFates {
    for (let i = 0; i < count; i++) {
      const column = columns[i]
      if (column !== undefined && this.#fateOf(column) !== kept)
        return fatesIn(columns.slice(0, count), this.#fateOf)
    }
    return noFates
  }

  readonly #fateOf = (column: Column): number => {
    const known = this.#fates.get(column)
    if (known !== undefined) return known
    const fate = codes[this.projection.fateOf(fromBytes(column.name))]
    this.#fates.set(column, fate)
    return fate
  }
}

const firstBytes = 64 * 1024

/** Works on the lines of all tables, in one buffer. */
export class ProjectedTuples {
  /** The line, then its hashes. */
  #bytes = Buffer.alloc(0)
  #view = new DataView(new ArrayBuffer(0))
  #length = 0
  /** From an offset in the line's own bytes to that in `#bytes`; 0 if the line is not copied. */
  #shift = 0

  /** Changes the tuples. The cursor's bytes are then others, and valid until the next call. */
  apply(
    table: TableProjection,
    cursor: LineCursor,
    row: TupleSpans | undefined,
    old: TupleSpans | undefined,
  ): void {
    const rowFates = row === undefined ? noFates : table.ofRow(row)
    const oldFates = old === undefined ? noFates : table.ofOld(old)
    const hashes = rowFates.hashes + oldFates.hashes
    if (hashes === 0 && rowFates.isUnchanged && oldFates.isUnchanged) return
    this.#shift = 0
    if (hashes > 0) this.#copyLine(cursor, hashes)
    if (row !== undefined) this.#project(row, rowFates, table.projection, cursor)
    if (old !== undefined) this.#project(old, oldFates, table.projection, cursor)
    if (hashes > 0) cursor.moveTo(this.#bytes, this.#view, this.#length)
  }

  #copyLine(cursor: LineCursor, hashes: number): void {
    const { bytes, start, end } = cursor
    const needed = end - start + hashes * Math.max(hashBytes, markBytesMax)
    if (needed > this.#bytes.length) {
      this.#bytes = Buffer.allocUnsafeSlow(Math.max(firstBytes, needed + needed / 8) | 0)
      this.#view = new DataView(this.#bytes.buffer)
    }
    this.#length = bytes.copy(this.#bytes, 0, start, end)
    this.#shift = -start
  }

  #project(tuple: TupleSpans, found: TupleFates, { hashing }: Projection, cursor: LineCursor): void {
    const { forms, bounds, count } = tuple
    const { fates, isUnchanged, columns } = found
    let next = 0
    for (let i = 0; i < count; i++) {
      const form = tuple.form(i)
      if (fates[i] === dropped) {
        if (form === unsentForm) tuple.unsent--
        continue
      }
      let from = tuple.from(i) + this.#shift
      let to = tuple.to(i) + this.#shift
      if (fates[i] === hashed && form !== nullForm && form !== unsentForm) {
        from = this.#length
        this.#append(hashing, cursor, form, tuple.from(i), tuple.to(i))
        to = this.#length
        forms[next] = plainForm
      } else forms[next] = form
      bounds[2 * next] = from
      bounds[2 * next + 1] = to
      next++
    }
    if (isUnchanged) return
    tuple.count = next
    tuple.columns = columns
  }

  /** Appends the hash of the value; of a long one, which is not in memory, a mark that asks for its hash. */
  #append(hashing: ValueHashing, cursor: LineCursor, form: number, from: number, to: number): void {
    const { bytes, isMarked } = cursor
    const mark = isMarked && bytes[from] === 0 ? cursor.text(from, to) : ""
    const isPaired = form > plainForm && (form & pairedFlag) !== 0
    const value = bytes.subarray(from, to)
    const text = isMark(mark) ? hashedMark(mark) : hashing.hash(isPaired ? unpaired(value) : value)
    this.#length += this.#bytes.write(text, this.#length, "latin1")
  }
}

/** The value without the second one of two apostrophes. */
const unpaired = (printed: Uint8Array): Uint8Array => {
  const value = Buffer.allocUnsafe(printed.length)
  let length = 0
  for (let at = 0; at < printed.length; at++) {
    value[length++] = printed[at] ?? 0
    if (printed[at] === apostrophe) at++
  }
  return value.subarray(0, length)
}
