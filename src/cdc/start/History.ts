/** Compares what the slot sends again, up to where the lake is, with what the lake says. Confirms nothing. */
import { Effect, Option, Result, Stream } from "effect"
import * as Lsn from "../../core/Lsn.ts"
import type { CommitMark } from "../../core/lake/Watermark.ts"
import type { SlotLine } from "../../core/slot/SlotLine.ts"
import type { Refusal } from "../../services/Refusal.ts"
import { maxLinesMax, type SlotSession } from "../../services/source/ReplicationSlot.ts"
import { catalogKey, readRowLine, tableKey, tablesOf } from "../rows/RowLine.ts"
import { type Transaction, wholeTransactions } from "../rows/Transactions.ts"
import { sinceOf, type UncertainTable } from "../tables/FollowedTables.ts"
import type { FollowedTable } from "../tables/TablePlan.ts"
import { decideHistory, type LakeHistory, type NewestRow, sendsAgain } from "./HistoryDecision.ts"
import { startOver } from "./StartDecision.ts"

/** Whose rows a line holds: under a name that nobody has borne all along, those of any table that may have borne it. */
const ownersIn = (followed: ReadonlyArray<FollowedTable>, unsure: ReadonlyArray<UncertainTable>) => {
  const anyUnsure = unsure.map(({ dataset }) => dataset)
  const owners = new Map(
    followed.flatMap(({ dataset, names }) => names.map((name) => [catalogKey(name), dataset] as const)),
  )
  return (
    line: SlotLine,
  ): Result.Result<{ readonly sure: ReadonlyArray<string>; readonly all: ReadonlyArray<string> }, Refusal> =>
    Result.map(readRowLine(line), (change) => {
      const found = change === undefined ? [] : tablesOf(change).map((table) => owners.get(tableKey(table)))
      const sure = found.filter((dataset) => dataset !== undefined)
      return { sure, all: sure.length < found.length ? [...sure, ...anyUnsure] : sure }
    })
}

const linesOf = ({ held, spooled }: Transaction) => Option.getOrElse(spooled, () => Stream.succeed(held))

/** Fails with `OtherHistory` where the two differ. Reads nothing where the slot is at the watermark. */
export const checkHistory = Effect.fn("History.checkHistory")(function* (
  session: Pick<SlotSession, "peek">,
  slotName: string,
  confirmed: Lsn.Lsn,
  lake: LakeHistory,
  followed: ReadonlyArray<FollowedTable>,
  unsure: ReadonlyArray<UncertainTable>,
) {
  if (!sendsAgain(confirmed, lake)) return
  const owners = ownersIn(followed, unsure)
  let lastCommit = Option.none<CommitMark>()
  let stranger = Option.none<{ readonly commit: CommitMark; readonly dataset: string }>()
  const rowsAgain: Array<NewestRow> = []

  const isSilent = (dataset: string, commit: Lsn.Lsn): boolean => {
    const from = lake.silentFrom.get(dataset)
    return from !== undefined && from < commit && commit <= lake.position
  }
  const mayBeSilent = (commit: Lsn.Lsn) => followed.some(({ dataset }) => isSilent(dataset, commit))

  const hold = Effect.fnUntraced(function* (transaction: Transaction) {
    const { commit, xid, committedAt, beginOrdinal } = transaction
    const mark: CommitMark = { lsn: commit, xid, at: committedAt }
    if (Option.exists(lake.lastCommit, ({ lsn }) => lsn === commit)) lastCommit = Option.some(mark)
    const wanted = lake.newestRows.filter(
      ({ row }) => row.lsn === commit && row.xid === xid && row.at === committedAt,
    )
    const asksForRows = Option.isNone(stranger) && mayBeSilent(commit)
    if (wanted.length === 0 && !asksForRows) return
    yield* Stream.runForEach(linesOf(transaction), (lines) =>
      Effect.gen(function* () {
        for (const line of lines) {
          const here = wanted.filter(({ row }) => line.ordinal - beginOrdinal === row.seq)
          if (here.length === 0 && (!asksForRows || Option.isSome(stranger))) continue
          const datasets = yield* Effect.fromResult(owners(line))
          rowsAgain.push(...here.filter(({ dataset }) => datasets.all.includes(dataset)))
          const silent = asksForRows ? datasets.sure.find((dataset) => isSilent(dataset, commit)) : undefined
          if (silent !== undefined) stranger = Option.some({ commit: mark, dataset: silent })
        }
      }),
    )
  })

  const furthest = lake.newestRows.reduce((furthest, { row }) => Lsn.max(furthest, row.lsn), lake.position)
  const tables = followed.flatMap(({ names }) => names)
  yield* session.peek({ upTo: furthest, maxLines: maxLinesMax, tables, unknownSince: sinceOf(unsure) }).pipe(
    wholeTransactions,
    Stream.runForEach((transactions) =>
      Effect.forEach(
        transactions.filter(({ commit }) => commit <= furthest),
        hold,
        { discard: true },
      ),
    ),
  )
  const refusal = decideHistory(
    lake,
    { from: confirmed, lastCommit, stranger, rowsAgain },
    startOver(slotName),
  )
  if (Option.isSome(refusal)) return yield* refusal.value
})
