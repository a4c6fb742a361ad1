/** Reads the partitions of partitioned tables from the catalog, at any depth and in any schema. */
import { Effect } from "effect"
import type { TableName } from "../../../src/core/source/SourceTable.ts"
import { type Leaf, type PartitionTree, wholeXid } from "../../../src/core/tables/PartitionTree.ts"
import type { SourceError } from "../../../src/services/source/SourceError.ts"
import type { PostgresSession } from "../connection/PostgresSession.ts"

/**
 * A recursive query and not `pg_partition_tree()`, which ignores the snapshot of a transaction. A partition that DETACH …
 * CONCURRENTLY is detaching has left (`inhdetachpending`, from PostgreSQL 14 on, is read as JSON because older servers lack it).
 * `root` is an SQL query of the roots' OIDs.
 */
export const treeSql = (root: string): string => `
  WITH RECURSIVE tree AS (
    SELECT c.oid AS root, c.oid FROM pg_class c WHERE c.relkind = 'p' AND c.oid IN (${root})
    UNION ALL
    SELECT tree.root, i.inhrelid FROM tree JOIN pg_inherits i ON i.inhparent = tree.oid
     WHERE coalesce((to_jsonb(i) ->> 'inhdetachpending')::boolean, false) IS FALSE)`

/**
 * The rows of the system columns in `pg_attribute` are written with the relation and never again, so that their oldest `xmin`
 * is the transaction that created it: neither a rename nor TRUNCATE nor ATTACH changes it.
 */
const partitionsSql = `${treeSql("SELECT unnest($1::oid[])")}
  SELECT tree.root::text AS root, c.oid::text AS oid, n.nspname AS schema, c.relname AS name, c.relkind::text AS kind, c.relfilenode::text AS file,
         pg_current_snapshot()::text AS snapshot,
         (SELECT a.xmin::text FROM pg_attribute a WHERE a.attrelid = c.oid AND a.attnum < 0 ORDER BY age(a.xmin) DESC LIMIT 1) AS created
    FROM tree JOIN pg_class c ON c.oid = tree.oid JOIN pg_namespace n ON n.oid = c.relnamespace
   ORDER BY n.nspname, c.relname`

/** Returns the partitions by the OID of their root. Queries nothing without roots. */
export const partitionTrees = Effect.fnUntraced(function* (
  session: PostgresSession,
  roots: ReadonlyArray<number>,
): Effect.fn.Return<ReadonlyMap<number, PartitionTree>, SourceError> {
  if (roots.length === 0) return new Map()
  const rows = yield* session.query("catalog", partitionsSql, [`{${roots.join(",")}}`])
  const trees = new Map<number, { leaves: Array<Leaf>; branches: Array<TableName>; snapshot: string }>()
  for (const { root, oid, schema, name, kind, file, snapshot, created } of rows) {
    if (schema == null || name == null || snapshot == null) continue
    const tree = trees.get(Number(root)) ?? { leaves: [], branches: [], snapshot }
    trees.set(Number(root), tree)
    const table = { schema, name }
    const xmax = BigInt(snapshot.split(":")[1] ?? "0")
    if (kind !== "p")
      tree.leaves.push({
        table,
        oid: Number(oid),
        createdBy: wholeXid(Number(created), xmax),
        file: file ?? "0",
      })
    else if (oid !== root) tree.branches.push(table)
  }
  return trees
})
