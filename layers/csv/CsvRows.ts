/** Buffers rows of `inc` as CSV, for one batch. */
import { Effect } from "effect"
import type { ObjectEnding } from "../../src/core/lake/ObjectEnding.ts"
import type { ColumnsFit } from "../../src/core/row/ColumnsFit.ts"
import { type Columns, type CommitFields, incHeader } from "../../src/core/row/IncRow.ts"
import { IncRowWriter } from "../../src/core/row/IncRowWriter.ts"
import { RowBuffer } from "../../src/core/row/RowBuffer.ts"
import type { RowTokenizer } from "../../src/core/slot/tokens/RowTokenizer.ts"
import type { ObjectWriter } from "../../src/services/lake/ObjectStore.ts"
import type { BatchRows, DatasetRows } from "../../src/services/lake/RowFormat.ts"
import type { ReadLong } from "../../src/services/source/Transaction.ts"
import type { Codec } from "./Gzip.ts"
import { longRows } from "./LongRow.ts"

class CsvDatasetRows implements DatasetRows {
  readonly #writer: IncRowWriter
  readonly #codec: Codec
  readonly #pending = new RowBuffer()
  readonly #appendLong = longRows(this.#pending)

  constructor(writer: IncRowWriter, codec: Codec) {
    this.#writer = writer
    this.#codec = codec
  }

  get isEmpty(): boolean {
    return this.#pending.length === 0
  }

  get isFull(): boolean {
    return this.#pending.isFull
  }

  append(tokens: RowTokenizer, columns: ColumnsFit, seq: number, leaf?: string): void {
    this.#writer.append(tokens, columns, seq, this.#pending, leaf)
  }

  appendLong<E>(
    tokens: RowTokenizer,
    columns: ColumnsFit,
    seq: number,
    read: ReadLong,
    write: Effect.Effect<void, E>,
    leaf?: string,
  ) {
    const { projection } = tokens.table
    const row = this.#writer.print(tokens, columns, seq, leaf)
    return this.#appendLong(row, projection?.projection, read, write)
  }

  open(ending: ObjectEnding, columns: Columns, stored: ObjectWriter, isPartitioned = false) {
    return Effect.gen({ self: this }, function* () {
      const csv = yield* this.#codec.around(ending, stored)
      yield* csv.write(Buffer.from(incHeader(columns, isPartitioned), "latin1"))
      return { write: this.#writeTo(csv), commit: csv.commit }
    })
  }

  #writeTo(csv: ObjectWriter) {
    return Effect.suspend(() => {
      const { filled } = this.#pending
      return Effect.map(csv.write(filled), () => this.#pending.drop(filled.length))
    })
  }
}

/** One writer for all datasets, because the rows of a transaction share their commit fields. */
export const csvRows = (codec: Codec): BatchRows => {
  const writer = new IncRowWriter()
  return {
    beginTransaction: (commit: CommitFields) => writer.beginTransaction(commit),
    dataset: () => new CsvDatasetRows(writer, codec),
  }
}
