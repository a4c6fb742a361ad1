/** Flags that override a setting of the same name, built from the table of settings: `--lake-url` for `LAKE_URL`. */
import { Option } from "effect"
import { Flag } from "effect/cli"
import { defaultOf, flagNameOf, type SettingSpec } from "../settings/SettingSpec.ts"
import { type FlagName, settingSpecs } from "../settings/SettingTable.ts"

/** The description contains the default, because help prints no other. */
const flag = (variable: string, spec: SettingSpec) =>
  Flag.String(flagNameOf(variable)).pipe(
    Flag.withDescription(`${spec.summary} (${variable}; ${defaultOf(spec)})`),
    Flag.optional,
  )

export type SettingFlags = { readonly [Variable in FlagName]: Option.Option<string> }

/** One flag per setting that has one, by its variable. */
export const settingFlags = Object.fromEntries(
  settingSpecs.flatMap(([variable, spec]) => (spec.flag ? [[variable, flag(variable, spec)] as const] : [])),
  // `Object.fromEntries` loses the keys, which are those of the specs with `flag: true`: `FlagName`.
) as { readonly [Variable in FlagName]: ReturnType<typeof flag> }

/** Returns the given flags as variables. */
export const asVariables = (flags: Partial<SettingFlags>): Record<string, string> =>
  Object.fromEntries(
    Object.entries(flags).flatMap(([variable, value]) =>
      Option.isSome(value) ? [[variable, value.value]] : [],
    ),
  )
