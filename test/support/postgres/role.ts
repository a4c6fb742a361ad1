/** The role of `query/role.sql`, which the program under test works as. */
import { readFileSync } from "node:fs"
import { Result } from "effect"
import { quoteIdentifier } from "../../../src/core/source/SourceTable.ts"
import { parseSections } from "../../../src/core/source/SqlSections.ts"

const sections = Result.getOrThrow(
  parseSections(readFileSync(new URL("../../../query/role.sql", import.meta.url), "utf8"), [
    "role",
    "tables",
  ]),
)

const quoteLiteral = (text: string): string => `'${text.replaceAll("'", "''")}'`

/** As psql puts variables into SQL: quoted as a name, quoted as text, or as they are. */
const withVariables = (sql: string, variables: Readonly<Record<string, string>>): string => {
  const given = (name: string): string => {
    const value = variables[name]
    if (value === undefined) throw new Error(`query/role.sql names a variable that is not given: ${name}`)
    return value
  }
  return sql.replace(
    /:"(\w+)"|:'(\w+)'|(?<!:):([a-z]\w*)/g,
    (_, name: string | undefined, text: string | undefined, bare: string) =>
      name !== undefined
        ? quoteIdentifier(given(name))
        : text !== undefined
          ? quoteLiteral(given(text))
          : given(bare),
  )
}

/** The first section: makes the role, and lets it into the database. */
export const roleSql = (role: string, database: string): string =>
  withVariables(sections.role, { role, DBNAME: database })

/** The second section: lets it read. Names are separated by commas and quoted as in SQL. */
export const tablesSql = (role: string, schemas: string, tables: string): string =>
  withVariables(sections.tables, { role, schemas, tables })

export const passwordSql = (role: string, password: string): string =>
  `ALTER ROLE ${quoteIdentifier(role)} PASSWORD ${quoteLiteral(password)}`
