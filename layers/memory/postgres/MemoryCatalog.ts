/** The catalog of the PostgreSQL in memory. */
import { Option } from "effect"
import { hashOfFiles } from "../../../src/core/lake/LeafSet.ts"
import { sameTable, type TableName } from "../../../src/core/source/SourceTable.ts"
import { wholeName } from "../../../src/core/tables/NamePattern.ts"
import type { Relation, RelationPattern, RelationsAsked } from "../../../src/services/source/SourceTables.ts"
import { treeOf } from "./MemoryPartitions.ts"
import type { MemoryTable } from "./MemoryTable.ts"

interface CatalogRows {
  readonly schemaXmin: (name: TableName) => number
  /** `pg_snapshot_xmin()` */
  readonly oldestXid: bigint
  /** `pg_current_snapshot()` */
  readonly snapshot: string
}

/** The partitioned tables that it is a partition of, from the nearest to the root. */
const ancestorsOf = (tables: ReadonlyArray<MemoryTable>, table: MemoryTable): ReadonlyArray<TableName> => {
  const parent = tables.find(({ partitions }) => partitions.includes(table))
  return parent === undefined ? [] : [parent.name, ...ancestorsOf(tables, parent)]
}

/** Returns the function that is true for names which match one of the patterns, as PostgreSQL's `~` does. */
export const matching = (patterns: ReadonlyArray<RelationPattern>) => {
  const expressions = patterns.map(({ schema, name }) => ({
    schema: new RegExp(wholeName(schema), "us"),
    name: new RegExp(wholeName(name), "us"),
  }))
  return (table: TableName): boolean =>
    expressions.some(({ schema, name }) => schema.test(table.schema) && name.test(table.name))
}

/** Returns the relations with these names or OIDs, and those that match a pattern. */
export const relationsIn = (
  tables: ReadonlyArray<MemoryTable>,
  { schemaXmin, oldestXid, snapshot }: CatalogRows,
  asked: RelationsAsked,
): ReadonlyArray<Relation> => {
  const isMatch = matching(asked.patterns ?? [])
  return tables
    .filter(
      ({ name, oid }) =>
        asked.oids.includes(oid) || asked.tables.some((one) => sameTable(one, name)) || isMatch(name),
    )
    .map((one) => ({ one, tree: treeOf(one, snapshot) }))
    .map(({ one, tree }) => ({
      table: one.name,
      ...one.catalogRows,
      ...(tree && { file: { ...one.catalogRows.file, file: hashOfFiles(tree.leaves) } }),
      ancestors: ancestorsOf(tables, one),
      isMatchable: true,
      keys: one.primaryKey,
      notFollowed: one.isUnlogged
        ? Option.some("it is unlogged: ALTER TABLE … SET LOGGED")
        : Option.none<string>(),
      mark: { table: one.xmin, schema: schemaXmin(one.name), endedBelow: oldestXid },
      tree,
    }))
}
