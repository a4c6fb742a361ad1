/** The commit that the rows of a transaction share. */
import * as Lsn from "../../core/Lsn.ts"
import type { CommitFields } from "../../core/row/IncRow.ts"
import type { Transaction } from "../../services/source/Transaction.ts"

/** The commit of a transaction, in the forms that its rows need. */
export interface CommitOfRows {
  readonly position: Lsn.Lsn
  readonly beginOrdinal: number
  readonly fields: CommitFields
  /** The transaction that the rows belong to. */
  readonly transaction: Transaction
}

export const commitOfRows = (transaction: Transaction): CommitOfRows => {
  const { commit, xid, committedAt, beginOrdinal } = transaction
  const fields = { lsn: Lsn.printSortable(commit), xid, at: committedAt }
  return { position: commit, beginOrdinal, fields, transaction }
}
