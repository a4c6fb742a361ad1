/** What changes beside the rows: columns, leaves, tables, and the settings with which processes start. */
import type { Random } from "../../../test/support/Random.ts"
import { eventos, ledgerSql } from "./ledgers.ts"

/** Kinds of statements. Each can be turned off. */
export const definitions = [
  "add column",
  "add default",
  "add volatile",
  "drop column",
  "rename column",
  "new leaf",
  "new leaf in use",
  "detach leaf",
  "attach leaf",
  "drop leaf",
  "drop table",
  "create table",
] as const
export type Definition = (typeof definitions)[number]

/** Kinds of settings: another list of tables, other masks. */
const settingKinds = ["table list", "masks"] as const

/** And a copy of what `status` says needs one, while everything goes on. */
export const changeKinds = [...definitions, ...settingKinds, "full"] as const
export type ChangeKind = (typeof changeKinds)[number]

/** What the server has at this moment. */
export interface Now {
  /** Columns of `table` that a statement of ours added. */
  readonly added: ReadonlyArray<string>
  readonly table: string
  readonly attached: ReadonlyArray<string>
  readonly detached: ReadonlyArray<string>
  readonly hasPassagem: boolean
}

/** The tables whose columns change. */
export const alterable = ["pedidos", "documentos", "rascunhos", eventos.name] as const

export const nowSql = (table: string): string => `
  SELECT (SELECT coalesce(json_agg(attname ORDER BY attnum), '[]') FROM pg_attribute
           WHERE attrelid = 'chaos.${table}'::regclass AND attname LIKE 'mais\\_%' AND NOT attisdropped) AS added,
         (SELECT coalesce(json_agg(relname ORDER BY relname), '[]') FROM pg_class
           WHERE starts_with(relname, '${eventos.passing}') AND relkind = 'r' AND relispartition) AS attached,
         (SELECT coalesce(json_agg(relname ORDER BY relname), '[]') FROM pg_class
           WHERE starts_with(relname, '${eventos.passing}') AND relkind = 'r' AND NOT relispartition) AS detached,
         to_regclass('chaos.passagem') IS NOT NULL AS passagem`

/** As many columns as a table may gain. */
const mostAdded = 5

/** The statements of a kind, one transaction; undefined where nothing can be done now. */
export const definitionSql = (kind: Definition, now: Now, dice: Random): string | undefined => {
  const { table, added, attached, detached } = now
  const alter = `ALTER TABLE ${table}`
  const fresh = `mais_${dice.between(1, 1e6)}`
  const some = added.length === 0 ? undefined : dice.pick(added)
  const leaf = `${eventos.passing}${dice.between(1, 1e6)}`
  const create = `CREATE TABLE ${leaf} PARTITION OF ${eventos.name} FOR VALUES ${eventos.range}`
  switch (kind) {
    case "add column":
      return added.length < mostAdded ? `${alter} ADD ${fresh} text` : undefined
    case "add default":
      return added.length < mostAdded
        ? `${alter} ADD ${fresh} ${dice.pick(["text DEFAULT 'veio depois'", "integer DEFAULT 7", "boolean DEFAULT true"])}`
        : undefined
    case "add volatile":
      return added.length < mostAdded
        ? `${alter} ADD ${fresh} timestamptz DEFAULT clock_timestamp()`
        : undefined
    case "drop column":
      return some && `${alter} DROP ${some}`
    case "rename column":
      return some && `${alter} RENAME ${some} TO ${fresh}`
    case "new leaf":
      return attached.length > 0 ? undefined : create
    case "new leaf in use":
      return attached.length > 0
        ? undefined
        : `BEGIN; ${create}; INSERT INTO ${eventos.name} (a, b, mark, note) SELECT 90, b, -b, 'folha nova' FROM generate_series(1300, 1310) AS b; COMMIT`
    case "detach leaf":
      return attached[0] && `ALTER TABLE ${eventos.name} DETACH PARTITION ${attached[0]}`
    case "attach leaf":
      return attached.length === 0 && detached[0]
        ? `ALTER TABLE ${eventos.name} ATTACH PARTITION ${detached[0]} FOR VALUES ${eventos.range}`
        : undefined
    case "drop leaf": {
      const gone = [...detached, ...attached][0]
      return gone && `DROP TABLE ${gone}`
    }
    case "drop table":
      return now.hasPassagem ? "DROP TABLE passagem" : undefined
    case "create table":
      return now.hasPassagem ? undefined : `BEGIN; ${ledgerSql("passagem")}; COMMIT`
  }
}
