/** Describes one setting: enough to read it, to name it in help and messages, and to document it. */

/** The kind of value: one of some words, an integer in a range (both ends allowed), or text of some form. */
export type SettingValue =
  | { readonly oneOf: ReadonlyArray<string> }
  | { readonly from: number; readonly to: number; readonly unit: string }
  | { readonly form: string }

export interface SettingSpec {
  readonly group: "Source" | "Lake" | "Pipeline" | "Output"
  readonly value: SettingValue
  /** Used in messages, as in `LAKE_URL=s3://raw`. */
  readonly example: string
  /** Read if the variable is unset. */
  readonly fallback?: string
  /** Describes the behaviour if the variable is unset and has no `fallback`. */
  readonly unset?: string
  /** True if a flag of the same name overrides it. Secrets have none: other users of the machine could read them. */
  readonly flag: boolean
  /** Half a line, for help and `.env.example`. */
  readonly summary: string
  /** Sentences for docs/settings.md, one paragraph each; links are relative to `docs/`. */
  readonly meaning: ReadonlyArray<string>
}

/** The default, for people. */
export const defaultOf = ({ fallback, unset }: SettingSpec): string => fallback ?? unset ?? "none"

/** `--lake-url` for `LAKE_URL`, without the dashes. */
export const flagNameOf = (variable: string): string => variable.toLowerCase().replaceAll("_", "-")
