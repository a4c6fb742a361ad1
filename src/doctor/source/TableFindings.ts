/** Judges one configured table. */

import { Option } from "effect"
import { droppedKeys } from "../../columns/ProjectedTable.ts"
import { isDropped, isHashed, type Projection } from "../../core/columns/Projection.ts"
import { lackOfIdentity, printIdentity } from "../../core/source/ReplicaIdentity.ts"
import { printTable, quoteIdentifier, type SourceTable } from "../../core/source/SourceTable.ts"
import { counted } from "../../core/text/CountedNoun.ts"
import { sourceReasons } from "../../services/source/SourceError.ts"
import type { TableFacts } from "../../services/source/SourceInspection.ts"
import type { TableDescription } from "../../services/source/SourceTables.ts"
import { type Finding, failed, ok, warning } from "../Finding.ts"

export const tableCheck = ({ table }: SourceTable): string => printTable(table)

/** Number of partitions that a finding names. */
const namedPartitions = 12

const notFollowed = (name: string, why: string, { isUnlogged, partitions }: TableFacts): Finding => {
  if (isUnlogged) {
    return failed(name, "it is unlogged: its changes are not in the WAL", {
      sql: [`ALTER TABLE ${name} SET LOGGED;`],
      advice:
        "That writes the whole table into the WAL. Or take it out of SOURCE_TABLES: `full` alone can copy it.",
    })
  }
  const more = partitions.length > namedPartitions ? ", …" : ""
  return failed(name, why, {
    advice:
      partitions.length === 0
        ? "Take it out of SOURCE_TABLES: `full` alone can copy it."
        : `Name in SOURCE_TABLES instead: ${partitions.slice(0, namedPartitions).map(printTable).join(",")}${more}`,
  })
}

const withoutIdentity = (name: string, description: TableDescription): Finding => {
  const { why, sql, otherwise } = lackOfIdentity(name, description)
  return warning(name, `${why}: its deletes do not say which row was deleted`, {
    sql: [sql],
    ...(otherwise !== undefined && { advice: `Or ${otherwise}.` }),
  })
}

/** Columns that are excluded need not be readable. */
const mayRead = ({ mayRead, readable, description }: TableFacts, kept: ReadonlyArray<string>): boolean =>
  mayRead ||
  (kept.length > 0 &&
    kept.length < description.columns.length &&
    kept.every((column) => readable.includes(column)))

const withoutSelect = (
  name: string,
  { columns }: TableDescription,
  kept: ReadonlyArray<string>,
  role: string,
): Finding => {
  const isWhole = kept.length === columns.length
  const list = isWhole ? "" : ` (${kept.map(quoteIdentifier).join(", ")})`
  const finding = `role ${role} has no SELECT on ${isWhole ? "it" : "all columns that are copied"}`
  return failed(name, finding, { sql: [`GRANT SELECT${list} ON ${name} TO ${quoteIdentifier(role)};`] })
}

const excludedKeys = (
  name: string,
  description: TableDescription,
  projection: Projection | undefined,
): ReadonlyArray<Finding> => {
  const keys = droppedKeys(description, projection)
  if (keys.length === 0) return []
  const { advice } = sourceReasons.KeyExcluded
  return [failed(name, `COLUMNS_EXCLUDE names ${keys.join(", ")}, which belongs to its key`, { advice })]
}

/** `3 columns, key id, replica identity DEFAULT` */
const wellFinding = (
  name: string,
  description: TableDescription,
  projection: Projection | undefined,
): Finding => {
  const { columns, primaryKey } = description
  const excluded = columns.filter((column) => isDropped(projection, column.name)).length
  const hashed = columns.filter((column) => isHashed(projection, column.name)).length
  return ok(
    name,
    [
      counted(columns.length, "column"),
      ...(excluded === 0 ? [] : [`${excluded} excluded`]),
      ...(hashed === 0 ? [] : [`${hashed} hashed`]),
      ...(primaryKey.length === 0 ? [] : [`key ${primaryKey.join(", ")}`]),
      `replica identity ${printIdentity(description)}`,
    ].join(", "),
  )
}

/** Returns one finding if all is well, else one per problem. `role` is the connected one. */
export const tableFindings = (
  source: SourceTable,
  facts: TableFacts,
  role: string,
  projection?: Projection,
): ReadonlyArray<Finding> => {
  const { table } = source
  const name = printTable(table)
  const { description } = facts
  const kept = description.columns.map((column) => column.name).filter((one) => !isDropped(projection, one))
  const problems = [
    ...(facts.mayUseSchema
      ? []
      : [
          failed(name, `role ${role} has no USAGE on the schema ${table.schema}`, {
            sql: [`GRANT USAGE ON SCHEMA ${quoteIdentifier(table.schema)} TO ${quoteIdentifier(role)};`],
          }),
        ]),
    ...(mayRead(facts, kept) ? [] : [withoutSelect(name, description, kept, role)]),
    ...excludedKeys(name, description, projection),
    ...(facts.rowsAreHidden
      ? [
          failed(name, `row-level security hides rows from role ${role}: the copy would lack them`, {
            sql: [`ALTER ROLE ${quoteIdentifier(role)} BYPASSRLS;`],
            advice: "As a superuser.",
          }),
        ]
      : []),
    ...Option.match(description.notFollowed, {
      onNone: () => [],
      onSome: (why) => [notFollowed(name, why, facts)],
    }),
    ...(description.identifiesDeletes || Option.isSome(description.notFollowed)
      ? []
      : [withoutIdentity(name, description)]),
    ...(description.virtualColumns.length === 0
      ? []
      : [
          warning(
            name,
            `generated when they are read, and NULL in inc: ${description.virtualColumns.join(", ")}`,
            {
              advice: "Make them STORED if they are needed.",
            },
          ),
        ]),
  ]
  return problems.length > 0 ? problems : [wellFinding(name, description, projection)]
}
