/**
 * Rows under names that a followed table, or a leaf of it, may have had between two reads of the catalog. The plugin prints
 * names and no OIDs, so that their table is unknown. They are skipped, and the datasets to which they may belong need a new
 * copy. Names and columns that cannot be theirs are excluded first.
 */
import { Effect, Option } from "effect"
import { fromBytes, toBytes } from "../../core/bytes/Bytes.ts"
import type { Table } from "../../core/slot/Change.ts"
import type { RowTokenizer } from "../../core/slot/tokens/RowTokenizer.ts"
import { tableKey } from "../../core/slot/tokens/TableMemo.ts"
import { namesOf } from "../../core/slot/tokens/TupleSpans.ts"
import { printInSql, printTable, type TableName } from "../../core/source/SourceTable.ts"
import type { ChangeSession } from "../../services/source/ChangeSource.ts"
import { SourceError } from "../../services/source/SourceError.ts"
import type { KeptColumns } from "../../services/source/SourceTables.ts"
import { sinceOf, type UncertainTable } from "./UncertainTables.ts"

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
  isTruncated: boolean
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
    } else if (tokens.tag === "Truncate") relation.isTruncated = true
    else relation.mayBeAny = true
  }

  #of(table: Table): OtherRelation | undefined {
    const key = tableKey(table)
    const known = this.#relation.get(key)
    if (known !== undefined) return known
    if (this.#relation.size >= maxKept) {
      this.isCut = true
      return undefined
    }
    const relation: OtherRelation = {
      table,
      wholeRows: new Map(),
      oldRows: new Map(),
      mayBeAny: false,
      isTruncated: false,
    }
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

/**
 * Returns the datasets to which rows under other names may belong. Queries nothing if there are no such rows. Fails with
 * `Interrupted` if the rows are of a partition that the catalog did not show yet when it was read: the next attempt reads them.
 * `isPublished` is true for a dataset some of whose rows are visible already, so that no attempt can put others before them.
 */
export const whoseMayBe = Effect.fn("UnknownRelations.whoseMayBe")(function* (
  session: Pick<ChangeSession, "unknownNames" | "keptColumns" | "relations">,
  unsure: ReadonlyArray<UncertainTable>,
  others: OtherNames,
  isPublished: (dataset: string) => boolean,
) {
  const since = sinceOf(unsure)
  const datasets = new Set<string>()
  if (since === undefined || others.isEmpty) return datasets
  const unknown = yield* unknownAmong(session, others, since)
  if (unknown.length === 0 && !others.isCut) return datasets
  const { isLate, isTable } = yield* namesNow(session, unsure, unknown)
  for (const one of unsure) {
    const { dataset, oid, since: from } = one
    const isPartitioned = one.leaves !== undefined
    const late = isPartitioned ? unknown.find(({ printed }) => isLate(dataset, printed)) : undefined
    if (late !== undefined && !isPublished(dataset)) return yield* lateLeaf(one, late.printed)
    const kept: KeptColumns = Option.isSome(oid)
      ? yield* session.keptColumns(oid.value, from)
      : { names: [], isAll: false }
    const names = unknown
      .filter(
        ({ relation, name, printed }) =>
          (!one.hasKeptName || name.name === one.table.name) &&
          // A table that is no partition now has taken its rows with it, if it was one.
          (!isPartitioned || isLate(dataset, printed) || !isTable(printed)) &&
          // A TRUNCATE of a partition without a row of ours changes nothing.
          ((relation.isTruncated && !isPartitioned) || canBeOf(relation, kept)),
      )
      .map(({ printed }) => printed)
    if (names.length === 0 && !others.isCut) continue
    datasets.add(dataset)
    yield* Effect.logWarning(warningFor(one, names)).pipe(Effect.annotateLogs({ dataset }))
  }
  return datasets
})

/** Looks the names up once more, for partitioned tables: which are leaves by now, and which other relations. */
const namesNow = Effect.fnUntraced(function* (
  session: Pick<ChangeSession, "relations">,
  unsure: ReadonlyArray<UncertainTable>,
  unknown: ReadonlyArray<{ readonly name: TableName }>,
) {
  const roots = unsure.filter(({ leaves }) => leaves !== undefined)
  if (roots.length === 0) return { isLate: () => false, isTable: () => false }
  const found = yield* session.relations({
    tables: unknown.map(({ name }) => name),
    oids: roots.flatMap(({ oid }) => Option.toArray(oid)),
  })
  const tables = new Set(found.map(({ table }) => printInSql(table)))
  const leaves = new Set(
    roots.flatMap(({ dataset, oid }) =>
      found
        .filter((one) => Option.contains(oid, one.oid))
        .flatMap(({ tree }) => tree?.leaves ?? [])
        .map((leaf) => `${dataset} ${printInSql(leaf.table)}`),
    ),
  )
  return {
    isLate: (dataset: string, name: string) => leaves.has(`${dataset} ${name}`),
    isTable: (name: string) => tables.has(name),
  }
})

const lateLeaf = ({ table }: UncertainTable, leaf: string) =>
  new SourceError({
    reason: "Interrupted",
    subject: `table ${printTable(table)}`,
    detail: `its partition ${leaf} came into the catalog while its first rows were read`,
  })

const warningFor = (one: UncertainTable, names: ReadonlyArray<string>): string => {
  const { dataset, table } = one
  const copy = `Run \`node dist/main.js full\`: until then "${dataset}" is not complete`
  return one.leaves === undefined
    ? `Table ${printTable(table)} was altered, and may have had another name for a while. The WAL holds rows of ${printSome(names)}, ` +
        `a name that no table has had all the time: they may be its rows, and are in no inc. ${copy}`
    : `The WAL holds rows of ${printSome(names)}, which may have been a partition of ${printTable(table)} for a while: ` +
        `created, filled and dropped between two reads of the catalog. They are in no inc. ${copy}`
}

/** Names in one log line. */
const mostPrinted = 5

const printSome = (names: ReadonlyArray<string>): string =>
  names.length > mostPrinted
    ? `${names.slice(0, mostPrinted).join(", ")} and ${names.length - mostPrinted} more`
    : names.join(", ") || "many tables"
