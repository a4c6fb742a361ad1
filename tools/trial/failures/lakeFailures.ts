/** What is wrong with the bucket or the folder. */
import { readFile, rename, writeFile } from "node:fs/promises"
import { join } from "node:path"
import { Effect } from "effect"
import { filesBelow } from "../../../test/support/lake/lakeFolder.ts"
import type { Failure } from "../Failure.ts"
import type { Bucket } from "../world/Bucket.ts"
import type { Operator } from "../world/Operator.ts"

const inBucket = (
  operator: Operator,
  { environment }: Bucket,
  other: Readonly<Record<string, string>> = {},
) => operator.anew({ slot: true }).pipe(Effect.andThen(operator.set({ ...environment, ...other })))

export const lakeFailures = (
  operator: Operator,
  bucket: Bucket,
  wrongSecret: string,
): ReadonlyArray<Failure> => [
  {
    title: "The bucket is called RAW",
    wrong: "As in the drawings of the lake.",
    provoke: inBucket(operator, bucket, { LAKE_URL: `s3://${bucket.name.toUpperCase()}` }),
    command: "init",
    code: 2,
    words: /S3 forbids capitals.*use "(.+?)"/,
    mend: (name = "") => operator.set({ LAKE_URL: `s3://${name}` }),
  },
  {
    title: "The keys to the bucket are missing",
    wrong: "An S3 lake, and no `MINIO_…` at all.",
    provoke: Effect.andThen(
      operator.anew(),
      operator.set({ LAKE_URL: bucket.environment["LAKE_URL"] ?? "" }),
    ),
    command: "init",
    code: 2,
    words: /MINIO_ACCESS_KEY, MINIO_SECRET_KEY: both are needed/,
    mend: () => operator.set(bucket.environment),
  },
  {
    title: "The keys to the bucket are wrong",
    wrong: "Of another environment.",
    provoke: inBucket(operator, bucket, bucket.wrongKeys(wrongSecret)),
    command: "init",
    code: 2,
    words: /Check MINIO_ACCESS_KEY, MINIO_SECRET_KEY/,
    mend: () => operator.set(bucket.environment),
  },
  {
    title: "The bucket does not exist",
    wrong: "Its name has a letter too many.",
    provoke: inBucket(operator, bucket, { LAKE_URL: `s3://${bucket.name}s` }),
    command: "full",
    code: 2,
    words: /Create it with `node dist\/main\.js init`, or correct LAKE_URL/,
    mend: () => operator.set({ LAKE_URL: `s3://${bucket.name}` }),
  },
  {
    title: "The folder cannot be written",
    wrong: "Its path leads through a file.",
    provoke: operator
      .anew()
      .pipe(
        Effect.andThen(Effect.promise(() => writeFile(join(operator.folder, "notes.txt"), "not a folder\n"))),
        Effect.andThen(operator.set({ LAKE_URL: "file:./notes.txt/lake" })),
      ),
    command: "init",
    code: 2,
    words: /a file where a folder must be\. .*choose another (LAKE_URL)/,
    mend: (name = "") => operator.set({ [name]: "file:./lake" }),
  },
  {
    title: "A row of the lake was taken out",
    wrong: "Somebody edited an object.",
    provoke: Effect.flatMap(changed(operator), ({ path, key }) => {
      operator.transcript.show(`$ sed -i '$d' lake/${key}`)
      return Effect.promise(async () => {
        const text = await readFile(path, "utf8")
        await writeFile(path, text.split("\n").toSpliced(-2, 1).join("\n"))
      })
    }),
    command: "verify",
    code: 4,
    words: /or run `(full)` again/,
    mend: (full = "") => operator.run(full),
  },
  {
    title: "An object of the lake is gone",
    wrong: "Somebody tidied up; there is a copy.",
    provoke: Effect.flatMap(changed(operator), ({ path, key }) => {
      operator.transcript.show(`$ mv lake/${key} /backup/`)
      return Effect.promise(() => rename(path, aside(operator)))
    }),
    command: "verify",
    code: 4,
    words: / lost +(\S+) +the watermark names it.*Restore damaged objects from a copy/s,
    mend: (key = "") => {
      operator.transcript.show(`$ mv /backup/* lake/${key}`)
      return Effect.promise(() => rename(aside(operator), join(operator.folder, "lake", key)))
    },
  },
]

const aside = (operator: Operator) => join(operator.folder, "aside.csv")

/** A lake with one change in it, and the object that holds that. */
function changed(operator: Operator) {
  return Effect.gen(function* () {
    yield* operator.anew({ lake: true })
    yield* operator.sell
    yield* operator.run("cdc", "--once")
    const lake = join(operator.folder, "lake")
    const key = (yield* filesBelow(lake)).filter((name) => /^inc.*\.csv$/.test(name)).at(-1) ?? ""
    return { key, path: join(lake, key) }
  })
}
