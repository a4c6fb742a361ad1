/**
 * Prints a change as `test_decoding` does. Source: contrib/test_decoding/test_decoding.c.
 * Names are quoted as PostgreSQL 15 does (see `PrintedName.ts`); all else is printed byte for byte.
 */
import { type Cell, Change, type Table } from "../Change.ts"
import { printLiteral } from "./PrintedLiteral.ts"
import { printName } from "./PrintedName.ts"

export const printChange = (change: Change): string =>
  Change.match(change, {
    Begin: ({ xid }) => `BEGIN${printXid(xid)}`,
    Commit: ({ xid, at }) => `COMMIT${printXid(xid)}${at === null ? "" : ` (at ${at})`}`,
    Insert: ({ table, row }) => `table ${printTable(table)}: INSERT:${printTuple(row)}`,
    Update: ({ table, before, row }) => {
      const oldKey = before === null ? "" : ` old-key:${printTuple(before)} new-tuple:`
      return `table ${printTable(table)}: UPDATE:${oldKey}${printTuple(row)}`
    },
    Delete: ({ table, before }) =>
      `table ${printTable(table)}: DELETE:${before === null ? " (no-tuple-data)" : printTuple(before)}`,
    Truncate: ({ tables, restartSequences, cascade }) => {
      const flags = `${restartSequences ? " restart_seqs" : ""}${cascade ? " cascade" : ""}`
      return `table ${tables.map(printTable).join(", ")}: TRUNCATE:${flags || " (no-flags)"}`
    },
    Message: ({ transactional, prefix, size, content }) =>
      `message: transactional: ${transactional ? 1 : 0} prefix: ${prefix}, sz: ${size} content:${content}`,
  })

const printXid = (xid: number | null): string => (xid === null ? "" : ` ${xid}`)

const printTable = ({ schema, name }: Table): string => `${printName(schema)}.${printName(name)}`

const printTuple = (tuple: ReadonlyArray<Cell>): string => tuple.map(printCell).join("")

const printCell = ({ name, type, value }: Cell): string =>
  ` ${printName(name)}[${type}]:${printValue(type, value)}`

const printValue = (type: string, value: string | null | undefined): string => {
  if (value === null) return "null"
  return value === undefined ? "unchanged-toast-datum" : printLiteral(type, value)
}
