/** The report of `status`, as text, as one line and as JSON. Its keys and their meaning are stable: docs/monitoring.md. */

import { Option } from "effect"
import * as Lsn from "../core/Lsn.ts"
import type { DatasetCompleteness } from "../core/lake/DatasetState.ts"
import type { Watermark } from "../core/lake/Watermark.ts"
import { printTable } from "../core/source/SourceTable.ts"
import { stallAdvice } from "../core/source/StalledWriter.ts"
import { printBytes } from "../core/text/ByteAmount.ts"
import { counted } from "../core/text/CountedNoun.ts"
import { escapeUnprintable, printable } from "../core/text/PrintableText.ts"
import type { Refusal } from "../services/Refusal.ts"
import type { SourceError } from "../services/source/SourceError.ts"
import type { SessionFacts, SlotFacts } from "../services/source/SourceInspection.ts"
import type { CopySize, DatasetStatus } from "./DatasetStatus.ts"
import type { Lag } from "./Lag.ts"
import { listedDatasets } from "./ListedDatasets.ts"

export interface StatusReport {
  /** Milliseconds since 1970. */
  readonly at: number
  readonly slotName: string
  readonly slot: Option.Option<SlotFacts>
  readonly flushed: Lsn.Lsn
  readonly watermark: Option.Option<Watermark>
  readonly writer: Option.Option<SessionFacts>
  /** Seconds since the writer's last statement, if it is stalled by the rule of `StalledWriter.ts`. */
  readonly stalledSeconds: Option.Option<number>
  /** The sessions that hold the liveness lock: one per running `cdc`. */
  readonly processes: ReadonlyArray<SessionFacts>
  readonly lag: Lag
  readonly datasets: ReadonlyArray<DatasetStatus>
  /** What would keep a `cdc` from starting, or could not be read. */
  readonly problems: ReadonlyArray<Refusal | SourceError>
}

const orNull = <A>(value: Option.Option<A>): A | null => Option.getOrNull(value)
const iso = (millis: number): string => new Date(millis).toISOString()

/** WAL that the server retains for the slot, in bytes. */
const retained = ({ slot, flushed }: StatusReport): Option.Option<number> =>
  Option.flatMap(slot, ({ restart }) => Option.map(restart, (from) => Math.max(0, Number(flushed - from))))

/** All running `cdc` but one: the writer, or the one that will become it. */
const standbys = ({ processes }: StatusReport): number => Math.max(0, processes.length - 1)

/** The keys of docs/monitoring.md. Null: unknown, or it does not exist. */
const plain = (report: StatusReport) => ({
  slot: report.slotName,
  wal_status: orNull(Option.map(report.slot, ({ walStatus }) => walStatus)),
  safe_wal_size: orNull(Option.flatMap(report.slot, ({ safeBytes }) => safeBytes)),
  confirmed_flush_lsn: orNull(Option.map(report.slot, ({ confirmed }) => Lsn.print(confirmed))),
  watermark: orNull(Option.map(report.watermark, ({ position }) => Lsn.print(position))),
  epoch: orNull(Option.flatMap(report.watermark, ({ epoch }) => epoch)),
  lag_bytes: orNull(report.lag.bytes),
  lag_seconds: orNull(Option.map(report.lag.seconds, (seconds) => Math.round(seconds * 1000) / 1000)),
  retained_wal_bytes: orNull(retained(report)),
  writer:
    Option.isSome(report.writer) || report.processes.length > 0 ? ("active" as const) : ("none" as const),
  writer_stalled: Option.isSome(report.stalledSeconds),
  standbys: standbys(report),
  datasets: report.datasets.map(({ dataset, table, newest, completeness, advice }) => ({
    dataset,
    table: printTable(table),
    object: orNull(Option.map(newest, ({ key }) => key)),
    written_at: orNull(Option.map(newest, ({ writtenAt }) => iso(writtenAt))),
    state: orNull(Option.map(completeness, ({ state }) => state)),
    from: orNull(
      Option.map(
        Option.flatMap(completeness, ({ from }) => from),
        Lsn.print,
      ),
    ),
    reason: orNull(Option.flatMap(completeness, ({ reason }) => reason)),
    advice: orNull(advice),
  })),
})

/** Prints one document on one line, so that each line of `--watch` is a document. */
export const jsonReport = (report: StatusReport): string => escapeUnprintable(JSON.stringify(plain(report)))

/** Prints `2026-11-23T21:40:40.000Z slot=data_sync_slot wal_status=reserved …`, without the datasets. */
export const lineReport = (report: StatusReport): string => {
  const { datasets: _, ...figures } = plain(report)
  return [
    iso(report.at),
    ...Object.entries(figures).map(([name, value]) => `${name}=${printable(String(value ?? "unknown"))}`),
  ].join(" ")
}

/** Prints tenths of seconds under a minute, else the two largest units. */
const printSeconds = (seconds: number): string => {
  if (seconds < 60) return `${seconds.toFixed(1)} s`
  const minutes = Math.floor(seconds / 60)
  if (minutes < 60) return `${minutes} min ${Math.floor(seconds % 60)} s`
  const hours = Math.floor(minutes / 60)
  return hours < 48 ? `${hours} h ${minutes % 60} min` : `${Math.floor(hours / 24)} d ${hours % 24} h`
}

