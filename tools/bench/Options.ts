/** What is asked of a bench on its command line. */
import { resolve } from "node:path"
import { names, path, UsageError, type Values, whole } from "../kit/Arguments.ts"

/** Parts that can be run one by one. */
const partsOf = {
  full: ["speed", "parallel", "gzip", "memory"],
  cdc: ["startup", "transactions", "singles", "memory", "drain"],
  idle: ["poll", "retention"],
  latency: [],
  impact: [],
} satisfies Readonly<Record<string, ReadonlyArray<string>>>
export type BenchName = keyof typeof partsOf

const benchNames: ReadonlyArray<string> = Object.keys(partsOf)
const isBenchName = (name: string | undefined): name is BenchName =>
  name !== undefined && benchNames.includes(name)

export const lakeNames = ["folder", "s3"] as const
export type LakeName = (typeof lakeNames)[number]

export interface Options {
  readonly bench: BenchName
  /** Measured pairs of floor and tool, after one that is thrown away. */
  readonly runs: number
  /** Rows of the table that `full` copies. */
  readonly rows: number
  /** Changes of the backlog that `cdc` drains. */
  readonly changes: number
  /** How long `latency` and each run of `impact` last. */
  readonly seconds: number
  readonly lakes: ReadonlyArray<LakeName>
  /** Parts of the bench to run; all where none is named. */
  readonly only: ReadonlyArray<string>
  /** `dist/main.js` of another build: it is the floor of the parts that have one. */
  readonly against: string | undefined
  /** Folder for the server's data and the lake; chosen by room where it is not given. */
  readonly data: string | undefined
  /** File for the figures; one of its own under `tools/bench/results` where it is not given. */
  readonly json: string | undefined
}

export const usage = `npm run bench -- ${benchNames.join("|")} [--runs 5] [--rows 3000000] [--changes 1000000] [--seconds 30]
    [--lake folder|s3] [--only PART,PART] [--data FOLDER] [--json FILE]
    [--against MAIN.JS]
${Object.entries(partsOf)
  .flatMap(([bench, parts]) => (parts.length === 0 ? [] : [`  parts of ${bench}: ${parts.join(", ")}\n`]))
  .join(
    "",
  )}  PSQL=/path/to/psql names the psql of the floor where none is on the PATH; S3_TEST_ENDPOINT, S3_TEST_ACCESS_KEY and
  S3_TEST_SECRET_KEY an S3 server. Build the program first: npm run build.`

const allParts: ReadonlyArray<string> = Object.values(partsOf).flat()

export const flags = {
  runs: whole(5, 1),
  rows: whole(3_000_000, 1),
  changes: whole(1_000_000, 1),
  seconds: whole(30, 1),
  lake: names(lakeNames),
  only: names(allParts, []),
  against: path,
  data: path,
  json: path,
}

/** Throws a `UsageError` where no bench is named, or a part of another one. */
export const optionsOf = (
  { lake, against, ...values }: Values<typeof flags>,
  positionals: ReadonlyArray<string>,
): Options => {
  const [bench] = positionals
  if (!isBenchName(bench) || positionals.length > 1) throw new UsageError(usage)
  const parts: ReadonlyArray<string> = partsOf[bench]
  const foreign = values.only.find((part) => !parts.includes(part))
  if (foreign !== undefined) throw new UsageError(`"${foreign}" is no part of ${bench}\n${usage}`)
  return { bench, lakes: lake, against: against && resolve(against), ...values }
}
