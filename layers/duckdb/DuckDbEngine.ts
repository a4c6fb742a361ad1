/** Runs SQL in a DuckDB database of its own, in bounded memory. */
import { mkdir, rm } from "node:fs/promises"
import { join } from "node:path"
import type { DuckDBConnection } from "@duckdb/node-api"
import { Effect, Option, Stream } from "effect"
import { ComparisonError } from "../../src/services/lake/ComparisonError.ts"
import { attempt, failure, memoryLimit } from "./DuckDbErrors.ts"

/** Its tables are deleted when the scope closes. */
export interface DuckDbEngine {
  /** Runs statements one after the other. */
  readonly run: (statements: ReadonlyArray<string>) => Effect.Effect<void, ComparisonError>
  /** The rows of a query whose columns are all text. */
  readonly rows: (query: string) => Stream.Stream<ReadonlyArray<string | null>, ComparisonError>
}

const engineSettings = (folder: string) => ({
  memory_limit: memoryLimit,
  threads: "2",
  temp_directory: join(folder, "spilled"),
  preserve_insertion_order: "false",
  // Loads nothing from the network.
  autoinstall_known_extensions: "false",
  autoload_known_extensions: "false",
})

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
  (connection: DuckDBConnection): DuckDbEngine["rows"] =>
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

export const loadDuckDb = Effect.tryPromise({
  try: () => import("@duckdb/node-api"),
  catch: (cause) =>
    new ComparisonError({
      reason: "EngineMissing",
      detail: `the package @duckdb/node-api cannot be loaded on ${process.platform} ${process.arch}`,
      cause,
    }),
})

/** Opens a new database in `folder`, which is created for it and deleted with the scope. */
export const openEngine = Effect.fnUntraced(function* (
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
  const engine: DuckDbEngine = {
    run: (statements) =>
      Effect.forEach(statements, (statement) => stoppable(connection, () => connection.run(statement)), {
        discard: true,
      }),
    rows: rowsOf(connection),
  }
  return engine
})

export const removed = (folder: string) =>
  Effect.ignore(attempt("removing a temporary folder", () => rm(folder, { recursive: true, force: true })))

/** Returns the number that is the only value of a query. */
export const numberOf = (engine: DuckDbEngine, query: string) =>
  Effect.map(Stream.runHead(engine.rows(query)), (row) => Number(Option.getOrUndefined(row)?.[0] ?? null))
