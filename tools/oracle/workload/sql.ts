/** Names and texts as SQL, in a session with `standard_conforming_strings = on`. */
import { quoteIdentifier, type TableName } from "../../../src/core/source/SourceTable.ts"

export { printTable as tableSql, quoteIdentifier as nameSql } from "../../../src/core/source/SourceTable.ts"

export const textSql = (text: string | null): string =>
  text === null ? "NULL" : `'${text.replaceAll("'", "''")}'`

export const typeSql = ({ schema, name }: TableName): string =>
  `${quoteIdentifier(schema)}.${quoteIdentifier(name)}`
