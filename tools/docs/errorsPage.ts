/** docs/errors.md, made from the tables that decide about errors. */

import { folderRemedies } from "../../layers/folder/FolderErrors.ts"
import { fileRules } from "../../layers/node/FileFailures.ts"
import { temporaryFileRemedies } from "../../layers/node/TemporaryFileErrors.ts"
import { failureRules } from "../../layers/postgres/errors/PostgresFailureRules.ts"
import { s3Rules, s3Words } from "../../layers/s3/S3FailureRules.ts"
import { s3Remedies } from "../../layers/s3/S3Remedies.ts"
import { StoreReason, storeReasons } from "../../src/services/lake/StoreError.ts"
import { type Consequence, SourceReason, sourceReasons } from "../../src/services/source/SourceError.ts"
import { code, plain, wrapped } from "./markdown.ts"

const consequence = ({ isRetryable, exitCode }: Consequence): string =>
  isRetryable ? `Tried again; exit ${exitCode} when that has lasted too long.` : `Exit ${exitCode} at once.`

interface Cause {
  readonly codes: ReadonlyArray<string>
  readonly example?: string
}

const causeText = ({ codes, example }: Cause): string =>
  wrapped(
    `- ${codes.length === 0 ? "no code" : codes.map(code).join(", ")}${example === undefined ? "" : `: ${plain(example)}`}`,
    "  ",
  )

const section = (
  reason: string,
  what: Consequence,
  advice: ReadonlyArray<string>,
  causes: ReadonlyArray<Cause>,
) =>
  [
    `### ${reason}`,
    `${consequence(what)}`,
    ...advice.map((one) => wrapped(plain(one))),
    ...(causes.length === 0 ? [] : [causes.map(causeText).join("\n")]),
  ].join("\n\n")

const sourceSection = (reason: SourceReason): string =>
  section(
    reason,
    sourceReasons[reason],
    [sourceReasons[reason].advice],
    failureRules.filter((rule) => rule.reason === reason).map(({ codes, example }) => ({ codes, example })),
  )

const storeSection = (reason: StoreReason): string => {
  const codesOf = (rules: typeof s3Rules): ReadonlyArray<Cause> =>
    rules.flatMap(([one, codes]) => (one === reason ? [{ codes }] : []))
  const isOfFiles = reason === "Broken" || codesOf(fileRules).length > 0
  const adviceOf = (remedies: typeof s3Remedies): string => remedies[reason] ?? storeReasons[reason].advice
  const [inBucket, inFolder, inTemporary] = [
    adviceOf(s3Remedies),
    adviceOf(folderRemedies),
    adviceOf(temporaryFileRemedies),
  ]
  const advice = [
    inBucket,
    ...(isOfFiles && inFolder !== inBucket ? [`In a folder: ${inFolder}`] : []),
    ...(isOfFiles && inTemporary !== inBucket && inTemporary !== inFolder
      ? [`For temporary files: ${inTemporary}`]
      : []),
  ]
  const words = s3Words.flatMap((row) =>
    row.reason === reason ? [{ codes: [row.code], example: row.example }] : [],
  )
  return section(reason, storeReasons[reason], advice, [...codesOf(s3Rules), ...words, ...codesOf(fileRules)])
}

export const errorsPage = (): string =>
  [
    "# Errors",
    wrapped(
      "What the program makes of each failure of the source and of the lake: whether it tries again, with which exit code it ends, and what to do. `npm run docs` makes this page from the tables in `layers/postgres/errors/PostgresFailureRules.ts`, `layers/s3/S3FailureRules.ts` and `layers/node/FileFailures.ts`, by which the program decides.",
    ),
    wrapped(
      "How long a failure is tried again: [reliability.md](reliability.md). What refuses to go on with exit 3, because rows would be lost or doubled, is [there too](reliability.md#refusals-and-how-to-recover). Two characters stand for a whole class of SQLSTATEs, `…*` for all codes that begin so. Where one code stands in several places, the words beside it decide.",
    ),
    "## Source",
    ...SourceReason.literals.map(sourceSection),
    "## Lake and temporary files",
    wrapped("A code that stands nowhere here is not understood: `Broken`."),
    ...StoreReason.literals.map(storeSection),
    "",
  ]
    .join("\n\n")
    .replace(/\n+$/, "\n")
