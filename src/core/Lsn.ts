/**
 * An LSN, a position in PostgreSQL's write-ahead log (WAL): a 64-bit byte offset.
 * Printed as two hexadecimal halves, high and low, e.g. `16/B374D848`.
 * Source: PostgreSQL manual, type `pg_lsn`.
 */
import { Option, Schema } from "effect"

export const Lsn = Schema.BigInt.pipe(Schema.brand("Lsn"))
export type Lsn = typeof Lsn.Type

/** The position before everything; PostgreSQL prints it `0/0` and never gives it to a record. */
export const zero: Lsn = Lsn.make(0n)

/** Half a WAL segment, in bytes. The server removes whole segments, so less is hardly worth a write to the lake. */
export const halfSegment = 8n * 1024n * 1024n

/** Positions compare as numbers. Their printed form does not sort: `9/0` is before `10/0`. */
export const max = (a: Lsn, b: Lsn): Lsn => (a < b ? b : a)

const printed = /^([0-9A-Fa-f]{1,8})\/([0-9A-Fa-f]{1,8})$/

/** Reads `16/B374D848`, with or without leading zeros; anything else is none. */
export const parse = (text: string): Option.Option<Lsn> => {
  const halves = printed.exec(text)
  return halves === null
    ? Option.none()
    : Option.some(Lsn.make((BigInt(`0x${halves[1]}`) << 32n) | BigInt(`0x${halves[2]}`)))
}

const hex = (half: bigint): string => half.toString(16).toUpperCase()

/** As PostgreSQL prints it: `0/16B3748`. */
export const print = (lsn: Lsn): string => `${hex(lsn >> 32n)}/${hex(lsn & 0xffffffffn)}`

const hexOfByte = Array.from({ length: 256 }, (_, byte) => hex(BigInt(byte)).padStart(2, "0"))

/** All eight digits. From a table: each transaction prints one, and `toString(16)` takes several times as long. */
const hexOfHalf = (half: number): string =>
  `${hexOfByte[half >>> 24]}${hexOfByte[(half >>> 16) & 0xff]}${hexOfByte[(half >>> 8) & 0xff]}${hexOfByte[half & 0xff]}`

/** `00000000/016B3748`: text order is WAL order, and PostgreSQL still reads it as a `pg_lsn`. Column `_lsn`. */
export const printSortable = (lsn: Lsn): string =>
  `${hexOfHalf(Number(lsn >> 32n))}/${hexOfHalf(Number(lsn & 0xffffffffn))}`
