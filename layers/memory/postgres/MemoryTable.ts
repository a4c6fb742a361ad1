/**
 * A table in memory, as PostgreSQL stores one: every version of every row, with the transactions that created and ended it.
 * Each snapshot decides which versions are visible, so that a rollback needs no undo.
 *
 * Not modelled: constraints, and changes of the table's columns by a transaction (they take effect at once).
 */
import { Option } from "effect"
import type { Tuple } from "../../../src/core/slot/Change.ts"
import type { ReplicaIdentity } from "../../../src/core/source/ReplicaIdentity.ts"
import type { TableName } from "../../../src/core/source/SourceTable.ts"
import type {
  KeptColumns,
  Relation,
  SourceColumn,
  TableDescription,
} from "../../../src/services/source/SourceTables.ts"
import { type DefinedColumn, MemoryColumns, type Values } from "./MemoryColumns.ts"
import { identityOf, leavesOf } from "./MemoryPartitions.ts"

export type { Values } from "./MemoryColumns.ts"

export interface TableDefinition {
  readonly table: TableName
  readonly columns: ReadonlyArray<DefinedColumn>
  readonly primaryKey: ReadonlyArray<string>
  /** The old tuple in the WAL: the primary key, the columns of an index, all columns or nothing. */
  readonly replicaIdentity?: "default" | "full" | "nothing" | { readonly index: ReadonlyArray<string> }
  /** `PARTITION BY …`: it has no rows of its own. */
  readonly isPartitioned?: boolean
  /** `PARTITION OF …`. Rows are written to the leaves: nothing decides which. */
  readonly partitionOf?: MemoryTable
}

interface RowVersion {
  values: Values
  readonly madeBy: number
  endedBy: number | undefined
}

/** Returns true if a transaction's changes are visible to the snapshot. */
export type Sees = (xid: number) => boolean

export class MemoryTable {
  name: TableName
  /** `pg_class.oid`. */
  readonly oid: number
  readonly primaryKey: ReadonlyArray<string>
  /** Columns of an old tuple in the WAL; undefined if there is none. */
  readonly identity: ReadonlyArray<string> | "full" | undefined
  readonly replicaIdentity: ReplicaIdentity
  readonly #columns: MemoryColumns
  /** `CREATE UNLOGGED TABLE`: a catalog that only says so. */
  isUnlogged = false
  /** `pg_type.xmin` of its row type: a rename changes it. */
  xmin: number
  #rows: Array<RowVersion> = []
  readonly isPartitioned: boolean
  /** The transaction that created it. */
  readonly createdBy: number
  partitions: ReadonlyArray<MemoryTable> = []

  /** `newXid` assigns the id of a transaction that alters the table. */
  constructor(
    {
      table,
      columns,
      primaryKey,
      replicaIdentity = "default",
      isPartitioned = false,
      partitionOf,
    }: TableDefinition,
    oid: number,
    xmin: number,
    newXid: () => number,
  ) {
    this.xmin = xmin
    this.createdBy = xmin
    this.isPartitioned = isPartitioned
    partitionOf?.attach(this)
    this.name = table
    this.oid = oid
    this.#columns = new MemoryColumns(columns, { file: oid, xmin, newXid })
    this.primaryKey = primaryKey
    this.replicaIdentity = typeof replicaIdentity === "object" ? "index" : replicaIdentity
    if (typeof replicaIdentity === "object") this.identity = replicaIdentity.index
    else if (replicaIdentity === "full") this.identity = "full"
    else this.identity = replicaIdentity === "nothing" || primaryKey.length === 0 ? undefined : primaryKey
  }

  get columns(): ReadonlyArray<SourceColumn> {
    return this.#columns.all
  }

  keptColumns(since: number): KeptColumns {
    return this.#columns.kept(since)
  }

  #changeRows(change: (values: Values) => Values): void {
    for (const row of this.#rows) row.values = change(row.values)
  }

  /** Existing rows hold the column's `missing` value. */
  addColumn(column: DefinedColumn): void {
    this.#columns.add(column)
    const { name, missing } = column
    if (missing !== undefined) this.#changeRows((values) => ({ ...values, [name]: missing }))
  }

