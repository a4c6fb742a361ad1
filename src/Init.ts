/** Makes what is missing before `full` and `cdc` can run. Safe to repeat. */
import { Console, Effect } from "effect"
import { forAWhile, patiently } from "./Patience.ts"
import { ObjectStore } from "./services/ObjectStore.ts"
import { ReplicationSlot } from "./services/ReplicationSlot.ts"

export const init = Effect.gen(function* () {
  const store = yield* ObjectStore
  const slot = yield* ReplicationSlot
  const madeLake = yield* patiently(forAWhile, () => store.prepare)
  yield* Console.log(`lake  ${store.location}: ${madeLake ? "made" : "is there"}`)
  const madeSlot = yield* patiently(forAWhile, () => slot.create)
  yield* Console.log(`slot  ${slot.name} (test_decoding): ${madeSlot ? "made" : "is there"}`)
})
