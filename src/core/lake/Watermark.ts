/**
 * The watermark: the commit LSN up to which the lake is complete, and its present writer. Specified in docs/format.md.
 *
 *     0/16B3748
 *     slot=data_sync_slot
 *     database=loja
 *     system_identifier=7423642870011110000
 *     timeline=1
 *     layout=single
 *     root=clientes
 *     written_at=2025-11-03T10:15:40.123Z
 *     last_commit=0/16B3700 734 2025-11-03 10:15:40.001234+00
 *     epoch=3
 *     writer=6f1c9a52-3c5e-4a58-9d0c-2a7b7f0f7a11
 *     next=20251103_101542.csv
 *     object.clientes=inc/date=20251103/cdc_20251103_101540.csv
 *     table.clientes=db_loja.cliente 16402
 *     catalog.clientes=728 712 731
 *     from.clientes=0/16B3000 731 new
 *     file.clientes=16402 9f86d081884c7d65
 *     schema.clientes=inc/date=20251103/_schema_clientes_20251103_101540.json
 *     mask.clientes=9b1c… (64 digits)
 *     masked.clientes={"names":["db_loja.cliente"],"oids":[16402],"oid":16402,"columns":{"3":"cpf"}}
 *     leaves.clientes=3 9f86d081884c7d65 731:740:733
 *
 * A file with line 1 only is valid (another program's, or an old one): the rest is then unknown.
 */
import { Option } from "effect"
import { type MaskedTable, printMasked } from "../columns/MaskedTable.ts"
import * as Lsn from "../Lsn.ts"
import type { CatalogMark, TableFile } from "../tables/TableMark.ts"
import { type LeafSet, printLeafSet } from "./LeafSet.ts"
import { type Layout, type ObjectName, printObjectName } from "./ObjectKey.ts"

export type { LakeFolders, Layout } from "./ObjectKey.ts"

/** One commit, by fields that are the same on every copy of its server. */
export interface CommitMark {
  readonly lsn: Lsn.Lsn
  /** 32 bits, as the slot prints it. */
  readonly xid: number
  /** As PostgreSQL prints a timestamptz. */
  readonly at: string
}

/** The table that a dataset belongs to. */
export interface DatasetTable {
  /** As printed in SQL. */
  readonly name: string
  /** `pg_class.oid`: a rename keeps it. Valid on this server and database only. */
  readonly oid: number
}

/** Why a dataset's changes in `inc` need a newer `full`. */
export const fromReasons = [
  "new",
  "again",
  "replaced",
  "rewritten",
  "attached",
  "detached",
  "masked",
  "unknown relation",
] as const
export type FromReason = (typeof fromReasons)[number]

/** The LSN after which all commits of a dataset are in `inc`. */
export interface FollowedFrom {
  /** Commits after it are in `inc`. */
  readonly lsn: Lsn.Lsn
  /** None for the datasets of a lake's first watermark. */
  readonly since: Option.Option<{
    /** A new transaction id, 64 bits, assigned after `lsn`: a `full` whose snapshot has xmin >= it joins without a gap. */
    readonly xid: bigint
    readonly reason: FromReason
  }>
}

export interface Watermark {
  /** Every change committed at or before it is in the lake, or concerns no configured table. */
  readonly position: Lsn.Lsn
  readonly slot: Option.Option<string>
  readonly database: Option.Option<string>
  readonly systemIdentifier: Option.Option<string>
  /** The server's WAL timeline when it was written. */
  readonly timeline: Option.Option<number>
  readonly layout: Option.Option<Layout>
  /** In the layout `single`, the dataset at the lake's root; others have folders of their own. */
  readonly root: Option.Option<string>
  /** ISO 8601, UTC. */
  readonly writtenAt: Option.Option<string>
  /** The newest commit that has rows in the lake, if known. */
  readonly lastCommit: Option.Option<CommitMark>
  /** Rises with each writer; none in the watermark of a program without the fence. */
  readonly epoch: Option.Option<number>
  /** A UUID of the writer, so that no two watermarks have the same bytes. */
  readonly writer: Option.Option<string>
  /** Announced for the next objects of all datasets: every request in flight is for a name derived from it. */
  readonly next: Option.Option<ObjectName>
  /** True if no request of the writer can be in flight. Written only if the store ignores conditions. */
  readonly clean: Option.Option<boolean>
  /** Key of the newest object of each dataset. */
  readonly objects: ReadonlyMap<string, string>
  readonly tables: ReadonlyMap<string, DatasetTable>
  /** The catalog rows as of line 1: up to there, the WAL was read under every name that the table had. None if unknown. */
  readonly catalog: ReadonlyMap<string, CatalogMark>
  readonly from: ReadonlyMap<string, FollowedFrom>
  /** As the catalog was last read. */
  readonly files: ReadonlyMap<string, TableFile>
  /** Key of the newest `_schema_` of each dataset that has one. */
  readonly schemas: ReadonlyMap<string, string>
  /** The mask (`DatasetMask.ts`) of each dataset with columns that are dropped or hashed. */
  readonly masks: ReadonlyMap<string, string>
  /** What was masked of each dataset's table, by OIDs and numbers of columns. */
  readonly masked: ReadonlyMap<string, MaskedTable>
  /** The leaves of each dataset whose table is partitioned. */
  readonly leaves: ReadonlyMap<string, LeafSet>
  /** The LSN up to which datasets were followed that are no longer configured. */
  readonly left: ReadonlyMap<string, Lsn.Lsn>
}

