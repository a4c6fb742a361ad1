/** The spans of a tuple's values in the bytes of its line: no value becomes a string. */
import type { Column } from "./Column.ts"

/** SQL NULL. */
export const nullForm = 0
/** An unchanged TOAST value, which the server does not send. */
export const unsentForm = 1
/** The same bytes in CSV as in the line. */
export const plainForm = 2
/** The empty string. */
export const emptyForm = 3
/** Flags of a value that differs in CSV: it needs quotes there; the line has its apostrophes doubled. */
export const quotedFlag = 4
export const pairedFlag = 8

export class TupleSpans {
  /** One per value. For whole rows it is the table's memo: the same array for the same columns. */
  columns: ReadonlyArray<Column> = []
  count = 0
  /** Number of unchanged TOAST values. */
  unsent = 0
  forms = new Uint8Array(64)
  /** Per value its first offset and the one after its last, without quotes. */
  bounds = new Int32Array(128)

  clear(): void {
    this.count = 0
    this.unsent = 0
  }

  add(form: number, from: number, to: number): void {
    const i = this.count++
    if (i >= this.forms.length) this.#grow()
    this.forms[i] = form
    this.bounds[2 * i] = from
    this.bounds[2 * i + 1] = to
  }

  #grow(): void {
    const forms = new Uint8Array(2 * this.forms.length)
    forms.set(this.forms)
    const bounds = new Int32Array(2 * this.bounds.length)
    bounds.set(this.bounds)
    this.forms = forms
    this.bounds = bounds
  }

  form(i: number): number {
    return this.forms[i] ?? nullForm
  }

  from(i: number): number {
    return this.bounds[2 * i] ?? 0
  }

  to(i: number): number {
    return this.bounds[2 * i + 1] ?? 0
  }
}

/** Returns the names of its columns, as byte strings. */
export const namesOf = ({ columns, count }: TupleSpans): ReadonlyArray<string> =>
  columns.slice(0, count).map(({ name }) => name)
