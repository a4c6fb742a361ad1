/** Prints a number of bytes for people: `1.5 GiB`. */
import { ByteSize } from "effect"

export const printBytes = (amount: number): string =>
  ByteSize.format(ByteSize.bytes(Math.max(0, Math.round(amount))), { precision: 1 })
