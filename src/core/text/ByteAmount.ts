/** Amounts of bytes as people read and write them. */
import { ByteSize, Option, Result } from "effect"

/** Prints a number of bytes for people: `1.5 GiB`. */
export const printBytes = (amount: number): string =>
  ByteSize.format(ByteSize.bytes(Math.max(0, Math.round(amount))), { precision: 1 })

/**
 * Returns the bytes of `16MB`, `512MiB`, `1.5 GB` or `4096`: `MB` is a million of them, `MiB` 1048576, and a number alone
 * counts bytes. Fails with what is expected.
 */
export const parseBytes = (text: string): Result.Result<number, string> =>
  Result.fromOption(
    Option.filter(
      /^\s*\d+\s*$/.test(text)
        ? Option.some(Number(text))
        : Option.flatMap(ByteSize.fromString(text), ByteSize.toNumber),
      Number.isSafeInteger,
    ),
    () => "a number of bytes is expected, such as 0, 64kB, 16MB or 512MiB",
  )
