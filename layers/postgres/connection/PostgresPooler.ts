/**
 * Recognises a connection pooler between the program and PostgreSQL. Behind one that shares server sessions, a lock of a
 * session is no lock, and a `SET` reaches the other clients of the pool. The protocol announces the server process
 * (message BackendKeyData); a pooler announces one of its own, for it has not chosen a server session yet.
 * Source: PostgreSQL manual, chapter "Frontend/Backend Protocol".
 */
import { Effect } from "effect"
import type { Client, QueryResult } from "pg"
import type { SessionPooler } from "../../../src/core/source/SourceAddress.ts"
import { SourceError } from "../../../src/services/source/SourceError.ts"

/** The server process that carries out a session's statements. */
export interface ServerProcess {
  readonly pid: string
  /** The connection was announced another one: a pooler stands in between, and `SOURCE_SESSION_POOLER` vouches for it. */
  readonly isPooled: boolean
}

/** PostgreSQL always announces one. The driver's types leave it out. */
const announcedPid = (client: Client): number | undefined =>
  "processID" in client && typeof client.processID === "number" ? client.processID : undefined

/** SQLSTATE of the cast below, the only one in the message. */
const castFailed = "22P02"

/**
 * Tells the server process. Where it is not the announced one, and nobody vouches for the pooler, the statement fails,
 * and with it the message that it begins: nothing of that takes effect. The cast cannot be carried out before the
 * statement runs, for its text is no constant. A search path of the role's own decides nothing here.
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
 * Sends `sql`, several statements without rows that matter, in one message behind the question for the server process.
 * Rejects with `Pooler` before any of them takes effect where a pooler answers that nobody vouches for.
 */
export const setUp = async (
  client: Client,
  subject: string,
  sessionPooler: SessionPooler,
  sql: string,
): Promise<ServerProcess> => {
  const announced = announcedPid(client)
  // Several statements give several results, which the type of `query` does not tell.
  const answer: QueryResult<{ pid: string }> | ReadonlyArray<QueryResult<{ pid: string }>> = await client
    .query<{ pid: string }>(processSql(announced, sessionPooler) + sql)
    .catch((cause: unknown) => {
      if (!(cause instanceof Error && "code" in cause && cause.code === castFailed)) throw cause
      const detail =
        "a connection pooler answers there: the session's server process is not the one that the connection was told"
      throw new SourceError({ reason: "Pooler", subject, detail })
    })
  const pid = ("rows" in answer ? answer : answer[0])?.rows[0]?.pid ?? ""
  return { pid, isPooled: pid !== String(announced) }
}

/**
 * Fails with `Pooler` where a later statement of a session reached another server process: its locks and settings are
 * not there. It is the one sign of a pooler that announces a true process, and shows that a vouched one shares sessions.
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
