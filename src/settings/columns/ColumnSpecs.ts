/** The settings of columns: a part of the table in SettingTable.ts. */
import type { SettingSpec } from "../SettingSpec.ts"

export const columnSpecs = {
  COLUMNS_EXCLUDE: {
    group: "Source",
    value: { form: "`schema.table.column`, comma separated" },
    example: "db_loja.cliente.cpf",
    flag: true,
    summary: "columns that are not copied, comma separated",
    meaning: [
      "Names are quoted as in SQL where needed. `*` stands for any characters and `?` for one, in each part; `*.cpf` is the column `cpf` of every table. These columns are nowhere in the lake, and `full` does not read them: [columns.md](columns.md).",
      "A column of a primary key or of a replica identity is refused. A change of this list needs a new `full`, and does not alter the objects that are in the lake: [columns.md](columns.md#when-the-settings-change).",
    ],
  },
  COLUMNS_HASH: {
    group: "Source",
    value: { form: "`schema.table.column`, comma separated" },
    example: "db_loja.cliente.email",
    flag: true,
    summary: "columns of which the lake has hashes, comma separated",
    meaning: [
      "The same list as COLUMNS_EXCLUDE. Each value becomes its HMAC-SHA-256 under COLUMNS_HASH_KEY, in lower-case hexadecimal; NULL stays NULL. Key columns are allowed. A column in both lists is excluded.",
    ],
  },
  COLUMNS_HASH_KEY: {
    group: "Source",
    value: { form: "text, secret" },
    example: "a-long-random-text",
    flag: false,
    summary: "secret key of COLUMNS_HASH",
    meaning: [
      "COLUMNS_HASH needs it. Take at least 32 random characters (`openssl rand -hex 32`) and keep them: another key gives other hashes, and whoever has the key can try values. It is never logged, and never sent to the server.",
    ],
  },
  ON_NEW_COLUMN: {
    group: "Source",
    value: { oneOf: ["include", "exclude"] },
    example: "exclude",
    fallback: "include",
    flag: true,
    summary: "exclude: tables with such columns get no others",
    meaning: [
      "For tables that COLUMNS_EXCLUDE or COLUMNS_HASH is about. `exclude` leaves out columns that neither the newest copy nor the newest object of `inc` has: added ones, and renamed ones. How to admit one: [columns.md](columns.md#new-columns).",
    ],
  },
} as const satisfies Readonly<Record<string, SettingSpec>>
