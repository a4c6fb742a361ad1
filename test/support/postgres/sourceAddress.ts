/** A `DATABASE_URL` as the layers take it. */
import { Result } from "effect"
import { parseConnectionString } from "../../../src/core/source/ConnectionString.ts"
import { type SourceAddress, sourceAddressOf } from "../../../src/core/source/SourceAddress.ts"

/** `sslmode=disable` where it says nothing else. */
export const sourceAddress = (url: string): SourceAddress =>
  Result.getOrThrow(
    sourceAddressOf(new Map([["sslmode", "disable"], ...Result.getOrThrow(parseConnectionString(url))])),
  )
