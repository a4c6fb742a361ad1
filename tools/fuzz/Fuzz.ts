/** Runs damaged lines and files through their readers, and collects what does not hold. */

import { Random } from "../../test/support/Random.ts"
import { checkFile, type FileKind, keysIn } from "./FileCheck.ts"
import { fileMaterial, wholeWatermark } from "./FileCorpus.ts"
import { checkLine } from "./LineCheck.ts"
import { lineCorpus, lineMaterial, rowLines } from "./LineCorpus.ts"
import { type Material, mutated } from "./Mutation.ts"

export interface Finding {
  readonly problem: string
  /** The input, drawn and so nobody's data. */
  readonly input: string
  /** Which of the run's inputs it was. */
  readonly number: number
}

export interface Tally {
  inputs: number
  accepted: number
  /** Lines of columns that were known. */
  known: number
  /** The longest that one took, in milliseconds. */
  slowest: number
  readonly findings: Array<Finding>
}

const emptyTally = (): Tally => ({ inputs: 0, accepted: 0, known: 0, slowest: 0, findings: [] })

/** For inputs of up to some 400 kB: a reader that goes back takes seconds, one that does not some milliseconds. */
const slowestAllowed = 1000

/** A run that finds this much is of no more use. */
const mostFindings = 20

interface Checked {
  readonly problem?: string
  readonly isAccepted: boolean
  readonly isKnown?: boolean
}

const timed = (check: () => Checked) => {
  const begin = performance.now()
  const checked = check()
  return { checked, millis: performance.now() - begin }
}

/** Of the processor's time, which other processes do not take part in; the faster of two tries. In milliseconds. */
const processorTime = (check: () => Checked): number => {
  const once = () => {
    const before = process.cpuUsage()
    check()
    return process.cpuUsage(before).user / 1000
  }
  return Math.min(once(), once())
}

/** Takes the check's verdict into the tally. A slow one is measured anew: the machine may have been busy. */
const take = (tally: Tally, number: number, input: string, check: () => Checked): void => {
  let problem: string | undefined
  try {
    const { checked, millis } = timed(check)
    const fastest = millis > slowestAllowed ? processorTime(check) : millis
    if (checked.isAccepted) tally.accepted++
    if (checked.isKnown === true) tally.known++
    tally.slowest = Math.max(tally.slowest, fastest)
    problem = fastest > slowestAllowed ? `it takes ${Math.round(fastest)} ms` : checked.problem
  } catch (cause) {
    problem = `it throws ${String(cause)}`
  }
  tally.inputs++
  if (problem !== undefined) tally.findings.push({ problem, input, number })
}

export interface Run {
  readonly count: number
  readonly seed: number
  /** Ends earlier where so much time has passed. */
  readonly minutes?: number
  /** Told the number of each input before it is read. */
  readonly begins?: (number: number) => void
}

/** Each input has a seed of its own, so that it does not depend on those before it. */
const randomFor = (seed: number, number: number): Random => new Random(Math.imul(seed, 0x9e3779b1) ^ number)

/** One in so many lines is also read in parts, which takes as long as all other checks together. */
const readInParts = 8

/** One in so many inputs is as it was. */
const undamaged = 20

const runs = (
  { count, seed, minutes = Number.POSITIVE_INFINITY, begins = () => {} }: Run,
  each: (random: Random, number: number, tally: Tally) => void,
): Tally => {
  const tally = emptyTally()
  const end = performance.now() + minutes * 60_000
  for (let number = 0; number < count && tally.findings.length < mostFindings; number++) {
    if (number % 1024 === 0 && performance.now() > end) break
    begins(number)
    each(randomFor(seed, number), number, tally)
  }
  return tally
}

export const fuzzLines = (run: Run): Tally => {
  const corpus = lineCorpus(run.seed)
  const likely = rowLines(corpus)
  const material = lineMaterial(corpus)
  return runs(run, (random, number, tally) => {
    const line = random.pick(random.once(2) ? likely : corpus)
    const known = line.known.length === 0 ? undefined : random.pick(line.known)
    const text = random.once(undamaged) ? line.text : mutated(random, line.text, material)
    take(tally, number, text, () => {
      const { isDecoded, ...verdict } = checkLine(text, known, number % readInParts === 0)
      return { ...verdict, isAccepted: isDecoded }
    })
  })
}

const kinds: ReadonlyArray<FileKind> = ["watermark", "watermark", "manifest", "key"]

export const fuzzFiles = (run: Run): Tally => {
  const materials = new Map<FileKind, Material>(kinds.map((kind) => [kind, fileMaterial(kind, run.seed)]))
  const knownKeys = keysIn(wholeWatermark())
  return runs(run, (random, number, tally) => {
    const kind = random.pick(kinds)
    const material = materials.get(kind) ?? { corpus: [""], words: [""] }
    const original = random.pick(material.corpus)
    const isWhole = random.once(undamaged)
    const text = isWhole ? original : mutated(random, original, material)
    take(tally, number, text, () => {
      const verdict = checkFile(kind, text, knownKeys)
      return isWhole && !verdict.isAccepted && !original.includes("/_")
        ? { isAccepted: false, problem: "what the program prints is refused" }
        : verdict
    })
  })
}
