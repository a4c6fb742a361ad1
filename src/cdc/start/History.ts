/** Compares the changes that the slot sends again with those in the lake. Confirms nothing. */
import { Effect, Option, Sink } from "effect"
import * as Lsn from "../../core/Lsn.ts"
import type { CommitMark } from "../../core/lake/Watermark.ts"
import { RowTokenizer } from "../../core/slot/tokens/RowTokenizer.ts"
import { unprojected } from "../../core/slot/tokens/TableMemo.ts"
import { type ChangeSession, maxLinesMax } from "../../services/source/ChangeSource.ts"
import { readLines, type Transaction } from "../../services/source/Transaction.ts"
import { ByTable, refusalOf, tablesOf } from "../rows/RowLine.ts"
import { namesInWal } from "../tables/FollowedLeaves.ts"
import type { FollowedTable } from "../tables/TablePlan.ts"
import { sinceOf, type UncertainTable } from "../unknown/UncertainTables.ts"
import { decideHistory, type LakeHistory, type NewestRow, sendsAgain } from "./HistoryDecision.ts"
import { startOver } from "./StartDecision.ts"

/** Returns the datasets of a line's rows. A name that is not of a followed table may belong to any of the `unsure` ones. */
const ownersIn = (followed: ReadonlyArray<FollowedTable>, unsure: ReadonlyArray<UncertainTable>) => {
  const anyUnsure = unsure.map(({ dataset }) => dataset)
  const owners = new ByTable(
    followed.flatMap((one) => namesInWal(one).map((name) => [name, one.dataset] as const)),
  )
  return (
    tokens: RowTokenizer,
  ): { readonly sure: ReadonlyArray<string>; readonly all: ReadonlyArray<string> } => {
    const found = tablesOf(tokens).map((table) => owners.named(table))
    const sure = found.filter((dataset) => dataset !== undefined)
    return { sure, all: sure.length < found.length ? [...sure, ...anyUnsure] : sure }
  }
}

/** Fails with `OtherHistory` if they differ. Reads nothing if the slot is at the watermark. */
export const checkHistory = Effect.fn("History.checkHistory")(function* (
  session: Pick<ChangeSession, "readTransactions">,
  slotName: string,
  confirmed: Lsn.Lsn,
  lake: LakeHistory,
  followed: ReadonlyArray<FollowedTable>,
  unsure: ReadonlyArray<UncertainTable>,
) {
  if (!sendsAgain(confirmed, lake)) return
  const owners = ownersIn(followed, unsure)
  const tokens = new RowTokenizer(unprojected)
  let lastCommit = Option.none<CommitMark>()
  let unexpected = Option.none<{ readonly commit: CommitMark; readonly dataset: string }>()
  const rowsAgain: Array<NewestRow> = []

  const isWithoutRows = (dataset: string, commit: Lsn.Lsn): boolean => {
    const from = lake.noRowsAfter.get(dataset)
    return from !== undefined && from < commit && commit <= lake.position
  }
  const mayBeWithoutRows = (commit: Lsn.Lsn) => followed.some(({ dataset }) => isWithoutRows(dataset, commit))

  const compare = Effect.fnUntraced(function* (transaction: Transaction) {
    const { commit, xid, committedAt, beginOrdinal } = transaction
    const mark: CommitMark = { lsn: commit, xid, at: committedAt }
    if (Option.exists(lake.lastCommit, ({ lsn }) => lsn === commit)) lastCommit = Option.some(mark)
    const wanted = lake.newestRows.filter(
      ({ row }) => row.lsn === commit && row.xid === xid && row.at === committedAt,
    )
    const asksForRows = Option.isNone(unexpected) && mayBeWithoutRows(commit)
    if (wanted.length === 0 && !asksForRows) return
    yield* readLines(transaction, (lines) =>
      Effect.gen(function* () {
        for (const line of lines) {
          const here = wanted.filter(({ row }) => line.ordinal - beginOrdinal === row.seq)
          if (here.length === 0 && (!asksForRows || Option.isSome(unexpected))) continue
          if (!tokens.read(line)) return yield* refusalOf(line, tokens)
          const datasets = owners(tokens)
          rowsAgain.push(...here.filter(({ dataset }) => datasets.all.includes(dataset)))
          const silent = asksForRows
            ? datasets.sure.find((dataset) => isWithoutRows(dataset, commit))
            : undefined
          if (silent !== undefined) unexpected = Option.some({ commit: mark, dataset: silent })
        }
        return true
      }),
    )
  })

  const furthest = lake.newestRows.reduce((furthest, { row }) => Lsn.max(furthest, row.lsn), lake.position)
  const compareAll = (transactions: ReadonlyArray<Transaction>) =>
    Effect.forEach(
      transactions.filter(({ commit }) => commit <= furthest),
      compare,
      { discard: true },
    )
  const tables = followed.flatMap(namesInWal)
  yield* session.readTransactions(
    { upTo: furthest, maxLines: maxLinesMax, tables, unknownSince: sinceOf(unsure) },
    Sink.forEach(compareAll),
  )
  const refusal = decideHistory(
    lake,
    { from: confirmed, lastCommit, unexpected, rowsAgain },
    startOver(slotName),
  )
  if (Option.isSome(refusal)) return yield* refusal.value
})
