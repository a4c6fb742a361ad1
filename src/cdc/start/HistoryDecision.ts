/**
 * Decides whether the lake was written from this server's WAL. A server restored from an older copy, or a standby that
 * lagged when it was promoted, has the same system identifier and may have written past the watermark again. Its changes up
 * to there would be skipped as known, and changes that it never made would stay in the lake.
 *
 * Only the changes that the slot sends again can show this. Another timeline alone is no reason to refuse, nor is a slot
 * that sends nothing again.
 */
import { Option } from "effect"
import * as Lsn from "../../core/Lsn.ts"
import type { CommitMark } from "../../core/lake/Watermark.ts"
import type { RowMark } from "../../core/row/RowPosition.ts"
import { Refusal } from "../../services/Refusal.ts"

/** The last row of a dataset's newest object. */
export interface NewestRow {
  readonly dataset: string
  /** Key of the object. */
  readonly key: string
  readonly row: RowMark
}

/** The facts of the lake that the slot's lines are compared with. */
export interface LakeHistory {
  /** The watermark's line 1. */
  readonly position: Lsn.Lsn
  /** The newest commit that has rows in the lake at or before `position`. */
  readonly lastCommit: Option.Option<CommitMark>
  /** By dataset: no commit after this LSN, up to `position`, has a row of it. Otherwise that row would be in the lake. */
  readonly noRowsAfter: ReadonlyMap<string, Lsn.Lsn>
  /** The newest rows after `position`. */
  readonly newestRows: ReadonlyArray<NewestRow>
}

/** The facts of what the slot sent again. */
export interface SentAgain {
  /** The slot's confirmed LSN. Commits before it are not sent again. */
  readonly from: Lsn.Lsn
  /** The commit at the position of `lastCommit`. */
  readonly lastCommit: Option.Option<CommitMark>
  /** The first commit with a row that `noRowsAfter` excludes. */
  readonly unexpected: Option.Option<{ readonly commit: CommitMark; readonly dataset: string }>
  /** Those of `newestRows` that came with the same transaction and the same `_seq`. */
  readonly rowsAgain: ReadonlyArray<NewestRow>
}

/** Returns the newest known commit: the watermark's, or that of a row at or before its position. */
export const lastCommitOf = (
  position: Lsn.Lsn,
  recorded: Option.Option<CommitMark>,
  rows: ReadonlyArray<NewestRow>,
): Option.Option<CommitMark> =>
  rows
    .filter(({ row }) => row.lsn <= position)
    .map(({ row: { lsn, xid, at } }): CommitMark => ({ lsn, xid, at }))
    .reduce(
      (newest, commit) =>
        Option.exists(newest, ({ lsn }) => lsn >= commit.lsn) ? newest : Option.some(commit),
      recorded,
    )

/** True if the slot can send again what the lake already holds. It mostly cannot, because it is at the watermark. */
export const sendsAgain = (confirmed: Lsn.Lsn, { position, newestRows }: LakeHistory): boolean =>
  confirmed < position || newestRows.length > 0

const print = ({ lsn, xid, at }: CommitMark): string => `${Lsn.print(lsn)} (transaction ${xid}, ${at})`

/** Returns the first mismatch, as a sentence without its full stop. */
const contradiction = (lake: LakeHistory, sent: SentAgain): Option.Option<string> => {
  const known = Option.filter(lake.lastCommit, ({ lsn }) => sent.from < lsn)
  if (Option.isSome(known)) {
    const { lsn, xid, at } = known.value
    const again = sent.lastCommit
    if (Option.isNone(again)) {
      return Option.some(
        `The lake holds the commit at ${print(known.value)}, and the slot, which sends from ${Lsn.print(sent.from)}, has no such commit`,
      )
    }
    if (again.value.xid !== xid || again.value.at !== at) {
      return Option.some(
        `The lake holds the commit at ${print(known.value)}, and the slot has another one at ${Lsn.print(lsn)} (transaction ${again.value.xid}, ${again.value.at})`,
      )
    }
  }
  if (Option.isSome(sent.unexpected)) {
    const { commit, dataset } = sent.unexpected.value
    return Option.some(
      `The slot sends a commit at ${print(commit)} with rows of "${dataset}", which lies before the watermark ${Lsn.print(lake.position)} and is not in the lake`,
    )
  }
  const lost = lake.newestRows.find((one) => !sent.rowsAgain.includes(one))
  return Option.map(
    Option.fromUndefinedOr(lost),
    ({ key, row }) =>
      `The last row of ${key} (_lsn ${Lsn.printSortable(row.lsn)}, _seq ${row.seq}) is not in the server's WAL`,
  )
}

/** Returns a refusal if lake and slot belong to two histories; `startOver` is its remedy. */
export const decideHistory = (
  lake: LakeHistory,
  sent: SentAgain,
  startOver: string,
): Option.Option<Refusal> =>
  Option.map(
    contradiction(lake, sent),
    (mismatch) =>
      new Refusal({
        reason: "OtherHistory",
        problem: `${mismatch}: the server was restored from an older copy, or a standby that lagged was promoted`,
        risk: "The lake holds changes that this server never made, and would skip some that it made",
        remedy: startOver,
      }),
  )
