/** What is asked of a bench on its command line. */
import { parseArgs } from "node:util"

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
  /** Folder for the server's data and the lake; chosen by room where it is not given. */
  readonly data: string | undefined
  /** File for the figures; one of its own under `bench/results` where it is not given. */
  readonly json: string | undefined
}

const usage = `npm run bench -- ${benchNames.join("|")} [--runs 5] [--rows 3000000] [--changes 1000000] [--seconds 30]
    [--lake folder|s3] [--only PART,PART] [--data FOLDER] [--json FILE]
${Object.entries(partsOf)
  .flatMap(([bench, parts]) => (parts.length === 0 ? [] : [`  parts of ${bench}: ${parts.join(", ")}\n`]))
  .join(
    "",
  )}  PSQL=/path/to/psql names the psql of the floor where none is on the PATH; S3_TEST_ENDPOINT, S3_TEST_ACCESS_KEY and
  S3_TEST_SECRET_KEY an S3 server. Build the program first: npm run build.`

export const parseOptions = (args: ReadonlyArray<string>): Options => {
  const { values, positionals } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: {
      runs: { type: "string", default: "5" },
      rows: { type: "string", default: "3000000" },
      changes: { type: "string", default: "1000000" },
      seconds: { type: "string", default: "30" },
      lake: { type: "string", default: lakeNames.join(",") },
      only: { type: "string", default: "" },
      data: { type: "string" },
      json: { type: "string" },
    },
  })
  const count = (name: "runs" | "rows" | "changes" | "seconds"): number => {
    const number = Number(values[name])
    if (!Number.isInteger(number) || number < 1)
      throw new Error(`--${name}: a whole number from 1 on\n${usage}`)
    return number
  }
  const list = (text: string, known: ReadonlyArray<string>): ReadonlyArray<string> => {
    const named = text.split(",").filter((one) => one !== "")
    const unknown = named.find((one) => !known.includes(one))
    if (unknown !== undefined) throw new Error(`"${unknown}" is not known here\n${usage}`)
    return named
  }
  const [bench] = positionals
  if (!isBenchName(bench) || positionals.length > 1) throw new Error(usage)
  const lakes = list(values.lake, lakeNames)
  const only = list(values.only, partsOf[bench])
  return {
    bench,
    runs: count("runs"),
    rows: count("rows"),
    changes: count("changes"),
    seconds: count("seconds"),
    lakes: lakeNames.filter((name) => lakes.includes(name)),
    only,
    data: values.data,
    json: values.json,
  }
}
