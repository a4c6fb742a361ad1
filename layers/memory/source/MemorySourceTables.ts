/** The tables of the PostgreSQL in memory. `COPY … (FORMAT csv, HEADER)` is csv-stringify with PostgreSQL's rules. */
import { stringify } from "csv-stringify/sync"
import { Effect, Layer, Stream } from "effect"
import {
  type CopiedRows,
  type Snapshot,
  SourceTables,
  type TableCopy,
  type TableDescription,
} from "../../../src/services/source/SourceTables.ts"
import { MemoryPostgres, type MemoryServer, type MemorySnapshot } from "../postgres/MemoryPostgres.ts"
import type { MemorySession } from "../postgres/MemorySessions.ts"

/** Few, so that small tests have many chunks. */
const rowsPerChunk = 16

/**
 * NULL is an empty field, the empty string is quoted, and so is `\.` if it is the whole line.
 * Source: src/backend/commands/copyto.c, `CopyAttributeOutCSV`.
 */
const printCsv = (columns: number, rows: ReadonlyArray<ReadonlyArray<string | null>>): Uint8Array =>
  Buffer.from(stringify([...rows], { quoted_match: columns === 1 ? /^$|^\\\.$/ : /^$/ }))

const copyOf =
  (server: MemoryServer, session: MemorySession, snapshot: MemorySnapshot) =>
  (description: TableDescription): TableCopy => {
    const names = description.columns.map((column) => column.name)
    const print = (rows: ReadonlyArray<ReadonlyArray<string | null>>) => printCsv(names.length, rows)
    const header = print([names])
    const rows = Stream.unwrap(
      Effect.map(server.table(description.table), (table) =>
        Stream.fromIterable(
          table.rows(snapshot.sees).map((values) => names.map((name) => values[name] ?? null)),
        ),
      ),
    ).pipe(
      Stream.grouped(rowsPerChunk),
      Stream.map((some): CopiedRows => ({ bytes: print(some), rows: some.length, endsRow: true })),
      // A session can end in the middle of an answer.
      Stream.tap(() => server.sessions.inside(session)),
      Stream.onEnd(server.sessions.inside(session)),
    )
    return { open: () => Effect.as(server.sessions.inside(session), { header, parts: [rows] }) }
  }

export const layer: Layer.Layer<SourceTables, never, MemoryPostgres> = Layer.effect(
  SourceTables,
  Effect.gen(function* () {
    const server = yield* MemoryPostgres
    const describeTable: SourceTables["Service"]["describe"] = (name) =>
      Effect.map(server.table(name), (table) => table.describe(server.snapshot().sees))

    const takeSnapshot = Effect.map(server.sessions.connect("full"), (session): Snapshot => {
      const snapshot = server.snapshot()
      return {
        id: snapshot.id,
        lsn: snapshot.lsn,
        source: server.identity,
        describe: (table) => Effect.andThen(server.sessions.inside(session), describeTable(table)),
        copy: copyOf(server, session, snapshot),
        release: () => Effect.void,
      }
    })
    const describe: SourceTables["Service"]["describe"] = (table) =>
      Effect.scoped(Effect.andThen(server.sessions.connect("catalog"), describeTable(table)))
    return SourceTables.of({
      describe,
      describeAll: (tables) => Effect.forEach(tables, (table) => Effect.result(describe(table))),
      mayRead: ({ table }) => Effect.asVoid(describe(table)),
      // No table is locked: earlier snapshots still see the rows that TRUNCATE removes here.
      snapshot: () => takeSnapshot,
    })
  }),
)
