/**
 * What `doctor` says of one thing that it looked at. Plain data: facts are gathered elsewhere, decided elsewhere, and
 * printed by `FindingTable.ts`.
 */

/** Only `failed` says that `full` or `cdc` would not work. `unchecked` stands where something else failed first. */
export type Mark = "ok" | "note" | "warning" | "failed" | "unchecked"

/** What a person does about it. */
export interface Remedy {
  /** Statements to run as they are, in this order. None of them loses anything: what does is left to the advice. */
  readonly sql: ReadonlyArray<string>
  /** Settings, commands and choices, in words; empty where the statements are all. */
  readonly advice: string
}

export interface Finding extends Remedy {
  readonly mark: Mark
  /** What was looked at: `wal_level`, `slot "data_sync_slot"`, `"db_loja"."cliente"`. */
  readonly check: string
  /** How it is. Never a row value or a secret. */
  readonly finding: string
}

/** The findings about one place: the source, the lake, the machine where the program runs. */
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

/** Good to know, and no fault. */
export const note = (check: string, finding: string, advice = ""): Finding => ({
  mark: "note",
  check,
  finding,
  sql: [],
  advice,
})

/** `full` and `cdc` work, but not as well as they could, or not for as long. */
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

/** `because` is what failed before: `the lake cannot be reached`. */
export const unchecked = (check: string, because: string): Finding => ({
  mark: "unchecked",
  check,
  finding: `not checked: ${because}`,
  ...nothingToDo,
})

export const count = (sections: ReadonlyArray<Section>, mark: Mark): number =>
  sections.flatMap(({ findings }) => findings).filter((finding) => finding.mark === mark).length