  dropColumn(name: string): void {
    this.#columns.drop(name)
    this.#changeRows(({ [name]: _, ...others }) => others)
  }

  renameColumn(from: string, to: string): void {
    this.#columns.alter(from, { name: to })
    this.#changeRows(({ [from]: value = null, ...others }) => ({ ...others, [to]: value }))
  }

  /** `ALTER COLUMN … TYPE`; with `rewritten` it gives every row a new value. */
  alterType(name: string, type: string, rewritten?: (value: string | null) => string | null): void {
    this.#columns.alter(name, { type })
    if (rewritten === undefined) return
    this.rewrite()
    this.#changeRows((values) => ({ ...values, [name]: rewritten(values[name] ?? null) }))
  }

  /** `VACUUM FULL`: the rows are the same in a new file. */
  rewrite(): void {
    this.#columns.rewrite()
  }

  /** What the catalog says of it, beside its name. */
  get catalogRows(): Pick<Relation, "oid" | "file" | "details"> {
    const nullable = this.columns.map((column) => column.nullable)
    const details = JSON.stringify([nullable, this.primaryKey, this.replicaIdentity])
    return { oid: this.oid, file: this.#columns.file, details }
  }

  rows(sees: Sees): ReadonlyArray<Values> {
    if (this.isPartitioned) return this.leaves.flatMap((leaf) => leaf.rows(sees))
    return this.#visible(sees).map((row) => row.values)
  }

  /** `ALTER TABLE … ATTACH PARTITION …` */
  attach(partition: MemoryTable): void {
    this.partitions = [...this.partitions, partition]
  }

  /** `ALTER TABLE … DETACH PARTITION …` */
  detach(partition: MemoryTable): void {
    this.partitions = this.partitions.filter((one) => one !== partition)
  }

  get leaves(): ReadonlyArray<MemoryTable> {
    return leavesOf(this)
  }

  insert(xid: number, values: Values): void {
    this.#rows.push({ values, madeBy: xid, endedBy: undefined })
  }

  /** Ends the rows that equal `where` in every column that it names. Returns their values. */
  end(xid: number, sees: Sees, where: Values): ReadonlyArray<Values> {
    const named = Object.entries(where)
    const found = this.#visible(sees).filter(({ values }) =>
      named.every(([name, value]) => (values[name] ?? null) === value),
    )
    for (const row of found) row.endedBy = xid
    return found.map((row) => row.values)
  }

  describe(sees: Sees): TableDescription {
    const rows = this.rows(sees)
    return {
      table: this.name,
      columns: this.columns,
      numbers: this.#columns.numbers,
      primaryKey: this.primaryKey,
      ...identityOf(this),
      leaves: this.isPartitioned
        ? this.leaves.map((leaf) => ({
            table: leaf.name,
            ...identityOf(leaf),
            readable: leaf.columns.map((one) => one.name),
          }))
        : undefined,
      virtualColumns: [],
      notFollowed: Option.none(),
      estimatedRows: rows.length,
      estimatedBytes: rows.reduce(
        (sum, values) => sum + Object.values(values).reduce((all, value) => all + (value?.length ?? 0), 0),
        0,
      ),
    }
  }

  newTuple(values: Values, before?: Values): Tuple {
    return this.#columns.tuple(values, before)
  }

  /** Returns the old tuple in the WAL: the identity's columns that were not NULL. Null without an identity. */
  oldTuple(values: Values): Tuple | null {
    const { identity } = this
    if (identity === undefined) return null
    const named =
      identity === "full" ? values : Object.fromEntries(identity.map((name) => [name, values[name] ?? null]))
    return this.newTuple(named).filter(({ value }) => value !== null)
  }

  /** True if the WAL of an UPDATE has an old tuple: the identity is FULL, or its columns changed. */
  hasOldTuple(before: Values, after: Values): boolean {
    const { identity } = this
    if (identity === undefined) return false
    return identity === "full" || identity.some((name) => (before[name] ?? null) !== (after[name] ?? null))
  }

  #visible(sees: Sees): ReadonlyArray<RowVersion> {
    return this.#rows.filter((row) => sees(row.madeBy) && (row.endedBy === undefined || !sees(row.endedBy)))
  }
}
