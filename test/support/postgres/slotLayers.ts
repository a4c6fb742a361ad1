/** The slot of a server and its changes. */
import { Layer } from "effect"
import * as TempFileSpool from "../../../layers/node/TempFileSpool.ts"
import * as PostgresChangeSource from "../../../layers/postgres/slot/PostgresChangeSource.ts"
import * as PostgresReplicationSlot from "../../../layers/postgres/slot/PostgresReplicationSlot.ts"
import type { SourceAddress } from "../../../src/core/source/SourceAddress.ts"

export const slotLayers = (address: SourceAddress, slot: string) =>
  Layer.merge(
    PostgresReplicationSlot.layer(address, slot),
    Layer.provide(PostgresChangeSource.layer(address, slot), TempFileSpool.layer),
  )
