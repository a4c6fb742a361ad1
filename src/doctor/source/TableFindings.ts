/** Judges one configured table. */

import { Option } from "effect"
import { renamedNotices } from "../../columns/NewColumns.ts"
import { droppedKeys } from "../../columns/ProjectedTable.ts"
import { isDropped, isHashed, type Projection } from "../../core/columns/Projection.ts"
import { printIdentity } from "../../core/source/ReplicaIdentity.ts"
import { printTable, quoteIdentifier, type SourceTable } from "../../core/source/SourceTable.ts"
import { lackInTable } from "../../core/tables/LeafIdentity.ts"
import { counted } from "../../core/text/CountedNoun.ts"
import { sourceReasons } from "../../services/source/SourceError.ts"
import type { TableFacts } from "../../services/source/SourceInspection.ts"
import type { TableDescription } from "../../services/source/SourceTables.ts"
import { type Finding, failed, ok, warning } from "../Finding.ts"

export const tableCheck = ({ table }: SourceTable): string => printTable(table)

/** Statements in one finding. */
const mostStatements = 50

const notFollowed = (name: string, why: string, { isUnlogged }: TableFacts): Finding => {
  if (isUnlogged) {
    return failed(name, "it is unlogged: its changes are not in the WAL", {
      sql: [`ALTER TABLE ${name} SET LOGGED;`],
      advice:
        "That writes the whole table into the WAL. Or take it out of SOURCE_TABLES: `full` alone can copy it.",
    })
  }
  return failed(name, why, { advice: "Take it out of SOURCE_TABLES: `full` alone can copy it." })
}

const withoutIdentity = (name: string, description: TableDescription): Finding => {
  const { why, statements, otherwise } = lackInTable(description)
  return warning(name, `${why}: its deletes do not say which row was deleted`, {
    sql: statements.slice(0, mostStatements),
    ...(otherwise !== undefined && { advice: `Or ${otherwise}.` }),
    ...(statements.length > mostStatements && { advice: moreAdvice(statements.length) }),
  })
}

const moreAdvice = (all: number): string =>
  `That is for ${mostStatements} of ${all} partitions: run \`doctor\` again for the others.`

/** A copy reads each leaf by its own name, so that permissions of the root do not suffice. */
const unreadableLeaves = (
  name: string,
  { leaves = [], columns }: TableDescription,
  kept: ReadonlyArray<string>,
  role: string,
): ReadonlyArray<Finding> => {
  const unreadable = leaves.filter(({ readable }) => !kept.every((column) => readable.includes(column)))
  if (unreadable.length === 0) return []
  const list = kept.length === columns.length ? "" : ` (${kept.map(quoteIdentifier).join(", ")})`
  const finding = `role ${role} has no SELECT on ${counted(unreadable.length, "partition")}: permissions of the table do not apply to a copy of its partitions`
  return [
    failed(name, finding, {
      sql: unreadable
        .slice(0, mostStatements)
        .map(({ table }) => `GRANT SELECT${list} ON ${printTable(table)} TO ${quoteIdentifier(role)};`),
      advice:
        unreadable.length > mostStatements
          ? moreAdvice(unreadable.length)
          : "ALTER DEFAULT PRIVILEGES … GRANT SELECT ON TABLES does the same for partitions to come.",
    }),
  ]
}

/** The rows of child tables are theirs. */
const inheritingTables = (name: string, { children = [] }: TableDescription): ReadonlyArray<Finding> =>
  children.length === 0
    ? []
    : [
        warning(name, `the rows of its ${counted(children.length, "child table")} are not in its dataset`, {
          advice:
            "By inheritance; a TimescaleDB hypertable has its chunks. Name the child tables in SOURCE_TABLES if they are needed.",
        }),
      ]

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
      ...(description.leaves === undefined ? [] : [counted(description.leaves.length, "partition")]),
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
    ...unreadableLeaves(name, description, kept, role),
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
    ...inheritingTables(name, description),
    ...renamedNotices(table, projection).map(({ problem, advice }) =>
      warning(name, problem, { advice: `${advice}.` }),
    ),
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
