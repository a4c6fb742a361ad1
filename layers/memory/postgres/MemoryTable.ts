/**
 * A table in memory, as PostgreSQL stores one: every version of every row, with the transactions that created and ended it.
 * Each snapshot decides which versions are visible, so that a rollback needs no undo.
 *
 * Not modelled: constraints, and changes of the table's columns by a transaction (they take effect at once).
 */
import { createHash } from "node:crypto"
import { Option } from "effect"
import { toBytes } from "../../../src/core/bytes/Bytes.ts"
import type { TableFile } from "../../../src/core/lake/Watermark.ts"
import type { Tuple } from "../../../src/core/slot/Change.ts"
import type { ReplicaIdentity } from "../../../src/core/source/ReplicaIdentity.ts"
import type { TableName } from "../../../src/core/source/SourceTable.ts"
import type {
  KeptColumns,
  SourceColumn,
  TableDescription,
} from "../../../src/services/source/SourceTables.ts"
import { identityOf, leavesOf } from "./MemoryPartitions.ts"

/** Columns by name, as PostgreSQL prints the values; null is SQL NULL, and so is a missing column. */
export type Values = Readonly<Record<string, string | null>>

/** `missing`: an `ADD COLUMN … DEFAULT` whose value PostgreSQL keeps for older rows. */
export type DefinedColumn = Omit<SourceColumn, "attnum">

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

/** PostgreSQL moves values out of a row that grows over about 2 KB. Here each value counts alone. */
const keptInRowMax = 2000

/** The slot prints types without their modifiers: `numeric(12,2)` as `numeric`. */
const withoutModifier = (type: string): string => type.replace(/\(\d+(,-?\d+)?\)/, "")

export class MemoryTable {
  name: TableName
  /** `pg_class.oid`. */
  readonly oid: number
  readonly primaryKey: ReadonlyArray<string>
  /** Columns of an old tuple in the WAL; undefined if there is none. */
  readonly identity: ReadonlyArray<string> | "full" | undefined
  readonly replicaIdentity: ReplicaIdentity
  columns: ReadonlyArray<SourceColumn> = []
  /** `pg_class.relfilenode` */
  #file: number
  /** The greatest `attnum` so far. */
  #lastAttnum = 0
  /** `pg_type.xmin` of its row type: a rename changes it. */
  xmin: number
  /** `pg_attribute.xmin`, by column; dropped ones stay. */
  readonly #columnXmins: Map<string, number>
  readonly #newXid: () => number
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
    this.#columnXmins = new Map(columns.map((column) => [column.name, xmin]))
    this.#newXid = newXid
    this.name = table
    this.oid = oid
    this.#file = oid
    this.columns = columns.map((column) => this.#numbered(column))
    this.primaryKey = primaryKey
    this.replicaIdentity = typeof replicaIdentity === "object" ? "index" : replicaIdentity
    if (typeof replicaIdentity === "object") this.identity = replicaIdentity.index
    else if (replicaIdentity === "full") this.identity = "full"
    else this.identity = replicaIdentity === "nothing" || primaryKey.length === 0 ? undefined : primaryKey
  }

  /** Returns the columns that were not altered since then, as the catalog has them. */
  keptColumns(since: number): KeptColumns {
    const isKept = (name: string) => (this.#columnXmins.get(name) ?? since) < since
    return {
      names: this.columns.map(({ name }) => name).filter(isKept),
      isAll: [...this.#columnXmins.keys()].every(isKept),
    }
  }

  #alter(column: string): void {
    this.#columnXmins.set(column, this.#newXid())
  }

  #numbered(column: DefinedColumn): SourceColumn {
    return { ...column, attnum: ++this.#lastAttnum }
  }

  #changeRows(change: (values: Values) => Values): void {
    for (const row of this.#rows) row.values = change(row.values)
  }

  /** Existing rows hold the column's `missing` value. */
  addColumn(column: DefinedColumn): void {
    this.#alter(column.name)
    this.columns = [...this.columns, this.#numbered(column)]
    const { name, missing } = column
    if (missing !== undefined) this.#changeRows((values) => ({ ...values, [name]: missing }))
  }

  renameColumn(from: string, to: string): void {
    this.#alter(to)
    this.columns = this.columns.map((column) => (column.name === from ? { ...column, name: to } : column))
    this.#changeRows(({ [from]: value = null, ...others }) => ({ ...others, [to]: value }))
  }

  /** `ALTER COLUMN … TYPE`; with `rewritten` it gives every row a new value. */
  alterType(name: string, type: string, rewritten?: (value: string | null) => string | null): void {
    this.#alter(name)
    this.columns = this.columns.map((column) => (column.name === name ? { ...column, type } : column))
    if (rewritten === undefined) return
    this.rewrite()
    this.#changeRows((values) => ({ ...values, [name]: rewritten(values[name] ?? null) }))
  }

  /** `ALTER COLUMN … DROP NOT NULL` and its opposite. */
  setNullable(name: string, nullable: boolean): void {
    this.columns = this.columns.map((column) => (column.name === name ? { ...column, nullable } : column))
  }

  /** `VACUUM FULL`: the rows are the same in a new file, and no value is kept for older ones. */
  rewrite(): void {
    this.#file = this.#newXid()
    this.columns = this.columns.map(({ missing: _, ...column }) => column)
  }

  get file(): TableFile {
    const text = this.columns.map(({ attnum, name, type }) => [attnum, name, type])
    const columns = createHash("sha256").update(JSON.stringify(text)).digest("hex").slice(0, 16)
    return { file: `${this.#file}`, columns }
  }

  get details(): string {
    return JSON.stringify([
      this.columns.map(({ nullable }) => nullable),
      this.primaryKey,
      this.replicaIdentity,
    ])
  }

  dropColumn(name: string): void {
    this.#alter(name)
    this.columns = this.columns.filter((column) => column.name !== name)
    this.#changeRows(({ [name]: _, ...others }) => others)
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

  /** Returns a whole row as in the WAL. A large value that `before` has too is an unchanged TOAST value. */
  newTuple(values: Values, before?: Values): Tuple {
    return this.columns.map(({ name, type }) => {
      const value = values[name] ?? null
      const unsent = value !== null && value.length > keptInRowMax && before?.[name] === value
      return {
        name: toBytes(name),
        type: toBytes(withoutModifier(type)),
        value: unsent ? undefined : value && toBytes(value),
      }
    })
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
