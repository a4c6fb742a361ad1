/**
 * The sizes of parts in a multipart upload. S3 allows 10 000 parts, each but the last of 5 MiB or more, and 5 TiB in all.
 * Small parts keep memory flat, so that parts have 5 MiB up to an object of 9 GiB. From then on every 48th part adds 8 MiB,
 * which is enough for 5 TiB. A part near the end of 1 TiB is 0.6 GiB.
 */

const mebibyte = 1024 * 1024
const smallest = 5 * mebibyte
const step = 8 * mebibyte
const partsOfSmallest = 2000
const partsPerStep = 48

/** S3's limit. */
export const maxParts = 10_000

/** Bytes of part `number`, counted from 1. Never above 2 GiB, where one hash or one write call ends. */
export const partBytes = (number: number): number =>
  smallest + step * Math.max(0, Math.ceil((number - partsOfSmallest) / partsPerStep))
