/** Source and lake go away while `cdc` runs, and come back: nothing else is to be done. */
import { Effect, type Scope } from "effect"
import { type MemoryS3, openMemoryS3 } from "../../test/support/s3/memoryS3.ts"
import { s3Error } from "../../test/support/s3/scriptedS3.ts"
import { judged, type Verdict } from "./Failure.ts"
import type { Operator } from "./world/Operator.ts"

/** A `cdc` that follows. */
export const following = Effect.fn("following")(function* (operator: Operator) {
  const writer = yield* operator.start("cdc")
  yield* operator.sell
  yield* writer.says("cdc: batch written")
  operator.transcript.say("`cdc` follows, in the background.")
  return writer
})

interface Absence {
  readonly title: string
  readonly wrong: string
  readonly begin: Effect.Effect<unknown, never, Scope.Scope>
  readonly leave: Effect.Effect<unknown>
  readonly comeBack: Effect.Effect<unknown>
  readonly words: RegExp
}

/** Nothing is to be done but to bring it back: `cdc` says once that it waits, and once that it works again. */
const healed = (operator: Operator, absence: Absence) =>
  judged(
    operator,
    absence.title,
    Effect.gen(function* () {
      const { transcript } = operator
      transcript.say(absence.wrong)
      yield* absence.begin
      const writer = yield* following(operator)
      yield* absence.leave
      yield* writer.says("WARN")
      yield* absence.comeBack
      yield* operator.sell
      yield* writer.says("Working again")
      const { code, stderr } = yield* operator.stop(writer, ["cdc"])
      if (code !== 0) return `ended with ${code}`
      if (!absence.words.test(stderr)) return `does not say ${absence.words}`
      return (yield* operator.run("verify")).code === 0 ? undefined : "lake and table differ"
    }),
  )

/** The tests' S3 server, which can be made to fail. */
export const openStore = Effect.fn("openStore")(function* (operator: Operator) {
  const s3 = yield* openMemoryS3()
  operator.transcript.disguise(new URL(s3.options.endpoint).port, "9000")
  return s3
})

/** A lake there, with the slot and a first copy. */
export const inMemory = (operator: Operator, s3: MemoryS3, lake: string) =>
  operator
    .anew()
    .pipe(
      Effect.andThen(operator.setQuietly({ ...s3.environment, LAKE_URL: `s3://lake/${lake}` })),
      Effect.andThen(operator.run("init")),
      Effect.andThen(operator.run("full")),
    )

const known = Effect.fn("known")(function* (operator: Operator) {
  const { server } = operator.source()
  const s3 = yield* openStore(operator)
  return [
    {
      title: "PostgreSQL goes away, and comes back",
      wrong: "It crashes and is started again.",
      begin: operator.anew({ lake: true }),
      leave: server.stop("immediate"),
      comeBack: Effect.orDie(server.restart),
      words: /Check DATABASE_URL or PGHOST and PGPORT|It is tried again/,
    },
    {
      title: "The store goes away, and comes back",
      wrong: "It resets every connection for a while (the tests' S3 server).",
      begin: inMemory(operator, s3, "first"),
      leave: Effect.andThen(
        s3.suffer(() => "reset"),
        operator.sell,
      ),
      comeBack: s3.heal,
      words: /The lake did not answer\. Check LAKE_URL, MINIO_ENDPOINT and the network/,
    },
    {
      title: "The store's disk is full",
      wrong:
        "It takes no object until somebody has made room (the tests' S3 server, in MinIO's words; a full disk of one's own wants rights that a trial should not need).",
      begin: inMemory(operator, s3, "second"),
      leave: Effect.andThen(
        s3.suffer(({ method }, perform) =>
          method === "PUT" || method === "POST"
            ? s3Error(
                507,
                "XMinioStorageFull",
                "Storage backend has reached its minimum free drive threshold.",
              )
            : perform(),
        ),
        operator.sell,
      ),
      comeBack: s3.heal,
      words: /No space is left\. Free some/,
    },
  ] satisfies ReadonlyArray<Absence>
})

export const absences = Effect.fn("absences")(function* (operator: Operator) {
  const verdicts: Array<Verdict> = []
  for (const absence of yield* known(operator)) verdicts.push(yield* healed(operator, absence))
  return verdicts
})
