/**
 * Rows under names that a followed table may have had between two reads of the catalog. The plugin prints names and no OIDs,
 * so that their table is unknown. They are skipped, and the datasets to which they may belong need a new copy. Names and
 * columns that cannot be theirs are excluded first.
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

/** Beyond this many names, or sets of columns of one name, rows may belong to any table. */
const maxKept = 1000

interface OtherRelation {
  readonly table: Table
  /** Column names of whole rows, by the names joined. Byte strings, as the slot prints them. */
  readonly wholeRows: Map<string, ReadonlyArray<string>>
  /** Column names of old rows, which may lack columns. */
  readonly oldRows: Map<string, ReadonlyArray<string>>
  /** True if a change printed no columns, or there were more than `maxKept`. */
  mayBeAny: boolean
}

const keep = (rows: OtherRelation["wholeRows"], names: ReadonlyArray<string>): boolean => {
  if (rows.size < maxKept) rows.set(names.join("\0"), names)
  return rows.size < maxKept
}

/** Collects the relations of a batch that are no dataset's and may have been one of the `unsure` tables. */
export class OtherNames {
  readonly #relation = new Map<string, OtherRelation>()
  /** Possible names, in any schema; undefined if a table may have had any name. */
  readonly #names: ReadonlySet<string> | undefined
  /** True if there were more than `maxKept`. */
  isCut = false

  constructor(unsure: ReadonlyArray<UncertainTable>) {
    const haveAllKept = unsure.every(({ hasKeptName }) => hasKeptName)
    this.#names = haveAllKept ? new Set(unsure.map(({ table }) => toBytes(table.name))) : undefined
  }

  get isEmpty(): boolean {
    return this.#relation.size === 0
  }

  get all(): ReadonlyArray<OtherRelation> {
    return [...this.#relation.values()]
  }

  /** Notes the change of the table that `tokens` has read. */
  note(table: Table, tokens: RowTokenizer): void {
    if (this.#names?.has(table.name) === false) return
    const relation = this.#of(table)
    if (relation === undefined) return
    if (tokens.tag === "Insert" || tokens.tag === "Update") {
      if (!keep(relation.wholeRows, namesOf(tokens.row))) relation.mayBeAny = true
    } else if (tokens.tag === "Delete" && tokens.hasOld) {
      if (!keep(relation.oldRows, namesOf(tokens.old))) relation.mayBeAny = true
    } else relation.mayBeAny = true
  }

  #of(table: Table): OtherRelation | undefined {
    const key = tableKey(table)
    const known = this.#relation.get(key)
    if (known !== undefined) return known
    if (this.#relation.size >= maxKept) {
      this.isCut = true
      return undefined
    }
    const relation: OtherRelation = { table, wholeRows: new Map(), oldRows: new Map(), mayBeAny: false }
    this.#relation.set(key, relation)
    return relation
  }
}

/**
 * True if the rows can belong to a table that has kept these columns: whole rows then name all of them, and no others if it
 * had no others.
 */
const canBeOf = (relation: OtherRelation, kept: KeptColumns): boolean => {
  const columns = new Set(kept.names.map(toBytes))
  const hasAll = (names: ReadonlyArray<string>) => {
    const named = new Set(names)
    return [...columns].every((column) => named.has(column))
  }
  const hasNoOther = (names: ReadonlyArray<string>) => !kept.isAll || names.every((name) => columns.has(name))
  return (
    relation.mayBeAny ||
    [...relation.wholeRows.values()].some((names) => hasAll(names) && hasNoOther(names)) ||
    [...relation.oldRows.values()].some(hasNoOther)
  )
}

const unknownAmong = Effect.fnUntraced(function* (
  session: Pick<ChangeSession, "unknownNames">,
  others: OtherNames,
  since: bigint,
) {
  const named = others.all.map((relation) => {
    const name = { schema: fromBytes(relation.table.schema), name: fromBytes(relation.table.name) }
    return { relation, name, printed: printInSql(name) }
  })
  const unknown = yield* session.unknownNames(
    named.map(({ name }) => name),
    since,
  )
  const printed = new Set(unknown.map(printInSql))
  return named.filter((one) => printed.has(one.printed))
})

/** Returns the datasets to which rows under other names may belong. Queries nothing if there are no such rows. */
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
      .filter(({ relation, name }) => (!hasKeptName || name.name === table.name) && canBeOf(relation, kept))
      .map(({ printed }) => printed)
    if (names.length === 0 && !others.isCut) continue
    datasets.add(dataset)
    yield* Effect.logWarning(
      `Table ${printTable(table)} was altered, and may have had another name for a while. The WAL holds rows of ${printSome(names)}, ` +
        `a name that no table has had all the time: they may be its rows, and are in no inc. Run \`node dist/main.js full\`: until then "${dataset}" is not complete`,
    ).pipe(Effect.annotateLogs({ dataset }))
  }
  return datasets
})

/** Names in one log line. */
const mostPrinted = 5

const printSome = (names: ReadonlyArray<string>): string =>
  names.length > mostPrinted
    ? `${names.slice(0, mostPrinted).join(", ")} and ${names.length - mostPrinted} more`
    : names.join(", ") || "many tables"
