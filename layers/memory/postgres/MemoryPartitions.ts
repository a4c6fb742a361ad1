/** The partitions of a table in memory: as PostgreSQL, a tree of tables, of which the leaves have the rows. */
import type { ReplicaIdentity } from "../../../src/core/source/ReplicaIdentity.ts"
import type { TableName } from "../../../src/core/source/SourceTable.ts"
import { type LeafIdentity, sharedIdentity } from "../../../src/core/tables/LeafIdentity.ts"
import type { PartitionTree } from "../../../src/core/tables/PartitionTree.ts"
import type { TableFile } from "../../../src/core/tables/TableMark.ts"

/** A table, the partitions of which are of the type `T`. */
interface Partitioned<T> {
  readonly isPartitioned: boolean
  readonly partitions: ReadonlyArray<T>
}

export const leavesOf = <T extends Partitioned<T>>({ partitions }: Partitioned<T>): ReadonlyArray<T> =>
  partitions.flatMap((one): ReadonlyArray<T> => (one.isPartitioned ? leavesOf(one) : [one]))

/** The partitioned tables between it and the leaves. */
export const branchesOf = <T extends Partitioned<T>>({ partitions }: Partitioned<T>): ReadonlyArray<T> =>
  partitions.flatMap((one): ReadonlyArray<T> => (one.isPartitioned ? [one, ...branchesOf(one)] : []))

interface TreeNode extends Partitioned<TreeNode> {
  readonly name: TableName
  readonly oid: number
  readonly createdBy: number
  readonly catalogRows: { readonly file: TableFile }
}

/** Undefined if it is not partitioned. `snapshot` is the present one. */
export const treeOf = (table: TreeNode, snapshot: string): PartitionTree | undefined => {
  if (!table.isPartitioned) return undefined
  const leaves = leavesOf(table).map(({ name, oid, createdBy, catalogRows }) => ({
    table: name,
    oid,
    createdBy: BigInt(createdBy),
    file: catalogRows.file.file,
  }))
  return { leaves, branches: branchesOf(table).map(({ name }) => name), snapshot }
}

interface IdentifiedTable extends Partitioned<IdentifiedTable> {
  readonly primaryKey: ReadonlyArray<string>
  readonly identity: ReadonlyArray<string> | "full" | undefined
  readonly replicaIdentity: ReplicaIdentity
}

/** Returns the table's own identity, or that of its leaves. */
export const identityOf = (table: IdentifiedTable): LeafIdentity => {
  const { identity, replicaIdentity, primaryKey } = table
  if (table.isPartitioned) return sharedIdentity(leavesOf(table).map(identityOf), primaryKey)
  const replicaKey = typeof identity === "object" ? identity : []
  return { replicaIdentity, identifiesDeletes: identity !== undefined, replicaKey }
}
