/**
 * The metrics of `/metrics` and OpenTelemetry: the samples of an event, and the gauges of a status. Names and labels are
 * stable, because dashboards and alerts use them. Effect's metric registry sums the samples.
 */
import { Effect, Metric } from "effect"
import { bytesIn, ops, type PipelineEvent, type PublishedDataset } from "./PipelineEvent.ts"
import { lagSeconds, lastSuccess, type PipelineStatus } from "./PipelineStatus.ts"

const counter = (name: string, description: string) =>
  Metric.counter(name, { description, incremental: true })
const gauge = (name: string, description: string) => Metric.gauge(name, { description })

const metrics = {
  afluente_changes_total: counter("afluente_changes_total", "Rows of inc that are in the lake, by _op."),
  afluente_objects_total: counter(
    "afluente_objects_total",
    "CSV objects that are in the lake, of full and inc.",
  ),
  afluente_bytes_total: counter("afluente_bytes_total", "Bytes of these objects."),
  afluente_retries_total: counter("afluente_retries_total", "Failures that were tried again."),
  afluente_batch_seconds: Metric.histogram("afluente_batch_seconds", {
    description: "Seconds from the check of the slot until the batch was confirmed; batches with rows only.",
    boundaries: [0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 1800],
  }),
  afluente_lag_bytes: gauge(
    "afluente_lag_bytes",
    "WAL that was not read yet when the slot was last checked.",
  ),
  afluente_lag_seconds: gauge(
    "afluente_lag_seconds",
    "Age of the oldest commit that is not in the lake; 0: none.",
  ),
  afluente_retained_wal_bytes: gauge(
    "afluente_retained_wal_bytes",
    "WAL that PostgreSQL retains for the slot.",
  ),
  afluente_last_success_timestamp_seconds: gauge(
    "afluente_last_success_timestamp_seconds",
    "When a check began no batch, or a batch or copy was done; before the first time, when it began.",
  ),
  afluente_standby: gauge("afluente_standby", "1 while another process writes and this one waits, else 0."),
}

/** The increment of a counter, the observation of a histogram, or the value of a gauge. */
export interface Sample {
  readonly metric: keyof typeof metrics
  readonly labels: Readonly<Record<string, string>>
  readonly value: number
}

/** The letter of `_op`. */
const letters = { Insert: "I", Update: "U", Delete: "D", Truncate: "T" } as const

const samplesOfDataset = (published: PublishedDataset): ReadonlyArray<Sample> => {
  const { dataset, objects, rows } = published
  return [
    ...ops.map(
      (op): Sample => ({
        metric: "afluente_changes_total",
        labels: { dataset, op: letters[op] },
        value: rows[op],
      }),
    ),
    { metric: "afluente_objects_total", labels: { dataset }, value: objects.length },
    { metric: "afluente_bytes_total", labels: { dataset }, value: bytesIn([published]) },
  ]
}

const nothing: ReadonlyArray<Sample> = []

/** The samples of an event, for counters and the histogram. Most events have none. */
export const samplesOf = (event: PipelineEvent): ReadonlyArray<Sample> => {
  switch (event._tag) {
    case "ObjectsPublished":
      return event.datasets.flatMap(samplesOfDataset)
    case "BatchWritten":
      return event.datasets.length === 0
        ? nothing
        : [{ metric: "afluente_batch_seconds", labels: {}, value: (event.at - event.startedAt) / 1000 }]
    case "TableCopied": {
      const labels = { dataset: event.dataset }
      return [
        { metric: "afluente_objects_total", labels, value: event.objects },
        { metric: "afluente_bytes_total", labels, value: event.bytes },
      ]
    }
    case "RetryBegan":
      return [{ metric: "afluente_retries_total", labels: { service: event.service }, value: 1 }]
    default:
      return nothing
  }
}

/** Zeros for every series of these datasets, so that the first change is an increase. */
export const firstSamples = (datasets: ReadonlyArray<string>): ReadonlyArray<Sample> => [
  ...datasets.flatMap((dataset) =>
    samplesOfDataset({ dataset, objects: [], rows: { Insert: 0, Update: 0, Delete: 0, Truncate: 0 } }),
  ),
  { metric: "afluente_retries_total", labels: { service: "source" }, value: 0 },
  { metric: "afluente_retries_total", labels: { service: "lake" }, value: 0 },
]

/** Returns the present values of the gauges. Unknown values have no series. */
export const gaugesOf = (status: PipelineStatus, now: number): ReadonlyArray<Sample> => {
  const gaugeSample = (metric: Sample["metric"], value: number | undefined): ReadonlyArray<Sample> =>
    value === undefined ? nothing : [{ metric, labels: {}, value }]
  return [
    ...gaugeSample("afluente_standby", status.isStandby ? 1 : 0),
    ...gaugeSample("afluente_lag_seconds", lagSeconds(status, now)),
    ...gaugeSample("afluente_lag_bytes", status.lagBytes),
    ...gaugeSample("afluente_retained_wal_bytes", status.retainedBytes),
    ...gaugeSample("afluente_last_success_timestamp_seconds", lastSuccess(status) / 1000),
  ]
}

const recordOne = ({ metric, labels, value }: Sample): Effect.Effect<void> => {
  const series: Metric.Metric<number, unknown> = metrics[metric]
  return Metric.update(Metric.withAttributes(series, labels), value)
}

/** Adds samples to Effect's metric registry, from which `/metrics` and OpenTelemetry read. */
export const record = (samples: ReadonlyArray<Sample>): Effect.Effect<void> =>
  samples.length === 0 ? Effect.void : Effect.forEach(samples, recordOne, { discard: true })