const ago = (report: StatusReport, millis: number): string =>
  `${printSeconds(Math.max(0, report.at - millis) / 1000)} ago`

const slotText = (report: StatusReport): string =>
  Option.match(report.slot, {
    onNone: () =>
      Option.isSome(report.watermark)
        ? `${report.slotName} does not exist, and this lake was written from it`
        : `${report.slotName} does not exist: create it with \`node dist/main.js init\``,
    onSome: (slot) =>
      [
        `${report.slotName}: ${slot.walStatus}`,
        `confirmed to ${Lsn.print(slot.confirmed)}`,
        ...Option.toArray(Option.map(retained(report), (bytes) => `${printBytes(bytes)} of WAL retained`)),
        ...Option.toArray(
          Option.map(slot.safeBytes, (bytes) => `${printBytes(bytes)} more until it is lost`),
        ),
      ].join(", "),
  })

const sessionText = ({ pid, application }: SessionFacts): string =>
  `process ${pid} of the server (${application})`

/** While a `cdc` waits for its lake nobody holds the writer's lock, so that a standby can try. */
const writerText = (report: StatusReport): string => {
  const [first] = report.processes
  const more = standbys(report)
  const writer = Option.match(report.writer, {
    onSome: (session) =>
      Option.match(report.stalledSeconds, {
        onNone: () => `active, ${sessionText(session)}`,
        onSome: (seconds) =>
          `no statement for ${printSeconds(seconds)}, ${sessionText(session)}. ${stallAdvice(session.pid)}`,
      }),
    onNone: () =>
      first === undefined
        ? "none: no cdc follows the slot now"
        : `starting, or waiting to try source or lake again, ${sessionText(first)}`,
  })
  return more === 0 ? writer : `${writer}; ${counted(more, "standby")}`
}

const watermarkText = (report: StatusReport): string =>
  Option.match(report.watermark, {
    onNone: () =>
      report.problems.some(({ reason }) => reason === "BrokenWatermark")
        ? "cannot be read"
        : "none: no cdc has written yet",
    onSome: ({ position, writtenAt }) =>
      [
        Lsn.print(position),
        ...Option.toArray(Option.filter(Option.map(writtenAt, Date.parse), Number.isFinite)).map(
          (at) => `written ${ago(report, at)}`,
        ),
      ].join(", "),
  })

const lagText = ({ lag }: StatusReport): string =>
  `${Option.match(lag.bytes, { onNone: () => "unknown", onSome: printBytes })}, ${Option.match(lag.seconds, {
    onNone: () => "time unknown",
    onSome: (seconds) => (seconds === 0 ? "nothing is pending" : `at most ${printSeconds(seconds)}`),
  })}`

/** Empty for a dataset that is followed and complete. */
const completenessText = ({ state, from, reason }: DatasetCompleteness): ReadonlyArray<string> => {
  if (state === "followed") return []
  const why = [
    ...Option.toArray(reason),
    ...Option.toArray(Option.map(from, (lsn) => `${state === "left" ? "up to" : "from"} ${Lsn.print(lsn)}`)),
  ].join(" ")
  return [why === "" ? state : `${state} (${why})`]
}

const datasetText = (report: StatusReport, one: DatasetStatus): string =>
  [
    objectText(report, one),
    ...Option.match(one.completeness, { onNone: () => [], onSome: completenessText }),
  ].join(", ")

/** The key is that of the newest object, and the size that of all of them. */
const copyText = ({ objects, rows, bytes }: CopySize): ReadonlyArray<string> => [
  ...(objects === 1 ? [] : [`the last of ${objects} objects`]),
  counted(rows, "row"),
  printBytes(bytes),
]

const objectText = (report: StatusReport, { newest, copy, table }: DatasetStatus): string =>
  Option.match(newest, {
    onNone: () => `nothing yet of ${printTable(table)}`,
    onSome: ({ key, bytes, writtenAt }) =>
      [
        key,
        ...Option.match(copy, { onNone: () => [printBytes(bytes)], onSome: copyText }),
        ago(report, writtenAt),
      ].join(", "),
  })

/** Of many datasets some: `ListedDatasets.ts`. */
export const textReport = (report: StatusReport): string => {
  const { datasets, others } = listedDatasets(report.datasets)
  const lines: ReadonlyArray<readonly [string, string]> = [
    ["slot", slotText(report)],
    ["writer", writerText(report)],
    ["watermark", watermarkText(report)],
    ["lag", lagText(report)],
    ...datasets.flatMap((one) => [
      [one.dataset, datasetText(report, one)] as const,
      ...Option.toArray(Option.map(one.advice, (advice) => ["", advice] as const)),
    ]),
    ...(others === undefined ? [] : [["", others] as const]),
  ]
  const width = Math.max(...lines.map(([name]) => name.length))
  return lines.map(([name, text]) => `${name.padEnd(width)}  ${printable(text)}`).join("\n")
}
