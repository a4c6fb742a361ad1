/** Removes the slot, so that PostgreSQL retains no WAL for it. Asks first. */
import { Console, Effect, Option, Runtime, Schema } from "effect"
import type { TableEntry } from "../../core/tables/TableEntry.ts"
import { limitedRetry, retrying } from "../../retry/RetryPolicy.ts"
import { Refusal } from "../../services/Refusal.ts"
import { ReplicationSlot, type SlotInUse } from "../../services/source/ReplicationSlot.ts"
import { Settings } from "../../settings/Settings.ts"

/** The dataset of a named table, or the pattern. */
const datasetsIn = (entry: TableEntry): ReadonlyArray<string> =>
  entry._tag === "Named" ? [entry.dataset] : entry._tag === "Pattern" ? [entry.pattern.text] : []

/** No terminal to ask on, and no `--yes`: exit 2. */
export class NobodyToAsk extends Schema.TaggedError<NobodyToAsk>()("NobodyToAsk", {
  slot: Schema.String,
}) {
  override readonly [Runtime.errorExitCode] = 2
  override get message(): string {
    return `drop-slot cannot be undone, and there is no terminal to ask on: add --yes to drop the slot "${this.slot}".`
  }
}

const inUse = (slot: string, by: SlotInUse["by"]) =>
  new Refusal({
    reason: "AnotherWriter",
    problem: `The slot "${slot}" is in use${Option.match(by, {
      onNone: () => "",
      onSome: ({ pid, application }) =>
        ` by process ${pid} of the server${application === "" ? "" : ` (${application})`}`,
    })}`,
    risk: "Without its slot a `cdc` cannot go on, and its lake would end with a gap",
    remedy:
      "Stop that `cdc` or other reader first; pg_stat_activity.client_addr shows from where it is connected",
  })

/** The consent: given by `--yes`, impossible without a terminal, or a function that asks on the terminal. */
export type Consent<E, R> = "given" | "nobody to ask" | ((question: string) => Effect.Effect<boolean, E, R>)

/** Drops the slot and prints what was done. Succeeds if there is no slot. Fails with `AnotherWriter` if it is in use. */
export const dropSlot = Effect.fn("DropSlot.dropSlot")(function* <E, R>(consent: Consent<E, R>) {
  const slot = yield* ReplicationSlot
  const { tables } = yield* Settings
  const missing = Console.log(`slot  ${slot.name}: does not exist, nothing to drop`)
  if (consent === "nobody to ask") return yield* new NobodyToAsk({ slot: slot.name })
  if (consent !== "given") {
    if (Option.isNone(yield* retrying(limitedRetry, slot.state))) return yield* missing
    const datasets = tables.flatMap(datasetsIn).join(", ")
    const agreed = yield* consent(
      `Drop the slot "${slot.name}"? No cdc can go on with this lake (${datasets}) after that`,
    )
    if (!agreed) return yield* Console.log(`slot  ${slot.name}: kept`)
  }
  const outcome = yield* retrying(limitedRetry, slot.drop)
  if (outcome === "missing") return yield* missing
  if (outcome !== "dropped") return yield* inUse(slot.name, outcome.by)
  yield* Console.log(`slot  ${slot.name}: dropped`)
})
