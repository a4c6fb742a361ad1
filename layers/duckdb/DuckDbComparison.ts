/**
 * The comparing engine: DuckDB on files in a temporary folder. It is loaded when the first workbench is opened. DuckDB opens
 * files by their names, so that a killed process leaves them: the next start removes them (`LeftFiles.ts`).
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
 * What does not fit goes to the disk. With this much, joins, groups and windows over 8 million keys were seen to end; more
 * makes them faster only. It is shared by the threads.
 */
const memoryLimit = "256MB"

const engineSettings = (folder: string) => ({
  memory_limit: memoryLimit,
  threads: "2",
  temp_directory: join(folder, "spilled"),
  preserve_insertion_order: "false",
  // Nothing is fetched from the network: what it reads is in the folder.
  autoinstall_known_extensions: "false",
  autoload_known_extensions: "false",
})

const isFull = (cause: unknown): boolean =>
  ["ENOSPC", "EDQUOT"].includes(errno(cause)) ||
  /No space left|disk quota|max_temp_directory_size/i.test(String(cause))

/** DuckDB's names of its errors stand at the beginning. What it says further may hold a value of a row. */
const kindOf = (cause: unknown): string => /^(?:Error: )?([A-Za-z ]+ Error):/.exec(String(cause))?.[1] ?? ""

/** The disk first: DuckDB calls it out of memory, too, where what it sets aside does not fit on the disk. */
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

/** A query that nobody waits for is ended, and its end awaited: only then may the engine be closed. */
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

/** A database of its own in `folder`, which is made for it and removed with the scope. */
const openEngine = Effect.fnUntraced(function* (
  folder: string,
  { DuckDBInstance }: typeof import("@duckdb/node-api"),
) {
  yield* Effect.acquireRelease(
    attempt("making a temporary folder", () => mkdir(folder)),
    () => removed(folder),
  )
  const instance = yield* Effect.acquireRelease(
    attempt("opening DuckDB", () =>
      DuckDBInstance.create(join(folder, "tables.duckdb"), engineSettings(folder)),
    ),
    (made) => Effect.sync(() => made.closeSync()),
  )
  const connection = yield* Effect.acquireRelease(
    attempt("opening DuckDB", () => instance.connect()),
    (made) => Effect.sync(() => made.closeSync()),
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
    attempt("making a temporary folder", () => mkdtemp(join(tmpdir(), `afluente-verify-${ownerMark()}-`))),
    removed,
  )
  let made = 0
  const next = (kind: string) => join(folder, `${kind}-${made++}`)
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
