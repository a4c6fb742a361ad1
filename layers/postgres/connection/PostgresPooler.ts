/**
 * Recognises a connection pooler between the program and PostgreSQL. If it shares server sessions, a session's lock protects
 * nothing, and a `SET` reaches other clients of the pool. The protocol announces the server process (message BackendKeyData).
 * A pooler announces another one, because it has not chosen a server session yet.
 * Source: PostgreSQL manual, chapter "Frontend/Backend Protocol".
 */
import { Effect } from "effect"
import type { Client, QueryResult } from "pg"
import type { SessionPooler } from "../../../src/core/source/SourceAddress.ts"
import { SourceError } from "../../../src/services/source/SourceError.ts"

/** The server process that runs a session's statements. */
export interface ServerProcess {
  readonly pid: string
  /** True if another process was announced: a pooler is in between, and `SOURCE_SESSION_POOLER` allows it. */
  readonly isPooled: boolean
}

/** PostgreSQL always announces one. The driver's types omit it. */
const announcedPid = (client: Client): number | undefined =>
  "processID" in client && typeof client.processID === "number" ? client.processID : undefined

/** SQLSTATE of the cast below, the only one in the message. */
const castFailed = "22P02"

/**
 * Returns SQL that reads the server process. If it is not the announced one, and no pooler is allowed, the statement fails
 * and with it the whole message that it begins. The cast runs only with the statement, because its text is no constant. All
 * names are qualified, so that the role's search path has no effect.
 */
const processSql = (announced: number | undefined, sessionPooler: SessionPooler): string => {
  const pid = "pg_catalog.pg_backend_pid()"
  const refusal = `pg_catalog.concat('a connection pooler: this is server process ', ${pid})::pg_catalog.int4`
  const check =
    announced === undefined
      ? refusal
      : `CASE WHEN ${pid} OPERATOR(pg_catalog.=) ${announced} THEN 0 ELSE ${refusal} END`
  return `SELECT ${pid} AS pid${sessionPooler === "allow" ? "" : `, ${check} AS direct`};`
}

/**
 * Sends `sql` (several statements, whose rows are ignored) in one message after the query for the server process. Rejects with
 * `Pooler`, before any of them takes effect, if a pooler answers that is not allowed.
 */
export const setUp = async (
  client: Client,
  subject: string,
  sessionPooler: SessionPooler,
  sql: string,
): Promise<ServerProcess> => {
  const announced = announcedPid(client)
  // Several statements return several results, which the type of `query` omits.
  const answer: QueryResult<{ pid: string }> | ReadonlyArray<QueryResult<{ pid: string }>> = await client
    .query<{ pid: string }>(processSql(announced, sessionPooler) + sql)
    .catch((cause: unknown) => {
      if (!(cause instanceof Error && "code" in cause && cause.code === castFailed)) throw cause
      const detail =
        "a connection pooler answers there: the session's server process is not the one that was announced"
      throw new SourceError({ reason: "Pooler", subject, detail })
    })
  const pid = ("rows" in answer ? answer : answer[0])?.rows[0]?.pid ?? ""
  return { pid, isPooled: pid !== String(announced) }
}

/**
 * Fails with `Pooler` if a later statement of a session reached another server process, without its locks and settings. Only
 * this detects a pooler that announces a true process, or an allowed one that shares sessions.
 */
export const checkProcess = (
  session: { readonly server: ServerProcess },
  subject: string,
  pid: string | null | undefined,
): Effect.Effect<void, SourceError> => {
  if (pid === session.server.pid) return Effect.void
  const detail = `a connection pooler shares sessions: one of ours began in server process ${session.server.pid} and went on in ${pid ?? "none"}`
  return Effect.fail(new SourceError({ reason: "Pooler", subject, detail }))
}
