/**
 * The settings of a running `cdc`: those in force, and those that were read again and wait for the next batch. SIGHUP reads
 * them; a batch takes all of them or none.
 */
import { Context, Effect, Equal, Latch, Option } from "effect"
import { Settings } from "../Settings.ts"

type Values = Settings["Service"]

/** The settings that need a restart, with their variables. All others apply without one. */
const fixed = {
  source: "DATABASE_URL and PG*",
  slot: "REPLICATION_SLOT",
  lake: "LAKE_URL",
  lakeUmask: "LAKE_UMASK",
  s3: "MINIO_* and AWS_*",
  layout: "LAKE_LAYOUT",
  csvCompression: "CSV_COMPRESSION",
  metricsPort: "METRICS_PORT",
  metricsHost: "METRICS_HOST",
} as const satisfies Partial<Record<keyof Values, string>>

// `Object.keys` loses the type of the keys.
const fixedKeys = Object.keys(fixed) as ReadonlyArray<keyof typeof fixed>

/** Returns what was read, with those settings in force that need a restart. */
const withFixed = (inForce: Values, read: Values): Values => ({
  ...read,
  ...Object.fromEntries(fixedKeys.map((key) => [key, inForce[key]])),
})

/** URLs and secrets are compared by what they hold. */
const isSame = (one: unknown, other: unknown): boolean =>
  Equal.equals(one, other) || (one instanceof URL && other instanceof URL && one.href === other.href)

const differs = (one: unknown, other: unknown): boolean => {
  const [a, b] = [
    Option.isOption(one) ? Option.getOrUndefined(one) : one,
    Option.isOption(other) ? Option.getOrUndefined(other) : other,
  ]
  if (isSame(a, b)) return false
  const isPlain = (value: unknown): value is Readonly<Record<string, unknown>> =>
    typeof value === "object" && value !== null && Object.getPrototypeOf(value) === Object.prototype
  return (
    !isPlain(a) ||
    !isPlain(b) ||
    [...new Set([...Object.keys(a), ...Object.keys(b)])].some((key) => differs(a[key], b[key]))
  )
}

/** Returns the variables that were changed, and whose change needs a restart. */
export const needRestart = (inForce: Values, read: Values): ReadonlyArray<string> =>
  fixedKeys.filter((key) => differs(inForce[key], read[key])).map((key) => fixed[key])

export class LiveSettings {
  #inForce: Values
  #next = Option.none<Values>()
  readonly #isWaiting = Latch.makeUnsafe(false)

  constructor(inForce: Values) {
    this.#inForce = inForce
  }

  get inForce(): Values {
    return this.#inForce
  }

  /** The settings that were read again, until they are taken or refused. */
  get next(): Option.Option<Values> {
    return this.#next
  }

  /** Succeeds as soon as there is a `next`. */
  get waiting(): Effect.Effect<void> {
    return this.#isWaiting.await
  }

  /** What was read again. Settings that need a restart stay as they are; those of the log apply at once. */
  offer(read: Values): void {
    const { logLevel, logFormat } = read
    this.#inForce = { ...this.#inForce, logLevel, logFormat }
    this.#next = Option.some(withFixed(this.#inForce, read))
    this.#isWaiting.openUnsafe()
  }

  /** Puts the settings into force. Newer ones may wait by now. */
  take(next: Values): void {
    const { logLevel, logFormat } = this.#inForce
    this.#inForce = { ...next, logLevel, logFormat }
    this.refuse(next)
  }

  /** The settings in force stay. */
  refuse(next: Values): void {
    if (!Option.contains(this.#next, next)) return
    this.#next = Option.none()
    this.#isWaiting.closeUnsafe()
  }
}

/** Of the `cdc` in this process; none for other commands, whose settings never change. */
export const CurrentSettings = Context.Reference<Option.Option<LiveSettings>>(
  "afluente/settings/CurrentSettings",
  { defaultValue: Option.none },
)

/** Returns those of this process, or the settings as they are. */
export const liveSettings = Effect.gen(function* () {
  const current = yield* CurrentSettings
  return Option.isSome(current) ? current.value : new LiveSettings(yield* Settings)
})
