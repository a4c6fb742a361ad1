/** What is known of one setting: enough to read it, to name it in help and messages, and to document it. */

/** What a value is: one of some words, a whole number in a range (both ends allowed), or text of some form. */
export type SettingValue =
  | { readonly oneOf: ReadonlyArray<string> }
  | { readonly from: number; readonly to: number; readonly unit: string }
  | { readonly form: string }

export interface SettingSpec {
  readonly group: "Source" | "Lake" | "Pipeline" | "Output"
  readonly value: SettingValue
  /** Stands in messages, as in `LAKE_URL=s3://raw`. */
  readonly example: string
  /** Is read where the variable is unset. */
  readonly fallback?: string
  /** In words, what holds where the variable is unset and has no `fallback`. */
  readonly unset?: string
  /** Whether a flag of the same name overrides it. Secrets have none: other users of the machine would see them. */
  readonly flag: boolean
  /** Half a line, for help and `.env.example`. */
  readonly summary: string
  /** Sentences for docs/settings.md, one paragraph each; links are relative to `docs/`. */
  readonly meaning: ReadonlyArray<string>
}

/** The default as a person reads it. */
export const defaultOf = ({ fallback, unset }: SettingSpec): string => fallback ?? unset ?? "none"

/** `--lake-url` for `LAKE_URL`, without the dashes. */
export const flagNameOf = (variable: string): string => variable.toLowerCase().replaceAll("_", "-")
