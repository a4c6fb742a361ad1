/** The log lines of events: one per batch, table and change of state. */
import { Duration, Effect } from "effect"
import * as Lsn from "../core/Lsn.ts"
import { printChanges } from "../core/lake/ColumnChanges.ts"
import { commitMillis } from "../core/row/CommitTime.ts"
import { bytesIn, type PipelineEvent, rowsIn } from "./PipelineEvent.ts"

export interface LogLine {
  readonly level: "Debug" | "Info" | "Warn"
  readonly message: string
  readonly facts: Readonly<Record<string, string | number>>
}

type BatchWritten = Extract<PipelineEvent, { readonly _tag: "BatchWritten" }>

/** `lagSeconds`: the age of the batch's oldest commit when the whole batch was in the lake. */
const batchLine = ({ at, startedAt, position, datasets, firstCommittedAt }: BatchWritten): LogLine => {
  const printed = Lsn.print(position)
  if (datasets.length === 0) {
    return { level: "Debug", message: "cdc: nothing of ours in the WAL", facts: { position: printed } }
  }
  const oldest = commitMillis(firstCommittedAt ?? "") ?? startedAt
  return {
    level: "Info",
    message: "cdc: batch written",
    facts: {
      rows: datasets.map((one) => `${one.dataset}:${rowsIn([one])}`).join(","),
      objects: datasets.reduce((sum, { objects }) => sum + objects.length, 0),
      bytes: bytesIn(datasets),
      position: printed,
      lagSeconds: Math.max(0, (at - oldest) / 1000),
      millis: at - startedAt,
    },
  }
}

/** Returns the line of an event; undefined if it has none. Of failures in a row only the first and the recovery are logged. */
export const logLine = (event: PipelineEvent): LogLine | undefined => {
  switch (event._tag) {
    case "BatchWritten":
      return batchLine(event)
    case "TableCopied": {
      const { dataset, rows, bytes, objects, object } = event
      const facts = { dataset, rows, ...(objects > 1 && { objects }), bytes, object }
      return { level: "Info", message: "full: table written", facts }
    }
    case "ColumnsChanged": {
      const { dataset, table, changes } = event
      return {
        level: "Info",
        message: `cdc: columns of ${table} changed: ${printChanges(changes)}`,
        facts: { dataset },
      }
    }
    case "RetryBegan": {
      if (event.failures > 1) return undefined
      const tryingAgainFor =
        event.limit === undefined ? "ever" : Duration.format(Duration.millis(event.limit))
      return { level: "Warn", message: event.message, facts: { tryingAgainFor } }
    }
    case "Recovered": {
      const after = Duration.format(Duration.millis(event.at - event.since))
      return { level: "Info", message: "Working again", facts: { after } }
    }
    default:
      return undefined
  }
}

/** Logs an event that has a line. */
export const printLogLine = (event: PipelineEvent): Effect.Effect<void> => {
  const line = logLine(event)
  return line === undefined
    ? Effect.void
    : Effect.annotateLogs(Effect.logWithLevel(line.level)(line.message), line.facts)
}
