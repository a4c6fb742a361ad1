/**
 * The result of one check of `doctor`, as plain data. `FindingTable.ts` prints it.
 */

/** `failed`: `full` or `cdc` would not work. `unchecked`: another check failed first. */
export type Mark = "ok" | "note" | "warning" | "failed" | "unchecked"

/** What a person can do about it. */
export interface Remedy {
  /** Statements to run as they are, in this order. None of them loses data: such a step is only in the advice. */
  readonly sql: ReadonlyArray<string>
  /** Settings, commands and choices, in words; empty if the statements are enough. */
  readonly advice: string
}

export interface Finding extends Remedy {
  readonly mark: Mark
  /** The subject: `wal_level`, `slot "data_sync_slot"`, `"db_loja"."cliente"`. */
  readonly check: string
  /** Its state. Never a row value or a secret. */
  readonly finding: string
}

/** The findings about the source, the lake, or the machine where the program runs. */
export interface Section {
  readonly name: string
  /** `loja on db.example:5432` */
  readonly location: string
  readonly findings: ReadonlyArray<Finding>
}

const nothingToDo: Remedy = { sql: [], advice: "" }

export const ok = (check: string, finding: string): Finding => ({
  mark: "ok",
  check,
  finding,
  ...nothingToDo,
})

/** Information, not a problem. */
export const note = (check: string, finding: string, advice = ""): Finding => ({
  mark: "note",
  check,
  finding,
  sql: [],
  advice,
})

/** `full` and `cdc` work, but with a limitation, or perhaps not for long. */
export const warning = (check: string, finding: string, remedy: Partial<Remedy>): Finding => ({
  mark: "warning",
  check,
  finding,
  ...nothingToDo,
  ...remedy,
})

/** `full` or `cdc` would fail. */
export const failed = (check: string, finding: string, remedy: Partial<Remedy>): Finding => ({
  mark: "failed",
  check,
  finding,
  ...nothingToDo,
  ...remedy,
})

/** `because` is the reason: `the lake cannot be reached`. */
export const unchecked = (check: string, because: string): Finding => ({
  mark: "unchecked",
  check,
  finding: `not checked: ${because}`,
  ...nothingToDo,
})

export const count = (sections: ReadonlyArray<Section>, mark: Mark): number =>
  sections.flatMap(({ findings }) => findings).filter((finding) => finding.mark === mark).length
