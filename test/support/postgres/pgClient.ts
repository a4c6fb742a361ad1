/** A plain `pg` client for tests: what it says is the server's own text, against which everything else is compared. */
import { Data, Effect, type Scope, Semaphore } from "effect"
import pg from "pg"

/** A row as the server prints it: no value is turned into a number, date or object. */
export type TextRow = Readonly<Record<string, string | null>>

export class SqlFailure extends Data.TaggedError("SqlFailure")<{
  /** SQLSTATE, or Node's code of a broken connection. */
  readonly code: string
  readonly message: string
}> {}

const failure = (cause: unknown): SqlFailure => {
  const code = cause instanceof Error && "code" in cause ? String(cause.code) : "unknown"
  return new SqlFailure({ code, message: cause instanceof Error ? cause.message : String(cause) })
}

export interface TestSession {
  /**
   * Runs SQL and answers the rows of its last statement. Without `values` the text may hold several statements, which
   * are one transaction unless they say otherwise.
   */
  readonly sql: (
    text: string,
    values?: ReadonlyArray<string | null>,
  ) => Effect.Effect<ReadonlyArray<TextRow>, SqlFailure>
}

const asText = { getTypeParser: () => (value: string) => value }

/** One connection, opened at first use and again after the server ended it, until the scope closes. */
export const openSession = (url: string): Effect.Effect<TestSession, never, Scope.Scope> =>
  Effect.gen(function* () {
    let client: pg.Client | undefined
    const forget = (gone: pg.Client) => () => {
      if (client === gone) client = undefined
    }
    const connected = async (): Promise<pg.Client> => {
      if (client !== undefined) return client
      const opened = new pg.Client({ connectionString: url, application_name: "test" })
      opened.on("error", forget(opened))
      opened.on("end", forget(opened))
      await opened.connect()
      client = opened
      return opened
    }
    yield* Effect.addFinalizer(() => Effect.promise(async () => client?.end().catch(() => undefined)))
    // Tests that run at once may share a session; a connection does one thing after the other.
    const inTurn = Semaphore.withPermits(yield* Semaphore.make(1), 1)
    return {
      sql: (text, values) =>
        Effect.tryPromise({
          try: async () => {
            const session = await connected()
            const query = { text, types: asText, ...(values === undefined ? {} : { values: [...values] }) }
            // Several statements give several results, which the type of `query` does not tell.
            const told: pg.QueryResult<TextRow> | Array<pg.QueryResult<TextRow>> = await session.query(query)
            return Array.isArray(told) ? (told.at(-1)?.rows ?? []) : told.rows
          },
          catch: failure,
        }).pipe(inTurn),
    }
  })
