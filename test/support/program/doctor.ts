/** `doctor` as a person runs it: what it prints, read back from the table. */
import { randomBytes } from "node:crypto"
import { type Duration, Effect } from "effect"
import type { TestSession } from "../postgres/pgClient.ts"
import { type Environment, runProgram } from "./program.ts"

export interface Examined {
  readonly code: number | null
  readonly stdout: string
  readonly stderr: string
  /** `FAIL role` for each row that is not `ok` or `note`, in the order of the table. */
  readonly complaints: ReadonlyArray<string>
  /** The statements that stand on lines of their own, to be carried out as they are. */
  readonly statements: ReadonlyArray<string>
}

const rowStart = /^ {2}(ok {2}|note|warn|FAIL|-- {2}) {2}(.*?)(?: {2}|$)/

export const runDoctor = (environment: Environment, deadline?: Duration.Input): Effect.Effect<Examined> =>
  Effect.map(
    runProgram(["doctor"], environment, undefined, undefined, deadline),
    ({ code, stdout, stderr }) => {
      const lines = stdout.split("\n")
      return {
        code,
        stdout,
        stderr,
        complaints: lines.flatMap((line) => {
          const [, mark = "ok", check = ""] = rowStart.exec(line) ?? []
          return /ok|note/.test(mark) ? [] : [`${mark.trim()} ${check}`]
        }),
        statements: lines
          .map((line) => line.trim())
          .filter((line) => /^(ALTER|GRANT|SELECT) .*;$/.test(line)),
      }
    },
  )

/** Runs it, does what it says, and runs it again. */
export const mendedBy = (environment: Environment, { sql }: Pick<TestSession, "sql">) =>
  Effect.gen(function* () {
    const before = yield* runDoctor(environment)
    for (const statement of before.statements) yield* sql(statement)
    return { before, after: yield* runDoctor(environment) }
  })

/** A role that may log in and nothing else, and the settings with which the program uses it. */
export const openRole = Effect.fn("openRole")(function* (
  { sql }: Pick<TestSession, "sql">,
  environment: Environment,
  attributes = "",
) {
  const role = `reader_${randomBytes(6).toString("hex")}`
  yield* Effect.acquireRelease(sql(`CREATE ROLE ${role} LOGIN PASSWORD 'secret' ${attributes}`), () =>
    Effect.ignore(sql(`DROP OWNED BY ${role}; DROP ROLE ${role}`)),
  )
  const url = new URL(environment["DATABASE_URL"] ?? "")
  url.username = role
  url.password = "secret"
  const ofRole: Environment = { ...environment, DATABASE_URL: url.href }
  return { role, environment: ofRole }
})
