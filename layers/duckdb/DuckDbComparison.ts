/**
 * The comparing engine: DuckDB on files in a temporary folder. It is loaded when the first workbench is opened. DuckDB needs
 * files with names, so that a killed process leaves them behind: the next start deletes them (`LeftFiles.ts`).
 */
import { type FileHandle, mkdir, mkdtemp, open as openFile, rm } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import type { DuckDBConnection } from "@duckdb/node-api"
import { Context, Effect, Layer, Option, Stream } from "effect"
import {
  type ComparisonEngine,
  ComparisonError,
  LakeComparison,
  type RowFile,
  type Workbench,
} from "../../src/services/lake/LakeComparison.ts"
import { ObjectStore } from "../../src/services/lake/ObjectStore.ts"
import * as FolderObjectStore from "../folder/FolderObjectStore.ts"
import { errno } from "../node/FileFailures.ts"
import { ownerMark } from "../node/FileOwner.ts"

/**
 * All threads together; the rest is spilled to disk. With this much, joins, groups and windows over 8 million keys succeeded
 * in tests; more only makes them faster.
 */
const memoryLimit = "256MB"

const engineSettings = (folder: string) => ({
  memory_limit: memoryLimit,
  threads: "2",
  temp_directory: join(folder, "spilled"),
  preserve_insertion_order: "false",
  // Loads nothing from the network.
  autoinstall_known_extensions: "false",
  autoload_known_extensions: "false",
})

const isFull = (cause: unknown): boolean =>
  ["ENOSPC", "EDQUOT"].includes(errno(cause)) ||
  /No space left|disk quota|max_temp_directory_size/i.test(String(cause))

/** Returns DuckDB's name of the error, at the beginning of its message. The rest may contain a value of a row. */
const kindOf = (cause: unknown): string => /^(?:Error: )?([A-Za-z ]+ Error):/.exec(String(cause))?.[1] ?? ""

/** Converts an error. Tests for a full disk first, because DuckDB calls that out of memory too if a spill does not fit. */
export const comparisonError = (doing: string, cause: unknown): ComparisonError => {
  if (isFull(cause)) {
    return new ComparisonError({
      reason: "Full",
      detail: `no space is left in ${tmpdir()} (${doing})`,
      cause,
    })
  }
  const kind = kindOf(cause)
  return kind === "Out of Memory Error"
    ? new ComparisonError({
        reason: "Memory",
        detail: `${doing} needs more than the ${memoryLimit} of memory that DuckDB is given`,
        cause,
      })
    : new ComparisonError({ reason: "Failed", detail: `${doing} failed${kind && ` (${kind})`}`, cause })
}

const failure = (doing: string) => (cause: unknown) => comparisonError(doing, cause)

const attempt = <A>(doing: string, call: () => Promise<A>) =>
  Effect.uninterruptible(Effect.tryPromise({ try: call, catch: failure(doing) }))

const rowFile = (path: string, handle: FileHandle): RowFile => {
  let end = 0
  return {
    path,
    append: (bytes) =>
      attempt("writing rows", async () => {
        for (let done = 0; done < bytes.length; ) {
          done += (await handle.write(bytes, done, bytes.length - done, end + done)).bytesWritten
        }
        end += bytes.length
      }),
    length: Effect.sync(() => end),
    cut: (length) =>
      attempt("writing rows", async () => {
        await handle.truncate(length)
        end = length
      }),
  }
}

const openRows = (folder: string, name: string) =>
  Effect.acquireRelease(
    attempt("writing rows", () => openFile(join(folder, name), "w+", 0o600)),
    (handle) =>
      Effect.ignore(
        attempt("removing rows", async () => {
          await handle.close()
          await rm(join(folder, name), { force: true })
        }),
      ),
  ).pipe(Effect.map((handle) => rowFile(join(folder, name), handle)))

/** Runs a query. An interruption cancels it and waits for its end, because the engine must not be closed before. */
const stoppable = <A>(connection: DuckDBConnection, call: () => Promise<A>) =>
  Effect.callback<A, ComparisonError>((resume) => {
    const running = call()
    running.then(
      (value) => resume(Effect.succeed(value)),
      (cause) => resume(Effect.fail(failure("the comparison")(cause))),
    )
    return Effect.promise(async () => {
      connection.interrupt()
      await running.catch(() => undefined)
    })
  })

const text = (value: unknown): string | null => (value === null ? null : String(value))

const rowsOf =
  (connection: DuckDBConnection): ComparisonEngine["rows"] =>
  (query) =>
    Stream.unwrap(
      Effect.map(
        stoppable(connection, () => connection.stream(query)),
        (result) =>
          Stream.paginate(undefined, () =>
            Effect.map(
              stoppable(connection, () => result.fetchChunk()),
              (chunk) => {
                const rows = chunk === null ? [] : chunk.getRows().map((row) => row.map(text))
                return [rows, rows.length === 0 ? Option.none() : Option.some(undefined)] as const
              },
            ),
          ),
      ),
    )

const loadEngine = Effect.tryPromise({
  try: () => import("@duckdb/node-api"),
  catch: (cause) =>
    new ComparisonError({
      reason: "EngineMissing",
      detail: `the package @duckdb/node-api cannot be loaded on ${process.platform} ${process.arch}`,
      cause,
    }),
})

/** Opens a new database in `folder`, which is created for it and deleted with the scope. */
const openEngine = Effect.fnUntraced(function* (
  folder: string,
  { DuckDBInstance }: typeof import("@duckdb/node-api"),
) {
  yield* Effect.acquireRelease(
    attempt("creating a temporary folder", () => mkdir(folder)),
    () => removed(folder),
  )
  const instance = yield* Effect.acquireRelease(
    attempt("opening DuckDB", () =>
      DuckDBInstance.create(join(folder, "tables.duckdb"), engineSettings(folder)),
    ),
    (opened) => Effect.sync(() => opened.closeSync()),
  )
  const connection = yield* Effect.acquireRelease(
    attempt("opening DuckDB", () => instance.connect()),
    (opened) => Effect.sync(() => opened.closeSync()),
  )
  const engine: ComparisonEngine = {
    run: (statements) =>
      Effect.forEach(statements, (statement) => stoppable(connection, () => connection.run(statement)), {
        discard: true,
      }),
    rows: rowsOf(connection),
  }
  return engine
})

const removed = (folder: string) =>
  Effect.ignore(attempt("removing a temporary folder", () => rm(folder, { recursive: true, force: true })))

const open = Effect.gen(function* () {
  const duckDb = yield* loadEngine
  const folder = yield* Effect.acquireRelease(
    attempt("creating a temporary folder", () => mkdtemp(join(tmpdir(), `afluente-verify-${ownerMark()}-`))),
    removed,
  )
  let count = 0
  const next = (kind: string) => join(folder, `${kind}-${count++}`)
  return {
    file: (name) => openRows(folder, name),
    lake: Effect.suspend(() => {
      const path = next("lake")
      return Effect.acquireRelease(
        Effect.map(Layer.build(FolderObjectStore.layer(path)), (context) =>
          Context.get(context, ObjectStore),
        ),
        () => removed(path),
      )
    }),
    engine: Effect.suspend(() => openEngine(next("engine"), duckDb)),
  } satisfies Workbench
})

export const layer: Layer.Layer<LakeComparison> = Layer.succeed(LakeComparison, LakeComparison.of({ open }))
