/** Flags that override a setting of the same name, made from the table of settings: `--lake-url` for `LAKE_URL`. */
import { Option } from "effect"
import { Flag } from "effect/cli"
import { defaultOf, flagNameOf, type SettingSpec } from "../settings/SettingSpec.ts"
import { type FlagName, settingSpecs } from "../settings/SettingTable.ts"

/** The default is in the description, because help shows no other. */
const flag = (variable: string, spec: SettingSpec) =>
  Flag.String(flagNameOf(variable)).pipe(
    Flag.withDescription(`${spec.summary} (${variable}; ${defaultOf(spec)})`),
    Flag.optional,
  )

export type SettingFlags = { readonly [Variable in FlagName]: Option.Option<string> }

/** One flag for each setting that has one, by the variable that it stands for. */
export const settingFlags = Object.fromEntries(
  settingSpecs.flatMap(([variable, spec]) => (spec.flag ? [[variable, flag(variable, spec)] as const] : [])),
  // `Object.fromEntries` forgets which keys there are: the specs with `flag: true`, which are `FlagName`.
) as { readonly [Variable in FlagName]: ReturnType<typeof flag> }

/** The flags that were given, as the variables they stand for. */
export const asVariables = (flags: Partial<SettingFlags>): Record<string, string> =>
  Object.fromEntries(
    Object.entries(flags).flatMap(([variable, value]) =>
      Option.isSome(value) ? [[variable, value.value]] : [],
    ),
  )
