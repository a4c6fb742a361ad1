/** Findings are told one by one: they can be as many as the table has rows. */
import type { Effect } from "effect"
import type { Finding } from "../core/LakeFinding.ts"

export type Tell = (finding: Finding) => Effect.Effect<void>
