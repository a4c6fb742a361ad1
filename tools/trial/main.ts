/**
 * The operator's trial: what a new operator would do, and every failure that the contract names, mended by what the program
 * says and nothing else. Writes the transcript, and ends with 1 where its words were not enough.
 */
import { randomBytes } from "node:crypto"
import { writeFile } from "node:fs/promises"
import { join } from "node:path"
import { Effect } from "effect"
import { testServer } from "../../test/support/postgres/postgres.ts"
import { printedMachine } from "../kit/Machine.ts"
import { runInterruptibly, tool } from "../kit/Tool.ts"
import { absences } from "./absences.ts"
import { tryOut, type Verdict } from "./Failure.ts"
import { lakeFailures } from "./failures/lakeFailures.ts"
import { ownerFailures } from "./failures/ownerFailures.ts"
import { runningFailures } from "./failures/runningFailures.ts"
import { serverFailures } from "./failures/serverFailures.ts"
import { settingFailures } from "./failures/settingFailures.ts"
import { slotFailures } from "./failures/slotFailures.ts"
import { sourceFailures } from "./failures/sourceFailures.ts"
import { limits } from "./limits.ts"
import { story } from "./story.ts"
import { openBucket } from "./world/Bucket.ts"
import { openOperator } from "./world/Operator.ts"
import { openSource, password } from "./world/Source.ts"
import { openTranscript } from "./world/Transcript.ts"

const trial = Effect.fn("trial")(function* (file: string) {
  const transcript = openTranscript((text) => console.log(`${text}\n`))
  const server = yield* testServer()
  const source = yield* openSource(server)
  const bucket = yield* openBucket
  const wrongSecret = randomBytes(9).toString("hex")
  const secrets = [password, wrongSecret, bucket.environment["MINIO_SECRET_KEY"] ?? "", server.password]
  transcript.disguise(String(server.port), "5432")
  transcript.disguise(new URL(bucket.environment["MINIO_ENDPOINT"] ?? "").port, "9000")
  transcript.disguise(`KEY=${bucket.environment["MINIO_ACCESS_KEY"]}`, "KEY=minioadmin")
  transcript.disguise(bucket.name, "raw")
  transcript.disguise(bucket.name.toUpperCase(), "RAW")
  for (const secret of secrets) transcript.disguise(secret, secret === wrongSecret ? "••wrong••" : "••••••")
  const operator = yield* openOperator(transcript, source, secrets)
  const [version] = yield* source.sql("SHOW server_version")

  transcript.heading("The operator's trial", 1)
  transcript.say(
    "What a new operator does, and then each failure that the program knows: what it says, what that told us to do, and the same command again. " +
      "Everything here was run by `npm run trial`, which writes this file and ends with 1 where the program's words were not enough.",
  )
  transcript.say(
    [
      `- ${new Date().toISOString().slice(0, 16).replace("T", " ")} UTC; ${printedMachine}`,
      `- PostgreSQL ${version?.["server_version"]} (embedded); lake: a folder, and ${bucket.server}`,
      "- Ports and the folder's path are other ones in truth; passwords and keys are shown as ••••••, and no output of the program held one. `…` stands where long output was cut. Below a command stands what it wrote to stdout, then to stderr, then its exit code.",
    ].join("\n"),
  )
  const verdicts: Array<Verdict> = []
  transcript.heading("When all goes well")
  const told = yield* story(operator)
  const chapters = [
    ["Settings", settingFailures(operator)],
    ["Server, role and tables", sourceFailures(operator, wrongSecret)],
    ["Slot and watermark", [...slotFailures(operator), ...ownerFailures(operator)]],
    ["Lake", lakeFailures(operator, bucket, wrongSecret)],
    ["Settings of the server", serverFailures(operator)],
    ["Beside a `cdc` that runs", runningFailures(operator)],
  ] as const
  for (const [title, failures] of chapters) {
    transcript.heading(title)
    for (const failure of failures) verdicts.push(yield* tryOut(operator, failure))
  }
  transcript.heading("Away, and back")
  verdicts.push(...(yield* absences(operator)))
  transcript.heading("As long as it waits, and no longer")
  verdicts.push(...(yield* limits(operator)))

  const mended = verdicts.filter(({ trouble }) => trouble === undefined)
  const isGood =
    mended.length === verdicts.length && told.trouble === undefined && operator.leaks.length === 0
  transcript.heading("In the end")
  for (const leak of operator.leaks) transcript.say(`**A secret was told: ${leak}**`)
  transcript.say(
    `${verdicts.length} failures provoked, ${mended.length} mended by the program's words alone${told.trouble === undefined ? "" : "; the story itself failed"}.`,
  )
  yield* Effect.promise(() => writeFile(file, transcript.text()))
  return isGood
}, Effect.scoped)

export const main = tool({
  usage: "npm run trial",
  flags: {},
  run: (_, { root }) => runInterruptibly(trial(join(root, "docs", "trial.md"))),
})
