/**
 * The metrics of `/metrics` and OpenTelemetry. Their names and labels are a promise. Counters move once per batch or table,
 * gauges are set when somebody looks.
 */
import { Clock, Effect, Metric } from "effect"
import { type Service, Vitals } from "./Vitals.ts"

const counter = (name: string, description: string) =>
  Metric.counter(name, { description, incremental: true })
const gauge = (name: string, description: string) => Metric.gauge(name, { description })

const changes = counter("afluente_changes_total", "Rows of inc that are in the lake, by _op.")
const objects = counter("afluente_objects_total", "CSV objects that are in the lake, of full and inc.")
const bytes = counter("afluente_bytes_total", "Bytes of these objects.")
const retries = counter("afluente_retries_total", "Failures that were tried again.")
const batchSeconds = Metric.histogram("afluente_batch_seconds", {
  description: "Seconds from the look at the slot until the batch was confirmed; batches with rows only.",
  boundaries: [0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 1800],
})
const lagBytes = gauge("afluente_lag_bytes", "Log that was not read yet when the slot was last looked at.")
const lagSeconds = gauge("afluente_lag_seconds", "Age of the oldest commit that is not in the lake; 0: none.")
const retainedBytes = gauge("afluente_retained_wal_bytes", "Log that PostgreSQL keeps for the slot.")
const lastSuccess = gauge(
  "afluente_last_success_timestamp_seconds",
  "When a look found nothing to do, or a batch or copy was done; before the first time, when it began.",
)
const standby = gauge("afluente_standby", "1 while another process writes and this one waits, else 0.")

/** By the letter of `_op`. */
const letters = { Insert: "I", Update: "U", Delete: "D", Truncate: "T" } as const
type Op = keyof typeof letters
const ops = Object.keys(letters) as ReadonlyArray<Op> // the keys are those that stand above

export interface Written {
  readonly dataset: string
  readonly objects: ReadonlyArray<{ readonly bytes: number }>
  readonly rows: Readonly<Record<Op, number>>
}

const add = (metric: Metric.Counter<number>, labels: Readonly<Record<string, string>>, by: number) =>
  Metric.update(Metric.withAttributes(metric, labels), by)

const countDataset = ({ dataset, objects: made, rows }: Written) =>
  Effect.all(
    [
      ...ops.map((op) => add(changes, { dataset, op: letters[op] }, rows[op])),
      add(objects, { dataset }, made.length),
      add(
        bytes,
        { dataset },
        made.reduce((sum, object) => sum + object.bytes, 0),
      ),
    ],
    { discard: true },
  )

/** Series that begin at 0, so that the first change is an increase. */
export const beginCounting = (datasets: ReadonlyArray<string>) =>
  Effect.all(
    [
      ...datasets.map((dataset) =>
        countDataset({ dataset, objects: [], rows: { Insert: 0, Update: 0, Delete: 0, Truncate: 0 } }),
      ),
      add(retries, { service: "source" }, 0),
      add(retries, { service: "lake" }, 0),
    ],
    { discard: true },
  )

/** Objects of `inc` have become visible, whatever becomes of the rest of their batch: they are not written again. */
export const countWritten = (written: ReadonlyArray<Written>) =>
  Effect.forEach(written, countDataset, { discard: true })

/** A batch with rows was confirmed; it took so many seconds. */
export const observeBatch = (seconds: number) => Metric.update(batchSeconds, seconds)

/** An object of `full` is in the lake. */
export const countCopy = (dataset: string, size: number) =>
  Effect.andThen(add(objects, { dataset }, 1), add(bytes, { dataset }, size))

export const countRetry = (service: Service) => add(retries, { service }, 1)

/** Sets the gauges to what is known now. What is not known yet has no series. */
export const readGauges = Effect.gen(function* () {
  const vitals = yield* Vitals
  const now = yield* Clock.currentTimeMillis
  yield* Metric.update(standby, vitals.isStandby ? 1 : 0)
  yield* Metric.update(lagSeconds, vitals.lagSeconds(now))
  if (vitals.lagBytes !== undefined) yield* Metric.update(lagBytes, vitals.lagBytes)
  if (vitals.keptBytes !== undefined) yield* Metric.update(retainedBytes, vitals.keptBytes)
  yield* Metric.update(lastSuccess, vitals.lastSuccess / 1000)
})
