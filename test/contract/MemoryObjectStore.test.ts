import { Effect } from "effect"
import * as MemoryObjectStore from "../../layers/memory/MemoryObjectStore.ts"
import { objectStoreContract } from "./objectStoreContract.ts"

objectStoreContract({
  name: "memory",
  layer: MemoryObjectStore.layer,
  leftovers: Effect.succeed([]),
})