/** A watermark with line 1 only. */
export const bare = (position: Lsn.Lsn): Watermark => ({
  position,
  slot: Option.none(),
  database: Option.none(),
  systemIdentifier: Option.none(),
  timeline: Option.none(),
  layout: Option.none(),
  root: Option.none(),
  writtenAt: Option.none(),
  lastCommit: Option.none(),
  epoch: Option.none(),
  writer: Option.none(),
  next: Option.none(),
  clean: Option.none(),
  objects: new Map(),
  tables: new Map(),
  catalog: new Map(),
  from: new Map(),
  files: new Map(),
  schemas: new Map(),
  masks: new Map(),
  masked: new Map(),
  leaves: new Map(),
  left: new Map(),
})

/** Escapes line breaks in a name, and each `%` that would read as such an escape. `fromOneLine` is the inverse. */
const oneLine = (name: string): string =>
  name
    .replace(/%(?=0A|0D|25)/g, "%25")
    .replaceAll("\r", "%0D")
    .replaceAll("\n", "%0A")

/** Returns the name that `oneLine` has printed; none for text that it cannot have printed: somebody changed the line. */
export const fromOneLine = (line: string): Option.Option<string> => {
  const name = line.replace(/%(0A|0D|25)/g, (_, digits: string) =>
    String.fromCharCode(Number.parseInt(digits, 16)),
  )
  return oneLine(name) === line ? Option.some(name) : Option.none()
}

const printCommit = ({ lsn, xid, at }: CommitMark): string => `${Lsn.print(lsn)} ${xid} ${at}`
const printTable = ({ name, oid }: DatasetTable): string => `${oneLine(name)} ${oid}`
const printMark = ({ table, schema, endedBelow }: CatalogMark): string => `${table} ${schema} ${endedBelow}`
const printFile = ({ file, columns }: TableFile): string => `${file} ${columns}`
const printFrom = ({ lsn, since }: FollowedFrom): string =>
  Option.match(since, {
    onNone: () => Lsn.print(lsn),
    onSome: ({ xid, reason }) => `${Lsn.print(lsn)} ${xid} ${reason}`,
  })

export const print = (watermark: Watermark): string => {
  const known = <A>(key: string, value: Option.Option<A>, text: (value: A) => string = String) =>
    Option.match(value, { onNone: () => [], onSome: (v) => [`${key}=${text(v)}`] })
  const each = <A>(key: string, values: ReadonlyMap<string, A>, text: (value: A) => string = String) =>
    [...values].map(([dataset, value]) => `${key}.${dataset}=${text(value)}`)
  return `${[
    Lsn.print(watermark.position),
    ...known("slot", watermark.slot),
    ...known("database", watermark.database, oneLine),
    ...known("system_identifier", watermark.systemIdentifier),
    ...known("timeline", watermark.timeline),
    ...known("layout", watermark.layout),
    ...known("root", watermark.root),
    ...known("written_at", watermark.writtenAt),
    ...known("last_commit", watermark.lastCommit, printCommit),
    ...known("epoch", watermark.epoch),
    ...known("writer", watermark.writer),
    ...known("next", watermark.next, printObjectName),
    ...known("clean", watermark.clean, (clean) => (clean ? "yes" : "no")),
    ...each("object", watermark.objects),
    ...each("table", watermark.tables, printTable),
    ...each("catalog", watermark.catalog, printMark),
    ...each("from", watermark.from, printFrom),
    ...each("file", watermark.files, printFile),
    ...each("schema", watermark.schemas),
    ...each("mask", watermark.masks),
    ...each("masked", watermark.masked, printMasked),
    ...each("leaves", watermark.leaves, printLeafSet),
    ...each("left", watermark.left, Lsn.print),
  ].join("\n")}\n`
}
