/**
 * Rows under names that a followed table may have borne between two looks at the catalog. The plugin prints names and no
 * OIDs, so nobody can tell whose rows they are: they are passed over, and the datasets that they may belong to need a new
 * copy. Names and columns that cannot have been theirs are ruled out first.
 */
import { Effect, Option } from "effect"
import { fromBytes, toBytes } from "../../core/bytes/Bytes.ts"
import type { Table } from "../../core/slot/Change.ts"
import type { RowTokenizer } from "../../core/slot/tokens/RowTokenizer.ts"
import { tableKey } from "../../core/slot/tokens/TableMemo.ts"
import { namesOf } from "../../core/slot/tokens/TupleSpans.ts"
import { printInSql, printTable } from "../../core/source/SourceTable.ts"
import type { ChangeSession } from "../../services/source/ChangeSource.ts"
import type { KeptColumns } from "../../services/source/SourceTables.ts"
import { sinceOf, type UncertainTable } from "./FollowedTables.ts"

/** More names, or more sets of columns of one, are not kept apart: they may be anybody's. */
const mostKept = 1000

interface Seen {
  readonly table: Table
  /** Of whole rows; by the names together. As byte strings, which is how the slot prints them. */
  readonly wholeRows: Map<string, ReadonlyArray<string>>
  /** Of old rows, which may lack columns. */
  readonly oldRows: Map<string, ReadonlyArray<string>>
  /** Some change of it shows no columns, or more were there than are kept. */
  mayBeAny: boolean
}

const keep = (rows: Seen["wholeRows"], names: ReadonlyArray<string>): boolean => {
  if (rows.size < mostKept) rows.set(names.join("\0"), names)
  return rows.size < mostKept
}

/** The names of a batch that belong to no dataset and may have been one of these tables', and the columns under them. */
export class OtherNames {
  readonly #seen = new Map<string, Seen>()
  /** Whatever the schema; undefined where a table may have borne any name. */
  readonly #names: ReadonlySet<string> | undefined
  /** There were more than are kept. */
  isCut = false

  constructor(unsure: ReadonlyArray<UncertainTable>) {
    const haveAllKept = unsure.every(({ hasKeptName }) => hasKeptName)
    this.#names = haveAllKept ? new Set(unsure.map(({ table }) => toBytes(table.name))) : undefined
  }

  get isEmpty(): boolean {
    return this.#seen.size === 0
  }

  get all(): ReadonlyArray<Seen> {
    return [...this.#seen.values()]
  }

  /** `tokens` has read a change of the table. */
  note(table: Table, tokens: RowTokenizer): void {
    if (this.#names?.has(table.name) === false) return
    const seen = this.#of(table)
    if (seen === undefined) return
    if (tokens.tag === "Insert" || tokens.tag === "Update") {
      if (!keep(seen.wholeRows, namesOf(tokens.row))) seen.mayBeAny = true
    } else if (tokens.tag === "Delete" && tokens.hasOld) {
      if (!keep(seen.oldRows, namesOf(tokens.old))) seen.mayBeAny = true
    } else seen.mayBeAny = true
  }

  #of(table: Table): Seen | undefined {
    const key = tableKey(table)
    const known = this.#seen.get(key)
    if (known !== undefined) return known
    if (this.#seen.size >= mostKept) {
      this.isCut = true
      return undefined
    }
    const seen: Seen = { table, wholeRows: new Map(), oldRows: new Map(), mayBeAny: false }
    this.#seen.set(key, seen)
    return seen
  }
}

/**
 * Whether the rows can be of a table that has kept these columns: its whole rows name all of them, and no others where it
 * has had no others.
 */
const canBeOf = (seen: Seen, kept: KeptColumns): boolean => {
  const columns = new Set(kept.names.map(toBytes))
  const hasAll = (names: ReadonlyArray<string>) => {
    const named = new Set(names)
    return [...columns].every((column) => named.has(column))
  }
  const hasNoOther = (names: ReadonlyArray<string>) => !kept.isAll || names.every((name) => columns.has(name))
  return (
    seen.mayBeAny ||
    [...seen.wholeRows.values()].some((names) => hasAll(names) && hasNoOther(names)) ||
    [...seen.oldRows.values()].some(hasNoOther)
  )
}

const unknownAmong = Effect.fnUntraced(function* (
  session: Pick<ChangeSession, "unknownNames">,
  others: OtherNames,
  since: bigint,
) {
  const named = others.all.map((seen) => {
    const name = { schema: fromBytes(seen.table.schema), name: fromBytes(seen.table.name) }
    return { seen, name, printed: printInSql(name) }
  })
  const unknown = yield* session.unknownNames(
    named.map(({ name }) => name),
    since,
  )
  const printed = new Set(unknown.map(printInSql))
  return named.filter((one) => printed.has(one.printed))
})

/** Returns the datasets that rows under other names may belong to. Asks nothing where there are no such rows. */
export const whoseMayBe = Effect.fn("UnknownRelations.whoseMayBe")(function* (
  session: Pick<ChangeSession, "unknownNames" | "keptColumns">,
  unsure: ReadonlyArray<UncertainTable>,
  others: OtherNames,
) {
  const since = sinceOf(unsure)
  const datasets = new Set<string>()
  if (since === undefined || others.isEmpty) return datasets
  const unknown = yield* unknownAmong(session, others, since)
  if (unknown.length === 0 && !others.isCut) return datasets
  for (const { dataset, table, oid, since: from, hasKeptName } of unsure) {
    const kept: KeptColumns = Option.isSome(oid)
      ? yield* session.keptColumns(oid.value, from)
      : { names: [], isAll: false }
    const names = unknown
      .filter(({ seen, name }) => (!hasKeptName || name.name === table.name) && canBeOf(seen, kept))
      .map(({ printed }) => printed)
    if (names.length === 0 && !others.isCut) continue
    datasets.add(dataset)
    yield* Effect.logWarning(
      `Table ${printTable(table)} was altered, and for a while it may have borne another name, which nobody saw. The WAL holds rows of ${printSome(names)}, ` +
        `a name that no table of today has borne all along: they may be its rows, and are in no inc. Run \`node dist/main.js full\`: until then "${dataset}" is not complete`,
    ).pipe(Effect.annotateLogs({ dataset }))
  }
  return datasets
})

/** A log line stays readable. */
const mostPrinted = 5

const printSome = (names: ReadonlyArray<string>): string =>
  names.length > mostPrinted
    ? `${names.slice(0, mostPrinted).join(", ")} and ${names.length - mostPrinted} more`
    : names.join(", ") || "many tables"
