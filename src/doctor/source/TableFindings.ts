/** Judges one configured table. */

import { Option } from "effect"
import { lackOfIdentity, printIdentity } from "../../core/source/ReplicaIdentity.ts"
import { printTable, quoteIdentifier, type SourceTable } from "../../core/source/SourceTable.ts"
import { counted } from "../../core/text/CountedNoun.ts"
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

/** `3 columns, key id, replica identity DEFAULT` */
const wellFinding = (name: string, description: TableDescription): Finding => {
  const { columns, primaryKey } = description
  return ok(
    name,
    [
      counted(columns.length, "column"),
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
): ReadonlyArray<Finding> => {
  const { table } = source
  const name = printTable(table)
  const { description } = facts
  const problems = [
    ...(facts.mayUseSchema
      ? []
      : [
          failed(name, `role ${role} has no USAGE on the schema ${table.schema}`, {
            sql: [`GRANT USAGE ON SCHEMA ${quoteIdentifier(table.schema)} TO ${quoteIdentifier(role)};`],
          }),
        ]),
    ...(facts.mayRead
      ? []
      : [
          failed(name, `role ${role} has no SELECT on it`, {
            sql: [`GRANT SELECT ON ${name} TO ${quoteIdentifier(role)};`],
          }),
        ]),
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
  return problems.length > 0 ? problems : [wellFinding(name, description)]
}
