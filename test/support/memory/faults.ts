/**
 * Services that fail by a script: each step has its own list of what its next calls suffer, in order. An empty list is
 * transparent. "Refused" and "done, but the answer was lost" are told apart, because the second is what doubles data.
 */
import { Effect, Option, Stream } from "effect"
import type { MemoryServer } from "../../../layers/memory/postgres/MemoryPostgres.ts"
import type { SentLines } from "../../../layers/memory/postgres/MemorySessions.ts"
import { ObjectStore, type ObjectWriter } from "../../../src/services/lake/ObjectStore.ts"
import { StoreError } from "../../../src/services/lake/StoreError.ts"
import { WatermarkStore } from "../../../src/services/lake/WatermarkStore.ts"
import { type ChangeSession, ChangeSource } from "../../../src/services/source/ChangeSource.ts"
import { SourceError } from "../../../src/services/source/SourceError.ts"

/** The durable steps, in their order. */
export const durableSteps = ["commit", "watermark write", "advance"] as const
export const steps = [
  ...durableSteps,
  "attach",
  "readState",
  "peek",
  "create",
  "write",
  "list",
  "read last row",
  "watermark read",
] as const
export type Step = (typeof steps)[number]

export const faults = [
  "refused",
  "unanswered",
  "hanging before",
  "hanging after",
  "killed before",
  "killed after",
  "session lost before",
  "session lost after",
  "server crash before",
  "server crash after",
] as const
export type Fault = (typeof faults)[number]

export interface World {
  readonly server: MemoryServer
  /** A transaction that commits at that very instant. */
  readonly meanwhile: Effect.Effect<void>
}

export class FaultScript {
  readonly #next = new Map<Step, Array<Fault | "pass" | "meanwhile">>()
  /** What has been suffered: `commit: refused`. */
  readonly hits = new Set<string>()
  /** A call hangs: only a signal will end the program. */
  hanging = false

  add(step: Step, ...what: ReadonlyArray<Fault | "pass" | "meanwhile">): void {
    this.#next.set(step, [...(this.#next.get(step) ?? []), ...what])
  }

  clear(): void {
    this.#next.clear()
    this.hanging = false
  }

  /** What happens before and after the next call of the step. */
  play<E>(
    { server, meanwhile }: World,
    step: Step,
    failure: E,
  ): { before: Effect.Effect<void, E>; after: Effect.Effect<void, E> } {
    const what = this.#next.get(step)?.shift() ?? "pass"
    const hang = Effect.andThen(
      Effect.sync(() => {
        this.hanging = true
      }),
      Effect.never,
    )
    const lose = Effect.sync(() => server.sessions.killAll())
    const crash = Effect.sync(() => server.crash())
    const plain = { before: Effect.void, after: Effect.void }
    if (what !== "pass" && what !== "meanwhile") this.hits.add(`${step}: ${what}`)
    switch (what) {
      case "pass":
        return plain
      case "meanwhile":
        return { ...plain, before: meanwhile }
      case "refused":
        return { ...plain, before: Effect.fail(failure) }
      case "unanswered":
        return { ...plain, after: Effect.fail(failure) }
      case "hanging before":
        return { ...plain, before: hang }
      case "hanging after":
        return { ...plain, after: hang }
      case "killed before":
        return { ...plain, before: Effect.interrupt }
      case "killed after":
        return { ...plain, after: Effect.interrupt }
      case "session lost before":
        return { ...plain, before: lose }
      case "session lost after":
        return { ...plain, after: lose }
      case "server crash before":
        return { ...plain, before: crash }
      case "server crash after":
        return { ...plain, after: crash }
    }
  }
}

const storeFailure = new StoreError({ reason: "Unreachable", subject: "lake", detail: "connection reset" })
const sourceFailure = new SourceError({
  reason: "Unreachable",
  subject: "server",
  detail: "connection reset",
})

/** The program's services, with the script's faults. */
export const withFaults = (script: FaultScript, world: World) => {
  const call = <A, E, R, F>(step: Step, failure: F, real: Effect.Effect<A, E, R>) =>
    Effect.suspend(() => {
      const { before, after } = script.play(world, step, failure)
      return before.pipe(Effect.andThen(real), Effect.tap(after))
    })
  /** What comes after happens when the first piece has been told, so that the rest is cut off. */
  const told = <A, E, F>(step: Step, failure: F, real: Stream.Stream<A, E>) =>
    Stream.suspend(() => {
      const { before, after } = script.play(world, step, failure)
      return Stream.unwrap(Effect.as(before, real)).pipe(
        Stream.mapEffect((piece, i) => (i === 0 ? Effect.as(after, piece) : Effect.succeed(piece))),
      )
    })

  const lake = Effect.map(ObjectStore, (real) =>
    ObjectStore.of({
      ...real,
      create: (key, how) =>
        Effect.map(
          call("create", storeFailure, real.create(key, how)),
          (writer): ObjectWriter => ({
            write: (bytes) => call("write", storeFailure, writer.write(bytes)),
            commit: call("commit", storeFailure, writer.commit),
          }),
        ),
      readRange: (key, offset, length) =>
        call("read last row", storeFailure, real.readRange(key, offset, length)),
      list: (prefix, after) => told("list", storeFailure, real.list(prefix, after)),
    }),
  )
  const watermark = Effect.map(WatermarkStore, (real) =>
    WatermarkStore.of({
      read: call("watermark read", storeFailure, real.read),
      readVersion: call("watermark read", storeFailure, real.readVersion),
      replace: (next, version) => call("watermark write", storeFailure, real.replace(next, version)),
      overwrite: (next) => call("watermark write", storeFailure, real.overwrite(next)),
    }),
  )
  const changes = Effect.map(ChangeSource, (real) =>
    ChangeSource.of({
      ...real,
      attach: Effect.map(
        call("attach", sourceFailure, real.attach),
        Option.map(
          (session): ChangeSession => ({
            ...session,
            readState: call("readState", sourceFailure, session.readState),
            confirm: (lsn) => call("advance", sourceFailure, session.confirm(lsn)),
          }),
        ),
      ),
    }),
  )
  const network = (sent: SentLines) => told("peek", sourceFailure, sent)
  const onNetwork = <A, E, R>(program: Effect.Effect<A, E, R>) =>
    Effect.acquireUseRelease(
      Effect.sync(() => {
        const before = world.server.sessions.network
        world.server.sessions.network = network
        return before
      }),
      () => program,
      (before) =>
        Effect.sync(() => {
          world.server.sessions.network = before
        }),
    )
  return <A, E, R>(program: Effect.Effect<A, E, R>) =>
    onNetwork(program).pipe(
      Effect.provideServiceEffect(ObjectStore, lake),
      Effect.provideServiceEffect(WatermarkStore, watermark),
      Effect.provideServiceEffect(ChangeSource, changes),
    )
}
