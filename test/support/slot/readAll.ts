/** All that a read gives, as text that outlives it. */
import { Effect, Sink } from "effect"
import type { Lsn } from "../../../src/core/Lsn.ts"
import type { ReadRequest, ReadTransactions } from "../../../src/services/source/ChangeSource.ts"
import { readLines, type Transaction } from "../../../src/services/source/Transaction.ts"

export interface ReadLine {
  readonly lsn: Lsn
  /** Its distance from BEGIN. */
  readonly seq: number
  /** UTF-8. */
  readonly text: string
}

export interface ReadTransaction extends Pick<Transaction, "xid" | "commit" | "committedAt"> {
  readonly lines: ReadonlyArray<ReadLine>
}

const linesOf = Effect.fnUntraced(function* (transaction: Transaction) {
  const read: Array<ReadLine> = []
  yield* readLines(transaction, (lines) =>
    Effect.sync(() => {
      for (const { lsn, ordinal, text } of lines) {
        const seq = ordinal - transaction.beginOrdinal
        read.push({ lsn, seq, text: Buffer.from(text, "latin1").toString() })
      }
      return true
    }),
  )
  return read
})

/** Reads with the session, and returns every transaction with its lines. */
export const readAll = (session: { readonly readTransactions: ReadTransactions }, request: ReadRequest) => {
  const all: Array<ReadTransaction> = []
  const take = Effect.fnUntraced(function* (transactions: ReadonlyArray<Transaction>) {
    for (const transaction of transactions) {
      const { xid, commit, committedAt } = transaction
      all.push({ xid, commit, committedAt, lines: yield* linesOf(transaction) })
    }
  })
  return Effect.map(session.readTransactions(request, Sink.forEach(take)), ({ isCut }) => ({
    transactions: all,
    isCut,
  }))
}
